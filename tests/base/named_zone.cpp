#include "support/catch.hpp"

#include <tallyfs/base/day.hpp>
#include <tallyfs/base/named_zone.hpp>

#include <cstdlib>
#include <ctime>

using namespace tallyfs;
using namespace std::chrono_literals;

namespace {

wall_time at(const char* text) {
    return *parse_rfc3339(text);
}

/// The zone of the process, put back at the end.
class other_process_zone {
  public:
    explicit other_process_zone(const std::string& name) {
        if (const char* before = std::getenv("TZ")) before_ = before;
        zone::use(name);
    }
    ~other_process_zone() {
        if (before_) {
            ::setenv("TZ", before_->c_str(), 1);
        } else {
            ::unsetenv("TZ");
        }
        ::tzset();
    }
    other_process_zone(const other_process_zone&) = delete;
    other_process_zone& operator=(const other_process_zone&) = delete;

    [[nodiscard]] static std::chrono::seconds offset_at(wall_time time) {
        const std::time_t seconds =
            std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
        std::tm fields{};
        ::localtime_r(&seconds, &fields);
        return std::chrono::seconds(fields.tm_gmtoff);
    }

  private:
    std::optional<std::string> before_;
};

}  // namespace

TEST_CASE("a zone changes its clocks on the second") {
    const auto berlin = named_zone::find("Europe/Berlin");
    REQUIRE(berlin);
    CHECK(berlin->offset_at(at("2026-03-29T00:59:59.999999Z")) == 1h);
    CHECK(berlin->offset_at(at("2026-03-29T01:00:00Z")) == 2h);
    CHECK(berlin->offset_at(at("2026-10-25T00:59:59Z")) == 2h);
    CHECK(berlin->offset_at(at("2026-10-25T01:00:00Z")) == 1h);
    // Beyond what the files list the rule at their end holds.
    CHECK(berlin->offset_at(at("2099-07-01T00:00:00Z")) == 2h);
    CHECK(berlin->offset_at(at("2099-12-01T00:00:00Z")) == 1h);
}

TEST_CASE("a named zone agrees with the C library at every hour that was looked at") {
    for (const auto* name :
         {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo",
          "Asia/Kolkata", "Pacific/Chatham", "Africa/Casablanca", "Europe/Dublin", "America/Nuuk",
          "Asia/Gaza", "Pacific/Apia", "Antarctica/Troll", "UTC", "Etc/GMT+5"}) {
        CAPTURE(name);
        const auto ours = named_zone::find(name);
        REQUIRE(ours);
        const other_process_zone theirs(name);
        std::size_t different = 0;
        for (auto time = at("1975-01-01T00:00:00Z"); time < at("2075-01-01T00:00:00Z"); time += 5h)
            different += ours->offset_at(time) == other_process_zone::offset_at(time) ? 0U : 1U;
        CHECK(different == 0);
    }
}

TEST_CASE("a rule at the end of a file is read as POSIX writes it") {
    const auto rule = parse_zone_rule("CET-1CEST,M3.5.0,M10.5.0/3");
    REQUIRE(rule);
    CHECK(rule->standard == 3'600);
    CHECK(rule->daylight == 7'200);
    CHECK(rule->ends.second == 3 * 3'600);
    CHECK(parse_zone_rule("<-03>3")->standard == -3 * 3'600);
    CHECK(parse_zone_rule("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0")->standard == 37'800);
    CHECK(parse_zone_rule("EST5EDT,0/0,J365/25")->daylight == -4 * 3'600);
    for (const auto* wrong :
         {"", "C-1", "CET", "CET-", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0",
          "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J0,J1",
          "CET-1CEST,366,1", "CET-1CEST,M3.5.0,M10.5.0 ", "<CET-1", "CET-200", "CET-1:60"}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_zone_rule(wrong));
    }
}

TEST_CASE("no name leaves the directory of zones, and no bytes do harm") {
    for (const auto* name : {"", "/etc/passwd", "../../../etc/passwd", "Europe", "Europe/Berln",
                             "tzdata.zi", "zone.tab", "leapseconds"}) {
        CAPTURE(name);
        CHECK_FALSE(named_zone::find(name));
    }
    CHECK_FALSE(named_zone::parse("x", ""));
    CHECK_FALSE(named_zone::parse("x", "TZif"));
    std::string counts = "TZif2" + std::string(15, '\0') + std::string(24, '\xff');
    CHECK_FALSE(named_zone::parse("x", counts));
    const auto names = named_zone::names();
    CHECK(std::ranges::find(names, "Europe/Berlin") != names.end());
    CHECK(std::ranges::find(names, "posix/Europe/Berlin") == names.end());
}
