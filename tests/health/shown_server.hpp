// A server as the collector would publish it, for tests of what is made from it.
// Shape: include/tallyfs/health/watched.hpp.
#pragma once

#include <tallyfs/health/watched.hpp>

#include <memory>

namespace tallyfs::test {

/// When the server was looked at.
inline const wall_time looked_at = *parse_rfc3339("2026-11-20T13:31:02Z");

/// prod/orders-cl with the databases app and crm, looked at, without a finding.
[[nodiscard]] inline health::watched_server shown_server() {
    using namespace std::chrono_literals;
    auto seen = std::make_shared<health::sample>();
    seen->taken = looked_at;
    seen->version = 150'020;
    seen->version_text = "15.20";
    seen->flavour = "PostgreSQL";
    seen->connections_max = 400;
    seen->databases.resize(2);
    seen->databases[0].name = "app";
    seen->databases[0].xid_age = 180'000'000;
    seen->databases[1].name = "crm";
    auto full = std::make_shared<health::snapshot>();
    full->taken = looked_at - 1min;
    full->database = "app";
    full->bytes = 12'100'000'000;
    full->schema_fingerprint = "00";

    health::watched_server made;
    made.id = {"prod", "orders-cl"};
    made.host = "10.2.4.10";
    made.port = 5432;
    made.reach.seen = looked_at;
    made.sample = seen;
    made.databases.resize(2);
    for (auto& one : made.databases) {
        one.what.cluster = made.id;
        one.what.host = made.host;
        one.reach.seen = looked_at;
    }
    made.databases[0].what.database = "app";
    made.databases[0].full = full;
    made.databases[0].next_full = looked_at + 29min;
    made.databases[1].what.database = "crm";
    return made;
}

/// A copy of the sample that may be changed, put in its place.
[[nodiscard]] inline health::sample& sample_of(health::watched_server& server) {
    auto copy = std::make_shared<health::sample>(*server.sample);
    server.sample = copy;
    return *copy;
}
/// The same for the newest snapshot of the first database.
[[nodiscard]] inline health::snapshot& snapshot_of(health::watched_server& server) {
    auto copy = std::make_shared<health::snapshot>(*server.databases[0].full);
    server.databases[0].full = copy;
    return *copy;
}

[[nodiscard]] inline health::standing_finding late_autovacuum() {
    health::standing_finding one;
    one.finding.rule = "autovacuum_due";
    one.finding.database = "app";
    one.finding.subject = "public.table_a";
    one.finding.severity = health::severity::warning;
    one.finding.title = "autovacuum late";
    one.finding.figures_text = "124M dead of 747M (16.6%)";
    one.finding.lines = {"triggers at 72.5M dead rows; last run took 2 h 15 min"};
    one.finding.figures = {{"dead_rows", 124'000'000}, {"live_rows", 623'000'000}};
    one.finding.remedy.advice = "lower the table's thresholds";
    one.finding.remedy.kind = "pg-table-options";
    one.finding.remedy.parameters = {{"table", "public.table_a"}};
    one.finding.remedy.sql =
        "ALTER TABLE public.table_a SET (autovacuum_vacuum_scale_factor = 0.01);";
    one.finding.remedy.undo = "ALTER TABLE public.table_a RESET (autovacuum_vacuum_scale_factor);";
    one.finding.since = *parse_rfc3339("2026-11-20T09:51:00Z");
    one.request = "0057-pg-table-options";
    return one;
}

[[nodiscard]] inline health::session client(std::int32_t pid, std::string state) {
    health::session one;
    one.pid = pid;
    one.database = "app";
    one.user = "web";
    one.client = "10.2.4.17";
    one.backend_type = "client backend";
    one.state = std::move(state);
    return one;
}

}  // namespace tallyfs::test
