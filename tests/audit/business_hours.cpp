#include "support/catch.hpp"

#include <tallyfs/audit/rules.hpp>

using namespace tallyfs;
using namespace tallyfs::audit;

namespace {

business_hours read(const char* text) {
    auto parsed = business_hours::parse(text);
    INFO(parsed.problem);
    REQUIRE(parsed.problem.empty());
    return parsed.hours;
}

wall_time at(const char* text) {
    return *parse_rfc3339(text);
}

}  // namespace

TEST_CASE("business hours are those of their zone, with their days") {
    const auto hours = read("Mon-Fri 08:00-18:00, Sat 09:00-12:00 Europe/Berlin");
    CHECK(hours.text() == "Mon-Fri 08:00-18:00, Sat 09:00-12:00 Europe/Berlin");
    CHECK(read(hours.text().c_str()).text() == hours.text());
    CHECK_FALSE(hours.contains(at("2026-11-20T06:59:59.999999Z")));
    CHECK(hours.contains(at("2026-11-20T07:00:00Z")));
    CHECK(hours.contains(at("2026-11-20T16:59:59.999999Z")));
    CHECK_FALSE(hours.contains(at("2026-11-20T17:00:00Z")));
    CHECK(hours.contains(at("2026-11-21T08:00:00Z")));
    CHECK_FALSE(hours.contains(at("2026-11-21T11:00:00Z")));
    CHECK_FALSE(hours.contains(at("2026-11-22T10:00:00Z")));
}

TEST_CASE("daylight saving moves business hours on the right day, both ways") {
    const auto hours = read("Mon-Sun 08:00-18:00 Europe/Berlin");
    // The Saturday before the change in spring, and the Sunday of it.
    CHECK_FALSE(hours.contains(at("2026-03-28T06:30:00Z")));
    CHECK(hours.contains(at("2026-03-29T06:30:00Z")));
    CHECK(hours.contains(at("2026-03-28T16:30:00Z")));
    CHECK_FALSE(hours.contains(at("2026-03-29T16:30:00Z")));
    // And in autumn.
    CHECK(hours.contains(at("2026-10-24T06:30:00Z")));
    CHECK_FALSE(hours.contains(at("2026-10-25T06:30:00Z")));
    // The hour that is there twice, and the one that is not there at all.
    const auto night = read("Sun 02:00-03:00 Europe/Berlin");
    CHECK(night.contains(at("2026-10-25T00:30:00Z")));
    CHECK(night.contains(at("2026-10-25T01:30:00Z")));
    CHECK_FALSE(night.contains(at("2026-10-25T02:00:00Z")));
    for (auto time = at("2026-03-28T23:00:00Z"); time < at("2026-03-29T22:00:00Z");
         time += std::chrono::minutes(15)) {
        CHECK_FALSE(night.contains(time));
    }
}

TEST_CASE("a span over midnight belongs to the day on which it begins") {
    const auto hours = read("Fri 22:00-06:00 UTC");
    CHECK_FALSE(hours.contains(at("2026-11-20T05:59:00Z")));
    CHECK_FALSE(hours.contains(at("2026-11-20T21:59:00Z")));
    CHECK(hours.contains(at("2026-11-20T22:00:00Z")));
    CHECK(hours.contains(at("2026-11-21T05:59:59Z")));
    CHECK_FALSE(hours.contains(at("2026-11-21T06:00:00Z")));
    CHECK_FALSE(hours.contains(at("2026-11-21T23:00:00Z")));
    CHECK(read("Sun 22:00-06:00 UTC").contains(at("2026-11-23T05:00:00Z")));
    CHECK(read("Sat-Mon 00:00-24:00 UTC").contains(at("2026-11-22T23:59:59Z")));
    CHECK_FALSE(read("Sat-Mon 00:00-24:00 UTC").contains(at("2026-11-20T12:00:00Z")));
}

TEST_CASE("always is always, and what nobody wrote too") {
    CHECK(read("always").contains(at("2026-11-22T03:00:00Z")));
    CHECK(read(" Always ").text() == "always");
    CHECK(business_hours().contains(at("2026-11-22T03:00:00Z")));
}

TEST_CASE("a mistake in business hours is told with what to write") {
    const auto problem = [](const std::string& text) {
        return business_hours::parse(text).problem;
    };
    CHECK(problem("Mon-Fri 08:00-18:00 Europe/Berln").find("did you mean Europe/Berlin?") !=
          std::string::npos);
    CHECK(problem("Mon-Fri 08:00-18:00").find("zone is missing") != std::string::npos);
    CHECK(problem("Europe/Berlin").find("Mon-Fri 08:00-18:00") != std::string::npos);
    CHECK(problem("08:00-18:00 Europe/Berlin").find("days") != std::string::npos);
    for (const auto* text :
         {"", " ", "Mon-Fri 8-18 UTC", "Mon-Fri 08:00-08:00 UTC", "Mon-Fri 24:00-06:00 UTC",
          "Mon-Fri 08:00-25:00 UTC", "Mon-Fri 08:60-18:00 UTC", "Mon- 08:00-18:00 UTC",
          "Mon-Fri 08:00 UTC", "Mon-Fri 08:00-18:00, UTC", ", Mon 08:00-18:00 UTC",
          "Mon-Fri 08:00-18:00 ../../etc/passwd", "Mon-Fri 08:00-18:00 /etc/localtime",
          "Mon-Fri 0::00-18:00 UTC", "Mon-Fri 08:00-18:00\xff UTC"}) {
        CAPTURE(text);
        CHECK_FALSE(problem(text).empty());
    }
    CHECK_FALSE(problem(std::string(600, 'x')).empty());
    std::string many;
    for (int i = 0; i < 22; ++i) many += (i == 0 ? "" : ",") + std::string("Mon 08:00-09:00");
    CHECK_FALSE(problem(many + " UTC").empty());
}
