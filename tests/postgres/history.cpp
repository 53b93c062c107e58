#include "postgres/watched_history.hpp"
#include "support/catch.hpp"

#include <sys/resource.h>

#include <csignal>
#include <fstream>

using namespace tallyfs;
using namespace tallyfs::health;
using namespace std::chrono_literals;
using postgres::history;
using test::app;
using test::noon;
using test::registered;
using test::server;
using test::snapshot_of;
using test::watched;

namespace {

/// Files of this process can have so many bytes and no more, as on a disk that is full: a write(2)
/// across the limit is a short one.
class file_size_limit {
  public:
    explicit file_size_limit(std::size_t bytes) {
        old_handler_ = std::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &old_);
        auto limit = old_;
        limit.rlim_cur = bytes;
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    file_size_limit(const file_size_limit&) = delete;
    file_size_limit& operator=(const file_size_limit&) = delete;
    ~file_size_limit() {
        ::setrlimit(RLIMIT_FSIZE, &old_);
        std::signal(SIGXFSZ, old_handler_);
    }

  private:
    ::rlimit old_{};
    void (*old_handler_)(int) = nullptr;
};

}  // namespace

TEST_CASE("a minute in which something happened is a line once it is over") {
    watched here;
    here.looks(6, 100);
    CHECK(here.minutes("2026-11-20").empty());
    here.looks(1, 100);
    auto lines = here.minutes("2026-11-20");
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].minute == noon);
    CHECK(lines[0].counters->inserted == 500);  // before the first look nothing is known
    CHECK(lines[0].counters->covered_seconds == 50);
    here.looks(6, 100);
    lines = here.minutes("2026-11-20");
    REQUIRE(lines.size() == 2);
    CHECK(lines[1].counters->inserted == 600);
    CHECK(lines[1].counters->covered_seconds == 60);
    CHECK(here.text("2026-11-20.activity.csv").starts_with(activity_header()));
}

TEST_CASE("quiet minutes have no line, and the next line says that they were looked at") {
    watched here;
    here.looks(1 * 6, 1);
    here.looks(10 * 6, 0);
    here.looks(2 * 6, 1);
    const auto lines = here.minutes("2026-11-20");
    REQUIRE(lines.size() == 2);
    CHECK(lines[1].minute == noon + 11min);
    CHECK(lines[1].quiet_minutes_before == 10);
}

TEST_CASE("minutes in which nobody looked are not quiet ones") {
    watched here;
    here.looks(5 * 6, 0);
    here.clock.advance(30min);
    here.looks(2 * 6, 1);
    const auto lines = here.minutes("2026-11-20");
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].minute == noon + 4min);
    CHECK(lines[0].quiet_minutes_before == 4);
    CHECK(lines[1].minute == noon + 35min);
    CHECK(lines[1].quiet_minutes_before == 0);
    CHECK(lines[1].counters->covered_seconds == 30 * 60 + 60);  // what came in between is in it
    CHECK(here.kept->read_minute(server, "app", noon + 2min).quiet);
    CHECK_FALSE(here.kept->read_minute(server, "app", noon + 20min).figures);
}

TEST_CASE("a day ends at midnight of the zone, with all of its minutes, and never changes again") {
    watched here;
    zone::use("Europe/Berlin");
    here.clock.step_to(*parse_rfc3339("2026-11-20T22:58:00Z"));
    here.looks(1 * 6, 1);
    here.looks(1 * 6, 0);
    const auto before = here.text("2026-11-20.activity.csv");
    here.looks(1, 7);  // 00:00:00 of the 21st
    const auto closed = here.text("2026-11-20.activity.csv");
    CHECK(closed.size() > before.size());
    here.looks(6 * 6, 7);
    CHECK(here.text("2026-11-20.activity.csv") == closed);
    const auto old_day = here.minutes("2026-11-20");
    REQUIRE(old_day.size() == 2);
    CHECK(old_day[1].quiet_minutes_before == 0);
    CHECK(old_day[1].minute == *parse_rfc3339("2026-11-20T22:59:00Z"));
    const auto new_day = here.minutes("2026-11-21");
    REQUIRE(!new_day.empty());
    CHECK(new_day[0].minute == *parse_rfc3339("2026-11-20T23:00:00Z"));
    CHECK(new_day[0].counters->inserted == 6 * 7);
    zone::use("UTC");
}

TEST_CASE("a clock that is set back does not add to a day that is over") {
    watched here;
    here.clock.step_to(*parse_rfc3339("2026-11-20T23:50:00Z"));
    here.looks(15 * 6, 1);
    const auto closed = here.text("2026-11-20.activity.csv");
    here.clock.step_to(*parse_rfc3339("2026-11-20T23:30:00Z"));
    here.looks(5 * 6, 1);
    here.start();
    here.looks(5 * 6, 1);
    CHECK(here.text("2026-11-20.activity.csv") == closed);
    CHECK(here.minutes("2026-11-21").size() > 10);
}

TEST_CASE("a restart in the middle of a minute loses nothing that was seen") {
    watched here;
    here.looks(3, 100);
    here.start();  // ends as the daemon does, and starts again
    here.looks(4, 100);
    const auto lines = here.minutes("2026-11-20");
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].minute == noon);
    CHECK(lines[0].counters->inserted == 200);
    CHECK(lines[1].minute == noon);
    CHECK(lines[1].counters->inserted == 200);
}

TEST_CASE("a torn line is cut off before the next one is written, and not shown") {
    watched here;
    here.looks(7, 100);
    here.kept.reset();
    const auto whole = here.text("2026-11-20.activity.csv");
    std::ofstream(here.file("2026-11-20.activity.csv"), std::ios::app)
        << "2026-11-20T12:01:00Z,0,6";
    here.kept.emplace(here.directory.path(), here.clock);
    const auto shown = here.kept->directory(server, "app")->find("2026-11-20.activity.csv");
    REQUIRE(shown);
    CHECK(std::get<tree::log_file>(shown->content).bytes() == whole.size());
    CHECK(here.text("2026-11-20.activity.csv") == whole);
    std::ofstream(here.file("2026-11-20.activity.csv"), std::ios::app) << "torn while it runs";
    here.looks(12, 100);
    CHECK(here.text("2026-11-20.activity.csv").find("torn") == std::string::npos);
    CHECK(here.text("2026-11-20.activity.csv").starts_with(whole));
}

TEST_CASE("a file that cannot be written is said, and everything else goes on") {
    watched here;
    std::filesystem::create_directories(here.file("2026-11-20.activity.csv"));
    here.looks(7, 100);
    CHECK(here.kept->problem().find("app/<day>.activity.csv") != std::string::npos);
    const auto first = snapshot_of(here.clock.wall(), 2, 0);
    const auto second = snapshot_of(here.clock.wall() + 30min, 2, 5);
    here.kept->add(registered(), second, &first);
    CHECK(parse_tables_day(here.text("2026-11-20.tables.csv")).size() == 2);
    CHECK(!here.kept->problem().empty());
    std::filesystem::remove(here.file("2026-11-20.activity.csv"));
    here.looks(6, 100);
    CHECK(here.kept->problem().empty());
    CHECK(here.minutes("2026-11-20").size() == 1);
}

TEST_CASE("a line that the disk has only room for a part of is taken back, and that is said") {
    watched here;
    here.looks(7, 100);
    const auto whole = here.text("2026-11-20.activity.csv");
    std::string said;
    {
        const file_size_limit limit(whole.size() + 20);
        here.looks(6, 100);
        said = here.kept->problem();
    }
    CHECK(said.find("app/<day>.activity.csv") != std::string::npos);
    CHECK(here.text("2026-11-20.activity.csv") == whole);
    here.looks(6, 100);
    CHECK(here.kept->problem().empty());
    CHECK(here.minutes("2026-11-20").size() == 2);
}

TEST_CASE("snapshots add to the tables of the day, over a restart and midnight") {
    watched here;
    auto before = snapshot_of(noon, 3, 0);
    before.tables[2].inserted = before.tables[2].bytes = 40;
    auto now = snapshot_of(noon + 30min, 3, 10);
    now.tables[2] = before.tables[2];
    here.kept->add(registered(), before, nullptr);
    CHECK(here.text("2026-11-20.tables.csv").empty());
    here.kept->add(registered(), now, &before);
    auto lines = parse_tables_day(here.text("2026-11-20.tables.csv"));
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].inserted_today == 10);
    here.start();
    here.kept->add(registered(), snapshot_of(noon + 60min, 3, 25), nullptr);
    lines = parse_tables_day(here.text("2026-11-20.tables.csv"));
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].inserted_today == 25);
    const auto closed = here.text("2026-11-20.tables.csv");
    before = snapshot_of(noon + 60min, 3, 25);
    here.kept->add(registered(), snapshot_of(noon + 24h, 3, 26), &before);
    CHECK(here.text("2026-11-20.tables.csv") == closed);
    CHECK(parse_tables_day(here.text("2026-11-21.tables.csv")).at(0).inserted_today == 1);
}

TEST_CASE("names of databases cannot leave the history's directory") {
    watched here;
    const std::vector<std::string> hostile{"../../../x", "a/b", ".."};
    for (const auto& database : hostile) {
        auto now = snapshot_of(noon + 30min, 1, 1);
        const auto before = snapshot_of(noon, 1, 0);
        here.kept->add(registered(database), now, &before);
    }
    std::size_t inside = 0;
    const auto cluster = here.directory.path() / "prod/orders-cl";
    for (const auto& entry : std::filesystem::directory_iterator(cluster)) {
        CHECK(std::filesystem::exists(entry.path() / "2026-11-20.tables.csv"));
        ++inside;
    }
    CHECK(inside == hostile.size());
}
