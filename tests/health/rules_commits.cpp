#include "health/observed.hpp"
#include "support/catch.hpp"

using namespace tallyfs;
using namespace tallyfs::health;
using namespace tallyfs::health::observed;

namespace {

/// What happened in each 10 seconds.
struct work {
    std::int64_t rows;
    std::int64_t commits;
    std::int64_t ids;
};

struct looks {
    std::vector<std::shared_ptr<const sample>> before;
    sample now = server();

    explicit looks(work each, int intervals = 2) {
        for (int i = 0; i <= intervals; ++i) {
            auto made = server(noon - (intervals - i) * 10s);
            database_counters one;
            one.name = "app";
            one.commits = 1'000'000 + i * each.commits;
            one.inserted = 5'000'000 + i * each.rows;
            one.xid_age = 100 + i * each.ids;
            one.reset = noon - 100h;
            made.databases = {one};
            if (i == intervals) {
                now = made;
            } else {
                before.push_back(std::make_shared<const sample>(made));
            }
        }
    }

    [[nodiscard]] std::vector<finding> judged() const { return judge({now, before}, {}); }
};

}  // namespace

TEST_CASE("a commit for each row is found, with who does it") {
    looks seen({8333, 8250, 8250});
    for (int i = 0; i < 6; ++i) {
        auto one = client(i, "active", 0s);
        one.user = "stream_loader";
        one.query = "INSERT INTO event_log VALUES ($1, $2)";
        seen.now.sessions.push_back(one);
    }
    seen.now.sessions.push_back(client(99, "active", 0s));
    const auto found = seen.judged();
    REQUIRE(found.size() == 1);
    CHECK(found[0].key() == "commit_per_row|app|commits");
    CHECK(found[0].figures_text == "1.01 rows a commit, 825 commits/s");
    CHECK(found[0].lines ==
          std::vector<std::string>{
              "stream_loader, 6 sessions: INSERT INTO event_log VALUES ($1, $2)"});
    CHECK(found[0].evidence.rows_total == 6);
    CHECK(found[0].remedy.kind.empty());
    CHECK(found[0].since == noon - 20s);
}

TEST_CASE("1.5 rows a commit are too few, 1.6 are not") {
    CHECK(looks({1500, 1000, 1000}).judged().size() == 1);
    CHECK(looks({1600, 1000, 1000}).judged().empty());
    CHECK(looks({500'000, 1000, 1000}).judged().empty());
}

TEST_CASE("fewer than 100 commits a second are left alone") {
    CHECK(looks({1000, 1000, 1000}).judged().size() == 1);
    CHECK(looks({990, 990, 990}).judged().empty());
}

TEST_CASE("commits of readers are not commits of rows") {
    CHECK(looks({0, 50'000, 0}).judged().empty());
    CHECK(looks({30, 50'000, 20'000}).judged().empty());
    // Many readers, and two batches of 500 rows a second: two ids a second.
    CHECK(looks({10'000, 10'020, 20}).judged().empty());
    // Many readers hide no writer of single rows.
    CHECK(looks({2000, 50'000, 2000}).judged().size() == 1);
}

TEST_CASE("one busy interval is not enough, nor are two samples") {
    looks seen({2000, 2000, 2000});
    CHECK(looks({2000, 2000, 2000}, 1).judged().empty());
    CHECK(looks({2000, 2000, 2000}, 5).judged().size() == 1);
    auto quiet = *seen.before[1];
    quiet.databases = seen.before[0]->databases;
    seen.before[1] = std::make_shared<const sample>(quiet);
    CHECK(seen.judged().empty());
}

TEST_CASE("counters that began anew say nothing") {
    looks reset({2000, 2000, 2000});
    reset.now.databases[0].reset = noon - 1s;
    CHECK(reset.judged().empty());
    looks restarted({2000, 2000, 2000});
    restarted.now.started = noon - 5s;
    CHECK(restarted.judged().empty());
    looks back({2000, 2000, 2000});
    back.now.databases[0].commits = 5000;
    CHECK(back.judged().empty());
    looks back_rows({2000, 2000, 2000});
    auto first = *back_rows.before[0];
    first.databases[0].updated = 1;
    back_rows.before[0] = std::make_shared<const sample>(first);
    CHECK(back_rows.judged().empty());
    looks still({2000, 2000, 2000});
    still.now.taken = still.before.back()->taken;
    CHECK(still.judged().empty());
}
