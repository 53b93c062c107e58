// What would mend a finding, as the exact SQL: what is checked first, what is done, what takes it
// back. Pure. Kinds and parameters: docs/databases.md, "Remedies".
#pragma once

#include <tallyfs/health/finding.hpp>
#include <tallyfs/health/sample.hpp>
#include <tallyfs/health/snapshot.hpp>
#include <tallyfs/health/sql_text.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::health {

using remedy_parameters = std::map<std::string, std::string>;

/// A kind of remedy as it can be asked for.
struct remedy_kind {
    std::string_view name;        ///< "pg-vacuum"
    std::string_view meaning;     ///< one sentence
    std::string_view parameters;  ///< for people: "database=ENV/CLUSTER/DB table=schema.name"
    bool changes_table = false;   ///< what it changes shows in a full snapshot; else in a sample
};
/// All of them, by name.
[[nodiscard]] std::span<const remedy_kind> remedy_kinds() noexcept;
[[nodiscard]] const remedy_kind* find_remedy_kind(std::string_view name) noexcept;

/// Statements without their semicolons.
struct script {
    /// Each fails where things are no longer as they were when it was proposed.
    std::vector<std::string> checks;
    std::vector<std::string> statements;
    bool in_transaction = false;  ///< checks and statements in one; else each by itself

    /// What runs, to be read before it is approved: with BEGIN and COMMIT.
    [[nodiscard]] std::string text() const;
    /// `statements` alone, for a person who looks at what they paste.
    [[nodiscard]] std::string statements_text() const;
    bool operator==(const script&) const = default;
};

struct remedy_plan {
    std::string problem;  ///< "" or why there is none: which parameter is wrong, and how
    std::string title;    ///< "Vacuum public.orders"
    script forward;
    std::optional<script> undo;  ///< nullopt: it cannot be undone
};
/// `database` and `finding` among the parameters say where and why, and change nothing here.
[[nodiscard]] remedy_plan plan_of(std::string_view kind, const remedy_parameters& all);

/// A session, and the transaction in which it was seen.
struct session_reference {
    std::int32_t pid = 0;
    wall_time backend_start{};
    moment transaction_start;  ///< nullopt: whatever it does
    bool operator==(const session_reference&) const = default;
};
/// A plan of more would be longer than a request can hold.
inline constexpr std::size_t sessions_max = 36;
/// "pid@START/TRANSACTION,pid@START": of `sessions`, `sessions2`, …; nullopt if one is none.
[[nodiscard]] std::optional<std::vector<session_reference>> sessions_of(
    const remedy_parameters& all);
/// Those that are still there and in the same transaction, as a query with one column `pid`.
[[nodiscard]] std::string remaining_sessions_sql(const std::vector<session_reference>& sessions);

/// Storage parameters, as pg_class.reloptions has them: "autovacuum_enabled=false".
using table_options = std::vector<std::string>;
struct options_change {
    table_name table;
    table_options before;
    table_options wanted;
    table_options after;  ///< as the server will have them, in its order
};
/// nullopt: plan_of() says what is wrong.
[[nodiscard]] std::optional<options_change> options_change_of(const remedy_parameters& all);

/// Adds what the SQL needs and is known from what was seen: the options of now, the transactions of
/// sessions, when a transaction was prepared; numbers for table options where none are given.
/// Leaves what it does not know, for plan_of() to say. `full` may be null.
void complete(std::string_view kind, remedy_parameters& all, const sample& now,
              const snapshot* full);
/// The same for what a rule proposed, with its `sql` and `undo`; the kind goes where it has no
/// plan.
void complete(finding& found, const sample& now, const snapshot* full);

/// Figures of what a remedy is about, as they are now: before it, an hour and a day after it.
struct measurement {
    wall_time taken{};
    std::vector<figure> figures;
    bool operator==(const measurement&) const = default;
};
/// nullopt: nothing was looked at yet.
[[nodiscard]] std::optional<measurement> measure(std::string_view kind,
                                                 const remedy_parameters& all, const sample* now,
                                                 const snapshot* full);

}  // namespace tallyfs::health
