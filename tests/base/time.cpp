#include "support/catch.hpp"

#include <tallyfs/base/clock.hpp>
#include <tallyfs/base/day.hpp>
#include <tallyfs/base/error.hpp>

using namespace tallyfs;
using namespace std::chrono_literals;

namespace {
wall_time at(const char* text) {
    return *parse_rfc3339(text);
}
}  // namespace

TEST_CASE("a time is written in UTC with microseconds and read back") {
    const auto time = at("2026-11-20T08:55:04.123456+01:00");
    CHECK(to_rfc3339(time) == "2026-11-20T07:55:04.123456Z");
    CHECK(at("2026-11-20T07:55:04.123456Z") == time);
    CHECK(at("2026-11-20T07:55:04.123456789Z") == time);
    CHECK(at("2026-11-20T07:55:04Z") == time - 123456us);
    CHECK(to_rfc3339(wall_time(-1us)) == "1969-12-31T23:59:59.999999Z");
}

TEST_CASE("what is no time is not read") {
    for (const char* text :
         {"", "2026", "2026-11-20", "2026-11-20T07:55:04", "2026-13-20T07:55:04Z",
          "2026-02-29T07:55:04Z", "2026-11-20T24:00:00Z", "2026-11-20T07:55:04.Z",
          "2026-11-20T07:55:04+1:00", "2026-11-20T07:55:04Zx", "2026-11-20T07:55:04.1234567890Z",
          "0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"}) {
        INFO(text);
        CHECK_FALSE(parse_rfc3339(text));
    }
}

TEST_CASE("days are read and written as dates") {
    const auto date = day::parse("2026-02-28");
    REQUIRE(date);
    CHECK(date->to_string() == "2026-02-28");
    CHECK(date->next().to_string() == "2026-03-01");
    CHECK(date->month() == "2026-02");
    for (const char* text : {"", "2026-2-28", "2026-02-30", "1969-12-31", "2026-02-28.2", "x"}) {
        CHECK_FALSE(day::parse(text));
    }
}

TEST_CASE("days turn at midnight of the zone, also where the clocks are changed") {
    zone::use("Europe/Berlin");
    CHECK(zone::day_of(at("2026-11-20T22:59:59.999999Z")).to_string() == "2026-11-20");
    CHECK(zone::day_of(at("2026-11-20T23:00:00Z")).to_string() == "2026-11-21");
    CHECK(zone::start_of(*day::parse("2026-03-29")) == at("2026-03-28T23:00:00Z"));
    CHECK(zone::start_of(*day::parse("2026-03-30")) == at("2026-03-29T22:00:00Z"));
    CHECK(zone::start_of(*day::parse("2026-10-26")) == at("2026-10-25T23:00:00Z"));
    const auto local = zone::local(at("2026-07-01T12:30:45Z"));
    CHECK(local.hour == 14);
    CHECK(local.abbreviation == "CEST");
}

TEST_CASE("a day without a midnight begins when its gap ends") {
    zone::use("America/Santiago");  // 2026-09-06: 00:00 becomes 01:00
    const auto start = zone::start_of(*day::parse("2026-09-06"));
    CHECK(zone::day_of(start).to_string() == "2026-09-06");
    CHECK(zone::day_of(start - 1us).to_string() == "2026-09-05");
    zone::use("UTC");
    CHECK(zone::start_of(*day::parse("2026-09-06")) == at("2026-09-06T00:00:00Z"));
}

TEST_CASE("an unknown zone is refused with a message that helps") {
    for (const char* name : {"Mars/Olympus", "", "../../etc/passwd", "/etc/localtime"}) {
        CHECK_THROWS_AS(zone::use(name), startup_error);
    }
}
