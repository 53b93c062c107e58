// From when on something is a finding: the numbers of the rules, each a setting.
// Source of the defaults: docs/databases.md, "Rules".
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace tallyfs::health {

struct thresholds {
    std::int64_t dead_rows_min = 10'000;
    std::int64_t dead_ratio_warning_percent = 10;
    std::int64_t dead_ratio_critical_percent = 20;
    std::int64_t autovacuum_late_naptimes = 3;
    std::int64_t xid_age_warning = 500'000'000;
    std::int64_t xid_age_critical = 1'000'000'000;
    std::int64_t xmin_age_warning = 1'000'000;
    std::int64_t xmin_age_critical = 50'000'000;
    std::int64_t idle_in_transaction_seconds = 300;
    std::int64_t commit_per_row_rows_percent = 150;  ///< rows per 100 commits
    std::int64_t commit_per_row_commits_per_second = 100;
    std::int64_t lock_wait_seconds = 30;
    std::int64_t slot_inactive_seconds = 3600;
    std::int64_t connections_percent = 80;
    std::int64_t churn_percent_per_hour = 100;  ///< of the live rows, updated or deleted

    bool operator==(const thresholds&) const = default;
};

/// One of them as a setting of its own.
struct threshold_definition {
    std::string_view name;     ///< "dead_ratio_warning_percent"
    std::string_view meaning;  ///< one sentence
    std::string_view unit;     ///< "percent", "seconds", "transactions"
    std::int64_t min = 0;
    std::int64_t max = 0;
    std::int64_t thresholds::*value;
};
/// All of them, by name.
[[nodiscard]] std::span<const threshold_definition> threshold_definitions() noexcept;

}  // namespace tallyfs::health
