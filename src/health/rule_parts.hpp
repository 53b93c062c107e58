// What the rules have in common: figures, rows of evidence, remedies, the worst of many.
// The rules themselves: docs/databases.md, "Rules".
#pragma once

#include <tallyfs/health/autovacuum.hpp>
#include <tallyfs/health/holders.hpp>
#include <tallyfs/health/rules.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tallyfs::health {

using findings = std::vector<finding>;

/// A table with what autovacuum goes by.
struct examined {
    const table* what;
    vacuum_terms terms;
};
struct database_case {
    const database_view& view;
    const thresholds& limits;
    std::vector<examined> tables;
    std::vector<xmin_holder> holders;  ///< of the server, the oldest first
};

// One function a rule; each adds what it finds.
void judge_sessions(const server_view& view, const thresholds& limits, findings& into);
void judge_locks(const server_view& view, const thresholds& limits, findings& into);
void judge_connections(const server_view& view, const thresholds& limits, findings& into);
void judge_holders(const server_view& view, const thresholds& limits, findings& into);
void judge_slots(const server_view& view, const thresholds& limits, findings& into);
void judge_commits(const server_view& view, const thresholds& limits, findings& into);
void judge_server_ages(const server_view& view, const thresholds& limits, findings& into);
void judge_server_autovacuum(const server_view& view, findings& into);
void judge_dead_rows(const database_case& all, findings& into);
void judge_partitions(const database_case& all, findings& into);
void judge_churn(const database_case& all, findings& into);
void judge_table_ages(const database_case& all, findings& into);
void judge_autovacuum_off(const database_case& all, findings& into);
void judge_autovacuum(const database_case& all, findings& into);

/// Keeps the first rows, counts all.
void add_row(evidence& into, std::vector<std::string> row);
/// Seconds from `start` to `now`; 0 if it is unknown or later.
[[nodiscard]] std::int64_t seconds_since(moment start, wall_time now);
/// "2 h 15 min", "133 days"; "an unknown time"
[[nodiscard]] std::string age_text(moment start, wall_time now);
[[nodiscard]] std::string plain(std::int64_t value);
[[nodiscard]] std::string plain(const count& value);  ///< "" if it is unknown
[[nodiscard]] double percent(std::int64_t part, std::int64_t whole);
[[nodiscard]] bool is_client(const session& one);
/// Its place in a list of evidence: session_columns.
[[nodiscard]] std::vector<std::string> session_row(const session& one, wall_time now);
inline constexpr std::string_view session_columns[] = {
    "pid", "role", "database", "application", "client", "state", "state_seconds", "query"};
[[nodiscard]] evidence evidence_of(std::span<const session* const> sessions, wall_time now);

/// Ends these, in the order given: those that are clients' and can be told from a later session
/// with the same pid.
[[nodiscard]] remedy termination(std::span<const session* const> sessions, std::string advice);
/// A vacuum of a table.
[[nodiscard]] remedy vacuum_of(const table& t, bool freeze, std::string advice);
/// The oldest that has held back vacuum of this database's tables for longer than a vacuum that is
/// due may take to come; nullptr if nothing has.
[[nodiscard]] const xmin_holder* long_holder(const database_case& all);
/// Whether a vacuum of the table came while `holder` was there: what is dead still, it keeps.
[[nodiscard]] bool keeps_rows_of(const xmin_holder* holder, const table& t);
/// "session pid 4711 of app@10.2.4.17", "slot debezium"
[[nodiscard]] std::string name_of(const xmin_holder& holder);
/// Three naptimes, as configured.
[[nodiscard]] std::chrono::microseconds late_after(const database_case& all);

/// A finding a table, the worst of which are kept: `weight` orders those of equal severity.
struct weighed {
    double weight;
    finding found;
};
inline constexpr std::size_t findings_a_rule_max = 50;
/// The rest becomes one finding with the subject "(others)" that names them.
void add_worst(findings& into, std::vector<weighed> found);

}  // namespace tallyfs::health
