// When autovacuum will come to a table, as the server itself reckons it.
// Source: PostgreSQL, "Automatic Vacuuming", and relation_needs_vacanalyze() in autovacuum.c.
#pragma once

#include <tallyfs/health/snapshot.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::health {

using server_settings = std::map<std::string, std::string, std::less<>>;

/// What is in force for one table: its reloption, else the server's setting.
struct vacuum_terms {
    bool enabled = true;  ///< autovacuum_enabled of the table and autovacuum of the server
    bool enabled_from_table = false;
    threshold_setting vacuum_threshold;
    threshold_setting vacuum_scale_factor;
    threshold_setting insert_threshold;  ///< −1: inserts alone never bring a vacuum
    threshold_setting insert_scale_factor;
    threshold_setting analyze_threshold;
    threshold_setting analyze_scale_factor;
    threshold_setting freeze_age_max;  ///< transactions; the table's can only be lower
    threshold_setting mxid_freeze_age_max;

    double vacuum_at = 0;             ///< dead rows: a vacuum comes at more than these
    std::optional<double> insert_at;  ///< rows inserted since; nullopt: off, or before 13
    double analyze_at = 0;            ///< rows changed since the last analyze

    /// Each compares in single precision, as the server does. What is not enabled is never due.
    [[nodiscard]] bool vacuum_due(const table& t) const noexcept;  ///< by dead rows
    [[nodiscard]] bool insert_due(const table& t) const noexcept;  ///< by inserted rows
    [[nodiscard]] bool analyze_due(const table& t) const noexcept;
    [[nodiscard]] bool freeze_due(const table& t) const noexcept;  ///< forced, also if not enabled
};

/// A setting as a number in the server's own unit; `fallback` if it is missing or is none.
[[nodiscard]] double setting_number(const server_settings& settings, std::string_view name,
                                    double fallback);

/// A setting that is missing has the value that PostgreSQL comes with.
[[nodiscard]] vacuum_terms terms_of(const table& t, const server_settings& settings);

/// Fills in due_since of the tables of `now` from the snapshot before it.
void carry_over(const snapshot* before, snapshot& now, const server_settings& settings);

}  // namespace tallyfs::health
