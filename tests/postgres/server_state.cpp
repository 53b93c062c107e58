#include "postgres/server_state.hpp"

#include "postgres/events.hpp"
#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/temporary_directory.hpp"

#include <algorithm>

using namespace tallyfs;
using namespace tallyfs::postgres;
using namespace tallyfs::test;
using namespace std::chrono_literals;

namespace {

using strings = std::vector<std::string>;

const health::cluster_id id{"prod", "orders-cl"};

health::registration registered_as(const std::string& database, bool active = true) {
    health::registration made;
    made.cluster = id;
    made.database = database;
    made.active = active;
    return made;
}

/// One server, of which the program can be started again.
struct one_server {
    one_server() { start(); }

    void start(std::vector<health::registration> databases = {registered_as("app")}) {
        auto all = remember(events, clock.wall());
        auto known = all.extract(id);
        state.emplace(parts, id, known ? std::move(known.mapped()) : server_memory{});
        state->set(std::move(databases), clock.wall());
    }
    health::sample sample() {
        clock.advance(10s);
        health::sample made;
        made.taken = clock.wall();
        made.version = 150'020;
        return made;
    }
    void look(health::sample seen) { state->sampled(std::move(seen), clock.wall(), settings); }
    void look() { look(sample()); }
    void look_in_full(health::snapshot seen, std::chrono::minutes later = 30min) {
        clock.advance(later);
        look();
        seen.taken = clock.wall();
        seen.database = "app";
        state->complete(seen);
        state->snapshot_taken("app", std::move(seen), {}, clock.wall(), settings);
    }
    [[nodiscard]] health::watched_server shown() const {
        return state->shown(clock.wall(), settings);
    }
    [[nodiscard]] bool has(std::string_view rule) const {
        return std::ranges::any_of(shown().findings,
                                   [&](const auto& one) { return one.finding.rule == rule; });
    }

    temporary_directory home;
    manual_clock clock{*parse_rfc3339("2026-11-20T11:00:00Z")};
    journal::stream events{home.path() / "health", clock};
    board shown_nowhere;
    collector::parts parts{clock, shown_nowhere, events, "host", {}, {}, {}, {}, {}};
    collector_settings settings;
    std::optional<server_state> state;
};

health::snapshot with_late_table() {
    health::table late;
    late.oid = 17;
    late.schema = "public";
    late.name = "orders";
    late.row_estimate = 1'000;
    late.live_rows = 100'000;
    late.dead_rows = 400;
    health::snapshot made;
    made.tables.push_back(late);
    return made;
}

health::sample with_slot(health::sample in) {
    health::replication_slot slot;
    slot.name = "debezium";
    slot.type = "physical";
    slot.wal_status = "reserved";
    in.slots.push_back(slot);
    return in;
}

}  // namespace

TEST_CASE("a table that autovacuum is late for is still known to be after a restart") {
    one_server of;
    of.look_in_full(with_late_table());
    CHECK_FALSE(of.has("autovacuum_due"));
    const auto due = of.clock.wall();
    of.look_in_full(with_late_table());
    REQUIRE(of.has("autovacuum_due"));

    of.start();
    CHECK(of.has("autovacuum_due"));
    of.look_in_full(with_late_table());
    REQUIRE(of.has("autovacuum_due"));
    CHECK(of.shown().databases.at(0).full->tables.at(0).due_since == due);
    CHECK(told_in(of.events) == strings{"finding.opened autovacuum_due"});

    // The first snapshot after a start has none before it: it closes nothing.
    of.start();
    of.look_in_full({});
    CHECK(of.has("autovacuum_due"));
    of.look_in_full({});
    CHECK_FALSE(of.has("autovacuum_due"));
    CHECK(told_in(of.events) ==
          strings{"finding.opened autovacuum_due", "finding.closed autovacuum_due"});
}

TEST_CASE("what would mend a finding is shown as SQL") {
    one_server of;
    of.look_in_full(with_late_table());
    of.look_in_full(with_late_table());
    const auto server = of.shown();
    REQUIRE(server.findings.size() == 1);
    CHECK_FALSE(server.findings.at(0).finding.remedy.sql.empty());
}

TEST_CASE("since when a slot is inactive is known from looks, also over a restart") {
    one_server of;
    of.look(with_slot(of.sample()));
    const auto seen_first = of.clock.wall();
    of.clock.advance(2h);
    of.look(with_slot(of.sample()));
    CHECK(of.shown().sample->slots.at(0).inactive_since == seen_first);
    of.look(with_slot(of.sample()));
    REQUIRE(of.has("slots"));

    of.start();
    for (int i = 0; i < 6; ++i) of.look(with_slot(of.sample()));
    CHECK(of.shown().sample->slots.at(0).inactive_since == seen_first);
    CHECK(told_in(of.events) == strings{"finding.opened slots"});
    // It was used in between.
    auto active = with_slot(of.sample());
    active.slots.at(0).active = true;
    of.look(active);
    of.look(with_slot(of.sample()));
    CHECK(of.shown().sample->slots.at(0).inactive_since == of.clock.wall());
}

TEST_CASE("what snapshots of a database showed that is not registered any more is closed") {
    one_server of;
    of.look_in_full(with_late_table());
    of.look_in_full(with_late_table());
    SECTION("while it runs") {
        of.state->set({registered_as("other")}, of.clock.wall());
        CHECK_FALSE(of.has("autovacuum_due"));
    }
    SECTION("when it is not active") {
        of.state->set({registered_as("app", false)}, of.clock.wall());
        CHECK_FALSE(of.has("autovacuum_due"));
    }
    SECTION("some time after a start, when the whole registry is known") {
        of.start({registered_as("other")});
        of.look();
        CHECK(of.has("autovacuum_due"));
        of.clock.advance(unclaimed_max);
        of.look();
        CHECK_FALSE(of.has("autovacuum_due"));
    }
    CHECK(told_in(of.events).back() == "finding.closed autovacuum_due");
}

TEST_CASE("the reach of a database is that of its server, or its own") {
    one_server of;
    of.look();
    CHECK(of.shown().databases.at(0).reach.seen == of.clock.wall());
    of.state->snapshot_failed("app", "no such database", of.clock.wall());
    CHECK(of.shown().databases.at(0).reach.problem == "no such database");
    CHECK(of.shown().reach.problem.empty());
    of.state->failed("connection refused", of.clock.wall());
    CHECK(of.shown().databases.at(0).reach.problem == "connection refused");
    of.look();
    CHECK(of.shown().databases.at(0).reach.problem == "no such database");
    of.state->snapshot_failed("app", "no such database", of.clock.wall());
    of.state->snapshot_failed("app", "no such database", of.clock.wall());
    CHECK(told_in(of.events) == strings{"database.unreachable app"});
    of.start();
    CHECK(of.shown().databases.at(0).reach.problem == "no such database");
    of.look_in_full({});
    CHECK(of.shown().databases.at(0).reach.problem.empty());
    CHECK(told_in(of.events) == strings{"database.unreachable app", "database.back app"});
}

TEST_CASE("rates are not reckoned over a time in which nobody looked") {
    one_server of;
    const auto busy = [&](std::int64_t commits) {
        auto seen = of.sample();
        health::database_counters counters;
        counters.name = "app";
        counters.commits = commits;
        counters.inserted = commits;
        counters.xid_age = commits;
        seen.databases.push_back(counters);
        return seen;
    };
    std::int64_t commits = 0;
    for (int i = 0; i < 4; ++i) of.look(busy(commits += 10'000));
    REQUIRE(of.has("commit_per_row"));
    for (int i = 0; i < 3; ++i) of.look(busy(commits));
    REQUIRE_FALSE(of.has("commit_per_row"));
    of.look(busy(commits += 10'000));
    of.clock.advance(1h);
    for (int i = 0; i < 2; ++i) of.look(busy(commits += 100'000'000));
    CHECK_FALSE(of.has("commit_per_row"));
}

TEST_CASE("lines of the health stream that cannot be read hide no other") {
    one_server of;
    of.look_in_full(with_late_table());
    of.look_in_full(with_late_table());
    for (const auto* line : {"{}\n", "not json\n"}) {
        REQUIRE(of.events.append([&](std::string& out, wall_time) { out += line; }));
    }
    of.start();
    CHECK(of.has("autovacuum_due"));
    CHECK(of.shown().findings.at(0).finding.severity == health::severity::warning);
    CHECK(of.shown().findings.at(0).finding.title == "autovacuum late");
    CHECK_FALSE(of.shown().findings.at(0).finding.figures.empty());
}

TEST_CASE("what stood a month ago and was not told since is not known any more") {
    one_server of;
    of.look_in_full(with_late_table());
    of.look_in_full(with_late_table());
    of.clock.advance(std::chrono::days(30));
    of.start();
    CHECK(of.has("autovacuum_due"));
    of.clock.advance(std::chrono::days(3));
    of.start();
    CHECK_FALSE(of.has("autovacuum_due"));
}

TEST_CASE("what was wrong with a server that nobody registered again is closed at last") {
    one_server of;
    of.look_in_full(with_late_table());
    of.look_in_full(with_late_table());
    { collector short_lived(of.parts, {}); }
    CHECK(told_in(of.events).size() == 1);
    {
        collector again(of.parts, {});
        of.clock.advance(unclaimed_max);
    }
    CHECK(told_in(of.events).back() == "finding.closed autovacuum_due");
}
