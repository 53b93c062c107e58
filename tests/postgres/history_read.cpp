#include "postgres/watched_history.hpp"
#include "support/catch.hpp"

#include <tallyfs/postgres/diagnoses.hpp>

#include <fstream>

using namespace tallyfs;
using namespace tallyfs::health;
using namespace std::chrono_literals;
using test::noon;
using test::server;
using test::watched;

namespace {

std::vector<std::string> names(const tree::directory& directory) {
    std::vector<std::string> all;
    for (const auto& entry : directory.list()) all.push_back(entry.name);
    return all;
}

}  // namespace

TEST_CASE("history/ lists the days that are there, and today's files from midnight on") {
    watched here;
    const auto shown = here.kept->directory(server, "app");
    const std::vector<std::string> first_day{"2026-11-20.activity.csv", "2026-11-20.queries.csv",
                                             "2026-11-20.tables.csv", "README.md"};
    CHECK(names(*shown) == first_day);
    const auto empty = shown->find("2026-11-20.activity.csv");
    REQUIRE(empty);
    CHECK(std::get<tree::text_file>(empty->content).render() == activity_header());
    here.looks(7, 1);
    const auto growing = shown->find("2026-11-20.activity.csv");
    REQUIRE(growing);
    const auto log = std::get<tree::log_file>(growing->content);
    CHECK_FALSE(log.closed);
    const auto bytes = log.bytes();
    CHECK(bytes == here.text("2026-11-20.activity.csv").size());
    here.looks(6, 1);
    CHECK(log.bytes() > bytes);
    here.clock.advance(24h);
    here.looks(1, 1);
    const auto closed = shown->find("2026-11-20.activity.csv");
    CHECK(std::get<tree::log_file>(closed->content).closed);
    CHECK(log.bytes() == here.text("2026-11-20.activity.csv").size());
    CHECK(names(*shown) ==
          std::vector<std::string>{"2026-11-20.activity.csv", "2026-11-21.activity.csv",
                                   "2026-11-21.queries.csv", "2026-11-21.tables.csv", "README.md"});
    CHECK_FALSE(shown->find("2026-11-19.activity.csv"));
    CHECK_FALSE(shown->find("2026-11-20.activity.csv.new"));
    CHECK_FALSE(shown->find("../../secret"));
}

TEST_CASE("days before the retention are deleted whole, other files are left alone") {
    watched here;
    here.looks(7, 1);
    here.clock.advance(24h);
    here.looks(7, 1);
    std::ofstream(here.file("notes.txt")) << "mine";
    auto setting = here.kept->definitions().at(0);
    CHECK(setting.name == "retention_health_days");
    CHECK(setting.judge("400").reason.empty());
    CHECK(!setting.judge("1").reason.empty());
    const std::string two = "2";
    setting.apply("", &two);
    here.kept->sweep();
    CHECK(!here.minutes("2026-11-20").empty());
    here.clock.advance(24h);
    here.kept->sweep();
    CHECK(!std::filesystem::exists(here.file("2026-11-20.activity.csv")));
    CHECK(!here.minutes("2026-11-21").empty());
    CHECK(std::filesystem::exists(here.file("notes.txt")));
    CHECK(here.kept->problem().empty());
    here.clock.advance(24h * 1000);
    const std::string never = "0";
    setting.apply("", &never);
    here.kept->sweep();
    CHECK(!here.minutes("2026-11-21").empty());
}

TEST_CASE("a past minute is read back: itself, a quiet one, or the nearest there is") {
    watched here;
    here.looks(1 * 6, 100);
    here.looks(10 * 6, 0);
    here.looks(2 * 6, 100);
    const auto at = [&](auto since) { return here.kept->read_minute(server, "app", noon + since); };
    CHECK(at(30s).figures->counters->inserted == 500);
    CHECK_FALSE(at(30s).quiet);
    CHECK(at(5min).quiet);
    CHECK(at(5min).figures->counters->changed() == 0);
    CHECK(at(5min).figures->minute == noon + 5min);
    CHECK(at(11min).figures->counters->inserted == 600);
    CHECK(at(12min).figures->counters->inserted == 600);  // not over, and not written
    CHECK(at(-3min).figures->minute == noon);
    CHECK_FALSE(at(-6min).figures);
    here.looks(20 * 6, 0);
    CHECK(at(20min).quiet);  // no line says so yet
}

TEST_CASE("the last whole minute is what is recent") {
    watched here;
    CHECK_FALSE(here.kept->recent(server, "app"));
    here.looks(3, 100);
    CHECK(here.kept->recent(server, "app")->counters->inserted == 200);
    here.looks(5, 100);
    CHECK(here.kept->recent(server, "app")->counters->inserted == 500);
    CHECK(here.kept->recent(server, "app")->minute == noon);
}

TEST_CASE("a minute is read in the zone of the process, in UTC or with an offset") {
    using postgres::parse_minute;
    zone::use("Europe/Berlin");
    CHECK(parse_minute("2026-11-20T13:28") == noon + 28min);
    CHECK(parse_minute("2026-11-20T13:28:59") == noon + 28min);
    CHECK(parse_minute("2026-11-20T12:28Z") == noon + 28min);
    CHECK(parse_minute("2026-11-20T12:28:30Z") == noon + 28min);
    CHECK(parse_minute("2026-11-20T14:28+02:00") == noon + 28min);
    CHECK(parse_minute("2026-03-29T01:30") == *parse_rfc3339("2026-03-29T00:30:00Z"));
    CHECK(parse_minute("2026-03-29T03:30") == *parse_rfc3339("2026-03-29T01:30:00Z"));
    CHECK_FALSE(parse_minute("2026-03-29T02:30"));  // the clocks skip it
    CHECK(parse_minute("2026-10-25T02:30") == *parse_rfc3339("2026-10-25T00:30:00Z"));
    CHECK(parse_minute("2026-10-25T23:30") == *parse_rfc3339("2026-10-25T22:30:00Z"));
    for (const auto* wrong : {"", "2026-11-20", "2026-11-20T24:00", "2026-11-20T13:60",
                              "2026-11-20T13:28:61", "2026-11-20 13:28", "2026-13-20T13:28",
                              "2026-11-20T1x:28", "2026-11-20T13:28x", "2026-11-20T13:28:30z9"}) {
        CHECK_FALSE(parse_minute(wrong));
    }
    zone::use("UTC");
}

TEST_CASE("a past minute is diagnosed by its name, and there is none of the future") {
    watched here;
    here.looks(1 * 6, 100'000);
    here.looks(2 * 6, 0);
    const auto text = [&](std::string_view minute) {
        return postgres::diagnosis_at(*here.kept, here.clock.wall(), server, "app", minute, {});
    };
    const auto has = [](const std::optional<std::string>& found, std::string_view words) {
        return found && found->find(words) != std::string::npos;
    };
    CHECK(has(text("2026-11-20T12:00"), "what history/ holds of this minute"));
    CHECK(has(text("2026-11-20T12:00:30Z"), "what history/ holds of this minute"));
    CHECK(has(text("2026-11-20T12:01"), "nothing happened in this minute"));
    CHECK(has(text("2026-11-19T12:00"), "nothing is kept of this minute"));
    CHECK_FALSE(text("2026-11-20T12:04"));
    CHECK_FALSE(text("yesterday"));
    CHECK(text("2026-11-20T12:00") == text("2026-11-20T12:00Z"));
}

TEST_CASE("what is diagnosed of now has its rates from the last minute") {
    watched here;
    here.seen.sessions.emplace_back().application = "tallyfs";
    const auto look = [&](int count, std::int64_t commits) {
        for (int at = 0; at < count; ++at) {
            here.seen.databases[0].commits += commits;
            here.seen.databases[0].xid_age += commits;
            here.looks(1, commits);
        }
    };
    look(7, 5'000);
    watched_server seen;
    seen.id = server;
    seen.sample = std::make_shared<sample>(here.seen);
    watched_database database;
    database.what = test::registered();
    const auto text = postgres::diagnosis_now(*here.kept, seen, database, {});
    CHECK(text.find("| **confirmed** | 1.00 rows a commit at 500/s |") != std::string::npos);
    CHECK(postgres::ruled_out_now(seen, database, {}).starts_with("locks (0 waiting), xmin"));
}
