#include "support/catch.hpp"

#include <tallyfs/base/day.hpp>
#include <tallyfs/health/diagnosis.hpp>

using namespace tallyfs;
using namespace tallyfs::health;
using namespace std::chrono_literals;

namespace {

const wall_time noon = *parse_rfc3339("2026-11-20T12:30:02Z");

session idle(std::string application) {
    session made;
    made.database = "app";
    made.user = "repl_agent";
    made.application = std::move(application);
    made.backend_type = "client backend";
    made.state = "idle in transaction";
    made.state_change = noon - 133 * 24h;
    return made;
}

/// A server on which all is well, with figures for everything.
struct healthy {
    health::sample seen;
    snapshot full;
    activity recent;
    watched_server server;
    watched_database database;
    thresholds limits;

    healthy() {
        zone::use("UTC");
        seen.taken = noon;
        seen.connections_max = 400;
        seen.connections_reserved = 3;
        seen.settings = {{"autovacuum", "on"}, {"track_counts", "on"}};
        auto& counters = seen.databases.emplace_back();
        counters.name = "app";
        counters.xid_age = 193'000'000;
        full.taken = noon - 2min;
        full.database = "app";
        auto& orders = full.tables.emplace_back();
        orders.schema = "public";
        orders.name = "orders";
        orders.live_rows = 1'000'000;
        full.statements.resize(2);
        full.statements[0].total_ms = 10;
        full.statements[1].total_ms = 10;
        recent.minute = noon - 2s;
        recent.counters.emplace().covered_seconds = 60;
        recent.counters->blocks_hit = 1'000'000;
        recent.counters->transaction_ids = 0;
        server.id = {"prod", "orders-cl"};
        server.waits.covered = 600s;
        server.waits.shares = {{"app", "CPU", "", 0.1}};
        database.what.cluster = server.id;
        database.what.database = "app";
    }
    diagnosis_inputs inputs() {
        server.sample = std::make_shared<health::sample>(seen);
        database.full = std::make_shared<snapshot>(full);
        return inputs_now(server, database, recent, limits);
    }
    hypothesis about(std::string_view text) {
        for (const auto& one : hypotheses(inputs())) {
            if (one.text == text) return one;
        }
        FAIL("no hypothesis " << text);
        return {};
    }
};

}  // namespace

TEST_CASE("where all is well every hypothesis is ruled out by a figure") {
    healthy here;
    for (const auto& one : hypotheses(here.inputs())) {
        // Two statements that take half of the time each: one of them always takes most.
        if (one.text == "one statement takes most of the time") continue;
        INFO(one.symptom << ": " << one.text << ": " << one.proof);
        CHECK(one.verdict == verdict::ruled_out);
        CHECK(!one.proof.empty());
    }
}

TEST_CASE("zombie sessions are ruled out, dead rows too, and commits a row are the cause") {
    healthy here;
    here.seen.sessions.assign(35, idle("replication agent"));
    here.recent.counters->commits = 49'500;
    here.recent.counters->inserted = 49'995;
    here.recent.counters->transaction_ids = 49'500;
    auto zombies = here.about("zombie sessions block vacuum");
    CHECK(zombies.verdict == verdict::ruled_out);
    CHECK(zombies.proof == "backend_xmin NULL on all 35");
    auto commits = here.about("each row is a commit of its own");
    CHECK(commits.verdict == verdict::confirmed);
    CHECK(commits.proof == "1.01 rows a commit at 825/s");
    CHECK(here.about("dead rows pile up").verdict == verdict::ruled_out);
    CHECK(here.about("sessions idle in transaction waste them").verdict == verdict::confirmed);

    const auto text = diagnosis(here.inputs());
    CHECK(
        text.find("# prod/orders-cl/app: diagnosis\n\nSampled Fri 2026-11-20 12:30 UTC. Rates are "
                  "of 60 s from 12:30 on. Full snapshot 12:28.") == 0);
    CHECK(text.find("| bloat | zombie sessions block vacuum | ruled out | backend_xmin NULL on all "
                    "35 |\n") != std::string::npos);
    CHECK(text.find("| slow writes | each row is a commit of its own | **confirmed** | 1.01 rows a "
                    "commit at 825/s |\n") != std::string::npos);

    here.seen.sessions[0].xid_age = 2'000'000;  // READ COMMITTED that wrote
    zombies = here.about("zombie sessions block vacuum");
    CHECK(zombies.verdict == verdict::confirmed);
    CHECK(zombies.proof == "1 of 35 hold an xmin, 2,000,000 tx at most");
    here.seen.sessions[0].xid_age = 100;
    CHECK(here.about("zombie sessions block vacuum").verdict == verdict::ruled_out);
    auto& found = here.server.findings.emplace_back().finding;
    found.rule = "idle_in_transaction";
    CHECK(here.about("zombie sessions block vacuum").verdict == verdict::ruled_out);
    found.severity = severity::warning;
    CHECK(here.about("zombie sessions block vacuum").verdict == verdict::confirmed);
    here.server.findings.clear();
    here.seen.slots.emplace_back().xmin_age = 3'000'000;
    here.seen.slots[0].active = true;
    CHECK(here.about("zombie sessions block vacuum").verdict == verdict::unknown);
    CHECK(here.about("something old holds back vacuum").proof == "oldest 3,000,000 tx (slot)");
}

TEST_CASE("commits of readers are not taken for those of writers") {
    healthy here;
    here.recent.counters->commits = 60'000;
    here.recent.counters->updated = 60'000;
    here.recent.counters->transaction_ids = 100;  // 600 rows each
    auto commits = here.about("each row is a commit of its own");
    CHECK(commits.verdict == verdict::ruled_out);
    CHECK(commits.proof == "600.00 rows a commit at 2/s");
    here.recent.counters->transaction_ids.reset();
    commits = here.about("each row is a commit of its own");
    CHECK(commits.verdict == verdict::unknown);
    here.recent.counters->updated = 120'000;  // two rows a commit at least, whoever committed
    CHECK(here.about("each row is a commit of its own").verdict == verdict::ruled_out);
}

TEST_CASE("a finding that stands confirms its hypothesis, that of another database does not") {
    healthy here;
    standing_finding late;
    late.finding.rule = "autovacuum_due";
    late.finding.database = "other";
    late.finding.subject = "public.orders";
    late.finding.figures_text = "124M dead of 747M (16.6%)";
    here.server.findings = {late};
    CHECK(here.about("autovacuum comes late").verdict == verdict::ruled_out);
    here.server.findings[0].finding.database = "app";
    CHECK(here.about("autovacuum comes late").verdict == verdict::confirmed);
    CHECK(here.about("autovacuum comes late").proof == "public.orders: 124M dead of 747M (16.6%)");
}

TEST_CASE("bloat is told by the worst table, not by the sum") {
    healthy here;
    here.full.tables[0].live_rows = 100'000'000;
    auto child = here.full.tables[0];
    child.name = "orders_2026";
    child.live_rows = 20'000;
    child.dead_rows = 10'000;
    here.full.tables.push_back(child);
    const auto dead = here.about("dead rows pile up");
    CHECK(dead.verdict == verdict::confirmed);
    CHECK(dead.proof == "worst of 2 tables: public.orders_2026, 10.0k dead of 30.0k (33.3%)");
    here.full.tables[1].dead_rows = 9'999;
    CHECK(here.about("dead rows pile up").verdict == verdict::ruled_out);
    here.full.tables[1].options = {"autovacuum_enabled=false"};
    CHECK(here.about("autovacuum is switched off").proof == "off for 1 table");
    here.full.tables[0].due_since = noon - 10min;
    CHECK(here.about("autovacuum comes late").verdict == verdict::confirmed);
    here.full.tables[0].due_since = noon - 3min;
    CHECK(here.about("autovacuum comes late").verdict == verdict::ruled_out);
    here.full.tables[0].updated = 50'000;
    here.full.tables[0].updated_hot = 1'000;
    CHECK(here.about("updates are not HOT: indexes, fillfactor").proof ==
          "public.orders: 2% of 50.0k updates are");
}

TEST_CASE("waits tell processors, files, locks and commits apart") {
    healthy here;
    here.server.waits.shares = {{"app", "CPU", "", 2.9},
                                {"app", "IPC", "XactSync", 0.9},
                                {"app", "IO", "DataFileRead", 0.3},
                                {"other", "Lock", "", 9}};
    CHECK(here.about("sessions work on processors, and do not wait").proof ==
          "CPU 2.9 of 4.1 active sessions");
    CHECK(here.about("sessions work on processors, and do not wait").verdict == verdict::confirmed);
    CHECK(here.about("commits wait for WAL to be safe").verdict == verdict::confirmed);
    CHECK(here.about("sessions wait for reads and writes of files").verdict == verdict::ruled_out);
    CHECK(here.about("writers wait for each other's locks").verdict == verdict::ruled_out);
    here.server.waits = {};
    CHECK(here.about("commits wait for WAL to be safe").verdict == verdict::unknown);
}

TEST_CASE("locks, connections, slots and standbys are judged by their limits") {
    healthy here;
    auto waiter = idle("");
    waiter.state = "active";
    waiter.blocked_by = {7};
    waiter.waits_since = noon - 29s;
    here.seen.sessions = {waiter};
    CHECK(here.about("sessions wait for a lock of another one").verdict == verdict::ruled_out);
    CHECK(here.about("sessions wait for a lock of another one").proof ==
          "1 waiting, for up to 29 s");
    here.seen.sessions[0].waits_since = noon - 31s;
    CHECK(here.about("sessions wait for a lock of another one").verdict == verdict::confirmed);
    here.seen.connections_max = 4;
    here.seen.sessions.push_back(waiter);
    CHECK(here.about("connections run out").verdict == verdict::confirmed);
    here.seen.slots.emplace_back().inactive_since = noon - 2h;
    CHECK(here.about("a slot that nobody reads keeps WAL").verdict == verdict::confirmed);
    here.seen.slots[0].inactive_since = noon - 10min;
    CHECK(here.about("a slot that nobody reads keeps WAL").verdict == verdict::ruled_out);
    here.seen.slots[0].wal_status = "lost";
    CHECK(here.about("a slot that nobody reads keeps WAL").verdict == verdict::confirmed);
    here.seen.standbys.emplace_back().replay_bytes = 5'000'000'000;
    CHECK(here.about("a standby is far behind").proof == "5.0 GB behind");
}

TEST_CASE("what is not known yet, or hidden, is unknown and never ruled out") {
    watched_server server;
    watched_database database;
    database.what.database = "app";
    const auto nothing = inputs_now(server, database, std::nullopt, {});
    for (const auto& one : hypotheses(nothing)) {
        INFO(one.text);
        CHECK(one.verdict == verdict::unknown);
        CHECK(!one.proof.empty());
    }
    CHECK(ruled_out(nothing).empty());
    CHECK(diagnosis(nothing).find("Nothing is confirmed.") != std::string::npos);

    healthy here;
    here.seen.sessions = {idle("")};
    here.seen.sessions[0].state.clear();
    here.seen.missing = {"sessions of other roles: hidden; GRANT pg_monitor TO tallyfs"};
    CHECK(here.about("zombie sessions block vacuum").verdict == verdict::unknown);
    CHECK(here.about("something old holds back vacuum").verdict == verdict::unknown);
    CHECK(diagnosis(here.inputs()).find("## Hidden from us\n\n- sessions of other roles") !=
          std::string::npos);
    here.full.statements.clear();
    CHECK(here.about("one statement takes most of the time").verdict == verdict::unknown);
}

TEST_CASE("one line says what was looked at and is not wrong") {
    healthy here;
    here.seen.sessions = {idle("")};
    here.seen.sessions[0].xmin_age = 2911;
    CHECK(ruled_out(here.inputs()) == "locks (0 waiting), xmin (oldest 2,911 tx), wraparound (9%)");
    here.seen.databases[0].xid_age = 600'000'000;
    CHECK(ruled_out(here.inputs()) == "locks (0 waiting), xmin (oldest 2,911 tx), connections (1)");
    here.seen.sessions[0].xmin_age = 1'000'000;
    CHECK(ruled_out(here.inputs()) == "locks (0 waiting), connections (1), dead rows (0)");
}

TEST_CASE("a past minute is diagnosed from what is kept, and says which minute that is") {
    zone::use("Europe/Berlin");
    past_minute past;
    auto& kept = past.figures.emplace();
    kept.minute = *parse_rfc3339("2026-11-20T12:28:00Z");
    kept.counters = {60, 49'500, 0, 49'995, 0, 0, 0, 0, 0, 10, 49'500};
    kept.idle_in_transaction = 35;
    kept.idle_holding = 0;
    kept.oldest_xmin_age = 2911;
    kept.oldest_xmin_holder = "session";
    kept.tables_due = 1;
    kept.dead_rows = 124'000'000;
    kept.dead_percent_max = 16.6;
    past.tables.emplace_back().name = "a|b";
    past.tables[0].schema = "public";
    past.statements.emplace_back().query = "SELECT <b>";
    const auto of = [&](wall_time asked) {
        return diagnosis(inputs_past({"prod", "orders-cl"}, "app", asked, past, {}));
    };
    const auto text = of(kept.minute + 30s);
    CHECK(text.find("Fri 2026-11-20 13:28 CET: what history/ holds of this minute.") !=
          std::string::npos);
    CHECK(text.find("**confirmed** | 1.01 rows a commit at 825/s") != std::string::npos);
    CHECK(text.find("**confirmed** | worst table 16.6%, 124M dead in all") != std::string::npos);
    CHECK(text.find("unknown | 1 table over the threshold; since when is not kept") !=
          std::string::npos);
    CHECK(text.find("| public.a\\|b |") != std::string::npos);
    CHECK(text.find("SELECT \\<b>") != std::string::npos);
    CHECK(of(kept.minute + 2min).find("the figures are of Fri 2026-11-20 13:28 CET.") !=
          std::string::npos);
    past.figures.reset();
    CHECK(of(kept.minute).find("nothing is kept of this minute") != std::string::npos);
    zone::use("UTC");
}
