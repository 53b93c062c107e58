#include "health/shown_server.hpp"
#include "support/catch.hpp"

#include <tallyfs/base/day.hpp>
#include <tallyfs/health/report.hpp>

#include <algorithm>
#include <sstream>

using namespace tallyfs;
using namespace tallyfs::health;
using namespace std::chrono_literals;
using test::shown_server;

namespace {

/// At most 80 columns of printable ASCII, no trailing blanks.
void check_screen(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        INFO(line);
        CHECK(line.size() <= 80);
        CHECK_FALSE(line.ends_with(' '));
        CHECK(std::ranges::all_of(line, [](char c) { return c >= ' ' && c < 0x7f; }));
    }
    CHECK(text.ends_with('\n'));
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

standing_finding commits() {
    standing_finding one;
    one.finding.rule = "commit_per_row";
    one.finding.database = "app";
    one.finding.severity = severity::critical;
    one.finding.title = "commit per row";
    one.finding.figures_text = "1.01 rows a commit, 825 commits/s";
    one.finding.lines = {"stream_loader, 6 sessions: INSERT INTO event_log VALUES ($1, $2)"};
    one.finding.remedy.advice = "batch 500 rows a transaction (in the application)";
    one.finding.since = *parse_rfc3339("2026-07-10T13:24:00Z");
    return one;
}

}  // namespace

TEST_CASE("a database's screen says what is wrong, what to do, and what is not the reason") {
    zone::use("UTC");
    auto server = shown_server();
    server.findings = {commits(), test::late_autovacuum()};
    server.databases[0].what.owner = "anna";
    server.databases[0].what.tags = {"billing"};
    server.databases[0].what.source = "registry.csv";
    server.waits.covered = 600s;
    server.waits.shares = {{"app", "CPU", "", 2.94},
                           {"app", "IO", "WALSync", 0.9},
                           {"app", "LWLock", "WALWrite", 0.02},
                           {"crm", "CPU", "", 7.0}};
    CHECK(status_text(server, server.databases[0], "locks (0 waiting), wraparound (9%)") ==
          "prod/orders-cl/app  PostgreSQL 15.20, primary               1 CRIT 1 WARN 0 INFO\n"
          "Fri 2026-11-20 13:31:02 UTC, full snapshot 13:30, next 14:00\n"
          "\n"
          "CRIT  commit per row, for 133 days      1.01 rows a commit, 825 commits/s\n"
          "      stream_loader, 6 sessions: INSERT INTO event_log VALUES ($1, $2)\n"
          "      do: batch 500 rows a transaction (in the application)\n"
          "WARN  autovacuum late, since 09:51      public.table_a 124M dead of 747M (16.6%)\n"
          "      triggers at 72.5M dead rows; last run took 2 h 15 min\n"
          "      do: lower the table's thresholds\n"
          "      do: cat approvals/*/0057-pg-table-options/evidence.md (can be undone)\n"
          "\n"
          "LOAD         CPU 2.9, IO:WALSync 0.9 active sessions (10 min)\n"
          "RULED OUT    locks (0 waiting), wraparound (9%)\n"
          "SESSIONS     0 of 400 connections, 0 active, 0 idle in transaction, 0 waiting\n"
          "TABLES       0 tables, 12.1 GB, 0 due for autovacuum\n"
          "REGISTERED   10.2.4.10:5432, owner anna, billing (registry.csv)\n");
}

TEST_CASE("a database that cannot be looked at says since when and why") {
    zone::use("UTC");
    auto server = shown_server();
    server.reach.failing_since = test::looked_at + 4min;
    server.reach.problem = "connection refused: is the server up at 10.2.4.10:5432?";
    server.findings = {test::late_autovacuum()};
    const auto text = status_text(server, server.databases[0], "");
    check_screen(text);
    CHECK(has(text,
              "DOWN  cannot be looked at since Fri 2026-11-20 13:35:02 UTC\n"
              "      connection refused: is the server up at 10.2.4.10:5432?\n"
              "      last seen Fri 2026-11-20 13:31:02 UTC; what follows is of then\n"
              "WARN  autovacuum late"));
    CHECK(has(status_text(server), "DOWN  cannot be looked at since Fri 2026-11-20 13:35:02"));
    const auto all = status_text({std::make_shared<const watched_server>(server)}, {});
    check_screen(all);
    CHECK(has(all, "2 DOWN 0 CRIT 1 WARN 0 INFO\n"));
    CHECK(has(all, "DOWN  prod/orders-cl, since Fri 2026-11-20 13:35:02 UTC\n"));

    server.sample = nullptr;
    server.reach.seen = std::nullopt;
    CHECK(has(status_text(server, server.databases[1], ""), "never seen since the start"));
}

TEST_CASE("what nothing is known of is not called healthy") {
    zone::use("UTC");
    auto server = shown_server();
    CHECK(has(status_text(server, server.databases[0], ""), "OK    nothing is wrong"));
    CHECK(has(status_text(server, server.databases[1], ""), "NEW   nothing is known yet"));
    server.sample = nullptr;
    CHECK(has(status_text(server), "NEW   nothing is known yet"));
    server.databases[0].what.active = false;
    const auto off = status_text(server, server.databases[0], "");
    CHECK(has(off, "OFF   not looked at"));
    CHECK_FALSE(has(off, "nothing is wrong"));
}

TEST_CASE("what is hidden from us is said, with what to do") {
    zone::use("UTC");
    auto server = shown_server();
    test::sample_of(server).missing = {"pg_stat_replication: GRANT pg_monitor TO tallyfs"};
    test::snapshot_of(server).missing = {"pg_stat_statements: CREATE EXTENSION it"};
    const auto text = status_text(server, server.databases[0], "");
    CHECK(has(text, "NOT SEEN     pg_stat_replication: GRANT pg_monitor TO tallyfs\n"));
    CHECK(has(text, "NOT SEEN     pg_stat_statements: CREATE EXTENSION it\n"));
}

TEST_CASE("a muted finding comes last, is marked and not counted") {
    zone::use("UTC");
    auto server = shown_server();
    auto muted = commits();
    muted.muted_by = "anna until 2026-12-01: known, DB-12";
    server.findings = {muted, test::late_autovacuum()};
    const auto text = status_text(server, server.databases[0], "");
    CHECK(has(text, "0 CRIT 1 WARN 0 INFO 1 MUTED\n"));
    CHECK(text.find("WARN  autovacuum late") < text.find("MUTE  commit per row"));
    CHECK(has(text, "      muted by anna until 2026-12-01: known, DB-12\n"));
    CHECK(findings_csv({std::make_shared<const watched_server>(server)}).find("warning") <
          findings_csv({std::make_shared<const watched_server>(server)}).find("critical"));
}

TEST_CASE("a server's screen shows its queue, its oldest xmin and its databases") {
    zone::use("UTC");
    auto server = shown_server();
    auto& seen = test::sample_of(server);
    auto holder = test::client(4711, "idle in transaction");
    holder.xid_age = 2911;
    auto waiter = test::client(4712, "active");
    waiter.blocked_by = {4711};
    seen.sessions = {holder, waiter};
    seen.slots.push_back({"debezium", "logical", "pgoutput", "app", false, "extended",
                          3'100'000'000, std::nullopt, 7, std::nullopt});
    seen.vacuums.push_back(
        {99, "app", "public.orders", "scanning heap", 1000, 450, 0, true, test::looked_at - 12min});
    server.findings = {test::late_autovacuum()};
    const auto text = status_text(server);
    check_screen(text);
    for (const auto* line :
         {"prod/orders-cl  PostgreSQL 15.20, primary                   0 CRIT 1 WARN 0 INFO\n",
          "WARN  app: autovacuum late, since 09:51\n",
          "SESSIONS     2 of 400 connections, 1 active, 1 idle in transaction, 1 waiting\n",
          "OLDEST XMIN  2,911 transactions: session pid 4711\n",
          "WRAPAROUND   transactions 8.4%, multixacts 0.0% of the way\n",
          "SLOTS        1 slot, 1 inactive, 3.1 GB of WAL kept\n",
          "VACUUM       app: public.orders (autovacuum), scanning heap 45.0%, for 12 min\n",
          "app                                      WARN      0     1     0    12.1 GB\n",
          "crm                                      NEW       0     0     0          -\n"}) {
        INFO(text);
        CHECK(has(text, line));
    }
}

TEST_CASE("of all databases the worst come first") {
    zone::use("UTC");
    watched_servers all;
    for (const auto* cluster : {"a-cl", "b-cl", "c-cl"}) {
        auto server = shown_server();
        server.id.cluster = cluster;
        if (server.id.cluster == "b-cl") server.findings = {commits()};
        if (server.id.cluster == "c-cl") {
            server.databases[1].reach.problem = "database \"crm\" does not exist";
            server.databases[1].reach.failing_since = test::looked_at;
        }
        all.push_back(std::make_shared<const watched_server>(server));
    }
    const std::vector<std::string> problems{"registry.csv line 7: no such environment: live"};
    CHECK(status_text(all, problems) ==
          "databases  6 on 3 servers                            1 DOWN 1 CRIT 0 WARN 0 INFO\n"
          "\n"
          "DOWN  prod/c-cl/crm, since Fri 2026-11-20 13:31:02 UTC\n"
          "      database \"crm\" does not exist\n"
          "CRIT  prod/b-cl/app: commit per row, for 133 days\n"
          "      1.01 rows a commit, 825 commits/s\n"
          "      do: batch 500 rows a transaction (in the application)\n"
          "\n"
          "DATABASE                            STATE CRIT WARN INFO     SIZE  LAST SEEN\n"
          "prod/c-cl/crm                       DOWN     0    0    0        -  11-20 13:31\n"
          "prod/b-cl/app                       CRIT     1    0    0  12.1 GB  11-20 13:31\n"
          "prod/a-cl/crm                       NEW      0    0    0        -  11-20 13:31\n"
          "prod/b-cl/crm                       NEW      0    0    0        -  11-20 13:31\n"
          "prod/a-cl/app                       OK       0    0    0  12.1 GB  11-20 13:31\n"
          "prod/c-cl/app                       OK       0    0    0  12.1 GB  11-20 13:31\n"
          "\n"
          "More of one: databases/<environment>/<cluster>/<database>/status.txt\n"
          "\n"
          "Not used of the registry:\n"
          "    registry.csv line 7: no such environment: live\n");
    const auto none = status_text(watched_servers{}, {});
    check_screen(none);
    CHECK(has(none, "No database is watched. Register one"));
}

TEST_CASE("hostile names and many findings stay within the screen") {
    zone::use("UTC");
    auto server = shown_server();
    const std::string hostile =
        "a\n\x1b[31m\xc3\xbc b " + std::string(120, 'x') + "\n\t DROP TABLE y;-- ";
    server.id.cluster = hostile;
    server.databases[0].what.database = hostile;
    auto one = test::late_autovacuum();
    one.finding.database = hostile;
    one.finding.subject = hostile;
    one.finding.title = hostile;
    one.finding.lines = {hostile, ""};
    one.finding.remedy.advice = hostile;
    for (int i = 0; i < 30; ++i) server.findings.push_back(one);
    auto& seen = test::sample_of(server);
    seen.sessions.push_back(test::client(1, hostile));
    seen.missing.assign(20, hostile);
    seen.vacuums.assign(20, {1, hostile, hostile, hostile, 10, 5, 5, true, test::looked_at});
    seen.standbys.assign(20, {hostile, hostile, hostile, 5, 5});
    server.waits.covered = 600s;
    server.waits.shares.assign(3, {hostile, hostile, hostile, 3.5});
    check_screen(status_text(server));
    check_screen(status_text(server, server.databases[0], hostile));
    CHECK(has(status_text(server, server.databases[0], ""), "and 10 more: cat findings.json\n"));
    const std::vector<std::string> problems(20, hostile);
    check_screen(status_text({std::make_shared<const watched_server>(server)}, problems));
}
