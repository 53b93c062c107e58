#include "health/read_csv.hpp"
#include "health/shown_server.hpp"
#include "support/catch.hpp"

#include <tallyfs/base/day.hpp>
#include <tallyfs/health/report.hpp>

#include <nlohmann/json.hpp>

using namespace tallyfs;
using namespace tallyfs::health;
using namespace std::chrono_literals;
using test::read_csv;
using test::shown_server;

namespace {

using json = nlohmann::json;

const std::string hostile = "a,\"b\"\n-- \xe2\x80\xae=1+1;\r\n\\! id\nDROP TABLE t;";

}  // namespace

TEST_CASE("every list has its header also when nothing is known") {
    auto server = shown_server();
    server.sample = nullptr;
    auto& database = server.databases[1];
    for (const auto& text :
         {findings_csv({}), sessions_csv(server), locks_csv(server), waits_csv(server),
          slots_csv(server), xmin_holders_csv(server), connections_csv(server),
          tables_csv(server, database), queries_csv(database), roles_csv(database)}) {
        CHECK(std::ranges::count(text, '\n') == 1);
        CHECK(std::ranges::count(text, ',') > 3);
        CHECK(read_csv(text).empty());
    }
    CHECK(json::parse(wraparound_json(server))["databases"].empty());
    CHECK(json::parse(findings_json(server, "crm"))["findings"].empty());
    CHECK(recommendations_sql(server, "crm").find("-- ") == 0);
    CHECK(schema_sql(database).starts_with("-- Not read yet"));
}

TEST_CASE("sessions are listed with those first that somebody should look at") {
    auto server = shown_server();
    auto& seen = test::sample_of(server);
    seen.sessions = {test::client(1, "idle"), test::client(2, "active"),
                     test::client(3, "idle in transaction"), test::client(4, "active")};
    seen.sessions[2].state_change = test::looked_at - 90s;
    seen.sessions[2].xid_age = 17;
    seen.sessions[3].blocked_by = {3, 2};
    seen.sessions[3].query = "UPDATE t SET a = ?";
    const auto rows = read_csv(sessions_csv(server));
    REQUIRE(rows.size() == 4);
    CHECK(rows[0].at("pid") == "4");
    CHECK(rows[0].at("blocked_by_pids") == "3 2");
    CHECK(rows[0].at("query") == "UPDATE t SET a = ?");
    CHECK(rows[1].at("pid") == "3");
    CHECK(rows[1].at("state_seconds") == "90");
    CHECK(rows[1].at("xid_age_transactions") == "17");
    CHECK(rows[1].at("xmin_age_transactions").empty());
    CHECK(rows[2].at("pid") == "2");
    CHECK(rows[3].at("pid") == "1");
}

TEST_CASE("a queue of locks names the one at its root") {
    auto server = shown_server();
    auto& seen = test::sample_of(server);
    for (const auto pid : {10, 11, 12, 13}) seen.sessions.push_back(test::client(pid, "active"));
    seen.sessions[0].state = "idle in transaction";
    seen.sessions[0].user = "batch";
    seen.sessions[0].transaction_start = test::looked_at - 10min;
    seen.sessions[1].blocked_by = {10};
    seen.sessions[1].waits_since = test::looked_at - 20s;
    seen.sessions[2].blocked_by = {11};  // behind the first waiter
    seen.sessions[2].waits_since = test::looked_at - 50s;
    seen.sessions[3].blocked_by = {0};  // a prepared transaction has no pid
    const auto rows = read_csv(locks_csv(server));
    REQUIRE(rows.size() == 3);
    CHECK(rows[0].at("pid") == "12");
    CHECK(rows[0].at("waits_seconds") == "50");
    CHECK(rows[0].at("root_pid") == "10");
    CHECK(rows[0].at("root_role") == "batch");
    CHECK(rows[0].at("root_transaction_seconds") == "600");
    CHECK(rows[0].at("root_waiters") == "2");
    CHECK(rows[1].at("pid") == "11");
    CHECK(rows[2].at("root_pid") == "0");
    CHECK(rows[2].at("root_role").empty());
}

TEST_CASE("a circle of sessions that wait for each other is listed and ends") {
    auto server = shown_server();
    auto& seen = test::sample_of(server);
    seen.sessions = {test::client(1, "active"), test::client(2, "active"),
                     test::client(3, "active")};
    seen.sessions[0].blocked_by = {2};
    seen.sessions[1].blocked_by = {1};
    seen.sessions[2].blocked_by = {3};
    CHECK(read_csv(locks_csv(server)).size() == 3);
}

TEST_CASE("connections are counted by who has them, background processes left out") {
    auto server = shown_server();
    auto& seen = test::sample_of(server);
    for (int i = 0; i < 3; ++i) seen.sessions.push_back(test::client(i, "idle"));
    seen.sessions.push_back(test::client(3, "idle in transaction (aborted)"));
    seen.sessions.push_back(test::client(4, ""));
    auto other = test::client(5, "active");
    other.user = "batch";
    seen.sessions.insert(seen.sessions.begin(), other);
    seen.sessions.push_back({});
    seen.sessions.back().backend_type = "checkpointer";
    const auto rows = read_csv(connections_csv(server));
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].at("role") == "web");
    CHECK(rows[0].at("connections") == "5");
    CHECK(rows[0].at("percent_of_max") == "1.2");
    CHECK(rows[0].at("idle") == "3");
    CHECK(rows[0].at("idle_in_transaction") == "1");
    CHECK(rows[0].at("state_hidden") == "1");
    CHECK(rows[1].at("active") == "1");
}

TEST_CASE("who holds back vacuum is listed with what he holds back") {
    auto server = shown_server();
    auto& seen = test::sample_of(server);
    seen.sessions = {test::client(1, "idle in transaction"), test::client(2, "active"),
                     test::client(3, "idle in transaction")};
    seen.sessions[0].xid_age = 50;
    seen.sessions[1].xmin_age = 9;
    seen.sessions[1].application = "tallyfs";
    seen.prepared.push_back({"tx-1", "crm", "anna", test::looked_at, 80});
    seen.slots.push_back({"cdc", "logical", "pgoutput", "app", false, "lost", std::nullopt,
                          std::nullopt, 60, test::looked_at});
    seen.standbys.push_back({"replica", "10.0.0.2", "streaming", 70, 0});
    const auto rows = read_csv(xmin_holders_csv(server));
    REQUIRE(rows.size() == 4);
    CHECK(rows[0].at("kind") == "prepared transaction");
    CHECK(rows[0].at("holder") == "tx-1");
    CHECK(rows[0].at("role") == "anna");
    CHECK(rows[1].at("holds_back") == "tables of all databases");
    CHECK(rows[2].at("holds_back") == "system catalogues");
    CHECK(rows[3].at("holder") == "pid 1");
    CHECK(rows[3].at("holds_back") == "tables of app and shared ones");
    const auto slots = read_csv(slots_csv(server));
    CHECK(slots.at(0).at("active") == "no");
    CHECK(slots.at(0).at("wal_status") == "lost");
    CHECK(slots.at(0).at("inactive_since_utc") == "2026-11-20T13:31:02.000000Z");
}

TEST_CASE("wraparound is told by what is left until the server stops writing") {
    auto server = shown_server();
    auto& seen = test::sample_of(server);
    seen.databases[1].xid_age = 2'000'000'000;
    seen.settings["autovacuum_freeze_max_age"] = "300000000";
    table old;
    old.schema = "public";
    old.name = "old";
    old.toast_xid_age = 190'000'000;
    test::snapshot_of(server).tables = {{}, old};
    auto shown = json::parse(wraparound_json(server));
    CHECK(shown["sampled_utc"] == "2026-11-20T13:31:02.000000Z");
    CHECK(shown["limits"]["forced_vacuum_at_age"] == 300'000'000);
    CHECK(shown["databases"][0]["database"] == "crm");
    CHECK(shown["databases"][0]["transactions"]["left_until_writes_stop"] == 144'483'648);
    CHECK(shown["databases"][0]["transactions"]["left_until_forced_vacuum"] == 0);
    CHECK(shown["databases"][0]["transactions"]["percent"] == 93.1);
    CHECK(shown["databases"][1]["oldest_tables"][0]["table"] == "public.old");
    CHECK(shown["databases"][1]["tables_seen_utc"] == "2026-11-20T13:30:02.000000Z");
    seen.version = 130'000;
    shown = json::parse(wraparound_json(server));
    CHECK(shown["limits"]["server_warns_at_age"] == 2'136'483'648);
}

TEST_CASE("findings are rows with their figures, the worst first") {
    auto server = shown_server();
    auto worse = test::late_autovacuum();
    worse.finding.severity = severity::critical;
    worse.finding.subject = hostile;
    worse.finding.since = {};
    server.findings = {test::late_autovacuum(), worse};
    const auto rows = read_csv(findings_csv({std::make_shared<const watched_server>(server)}));
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].at("severity") == "critical");
    CHECK(rows[0].at("subject") == hostile);
    CHECK(rows[0].at("since_utc").empty());
    CHECK(rows[1].at("figures") == "dead_rows=124000000 live_rows=623000000");
    CHECK(rows[1].at("since_utc") == "2026-11-20T09:51:00.000000Z");
    CHECK(rows[1].at("request") == "0057-pg-table-options");

    const auto shown = json::parse(findings_json(server, "app"))["findings"];
    REQUIRE(shown.size() == 2);
    CHECK(shown[0]["figures"]["dead_rows"] == 124'000'000);
    CHECK(shown[0]["remedy"]["parameters"]["table"] == "public.table_a");
    CHECK(shown[0]["muted_by"].is_null());
    CHECK(shown[1]["subject"] == hostile);
    CHECK(findings_json(server, "app").find("\xe2\x80\xae") == std::string::npos);
    CHECK(json::parse(findings_json(server, ""))["findings"].empty());
}

TEST_CASE("a text that a spreadsheet would calculate is only a text") {
    auto server = shown_server();
    auto& seen = test::sample_of(server);
    seen.sessions.push_back(test::client(1, "active"));
    seen.sessions[0].application = "=HYPERLINK(\"http://evil\")";
    seen.sessions[0].query = "@SUM(A1)";
    const auto rows = read_csv(sessions_csv(server));
    CHECK(rows.at(0).at("application") == "'=HYPERLINK(\"http://evil\")");
    CHECK(rows.at(0).at("query") == "'@SUM(A1)");
}

TEST_CASE("recommendations are SQL with finding, reason and undo in comments") {
    zone::use("UTC");
    auto server = shown_server();
    auto only_advice = test::late_autovacuum();
    only_advice.finding.remedy.sql.clear();
    auto muted = test::late_autovacuum();
    muted.muted_by = "anna";
    server.findings = {only_advice, test::late_autovacuum(), muted};
    CHECK(recommendations_sql(server, "app") ==
          "--       What the findings of prod/orders-cl/app recommend.\n"
          "--       Read it, then run all of it, or what you like of it:\n"
          "--       psql -h 10.2.4.10 -p 5432 -d app -v ON_ERROR_STOP=1 -f\n"
          "--       recommendations.sql\n"
          "\n"
          "-- WARN  autovacuum late\n"
          "-- of    public.table_a\n"
          "-- since Fri 2026-11-20 09:51:00 UTC\n"
          "-- why   124M dead of 747M (16.6%)\n"
          "--       triggers at 72.5M dead rows; last run took 2 h 15 min\n"
          "-- do    lower the table's thresholds\n"
          "-- asked approvals/*/0057-pg-table-options\n"
          "-- undo  ALTER TABLE public.table_a RESET (autovacuum_vacuum_scale_factor);\n"
          "ALTER TABLE public.table_a SET (autovacuum_vacuum_scale_factor = 0.01);\n"
          "\n"
          "--       1 muted finding left out.\n");
    CHECK(recommendations_sql(server, "crm").find("Nothing to run") != std::string::npos);
}

TEST_CASE("no name or figure of a finding runs as SQL") {
    auto server = shown_server();
    auto one = test::late_autovacuum();
    for (auto* text : {&one.finding.subject, &one.finding.title, &one.finding.figures_text,
                       &one.finding.remedy.advice, &one.finding.remedy.undo, &one.request}) {
        *text = hostile;
    }
    one.finding.lines = {hostile, std::string(300, 'x') + " " + hostile};
    one.finding.remedy.sql = "SELECT 1";
    server.findings = {one};
    server.id.cluster = hostile;
    const auto text = recommendations_sql(server, "app");
    std::vector<std::string> run;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = text.find_first_of("\r\n", at);  // either ends a comment of psql
        const auto line = text.substr(at, end - at);
        if (!line.empty() && !line.starts_with("-- ")) run.push_back(line);
        at = end + 1;
    }
    CHECK(run == std::vector<std::string>{"SELECT 1;"});
}
