#include <tallyfs/health/thresholds.hpp>

#include <array>

namespace tallyfs::health {

namespace {

/// Writes stop at 2^31 - 1 transactions less a reserve: ages above say nothing.
constexpr std::int64_t age_max = 2'000'000'000;
constexpr std::int64_t rows_max = 1'000'000'000'000;
constexpr std::int64_t days_30 = 30LL * 24 * 3600;

constexpr std::array<threshold_definition, 15> definitions{{
    {"autovacuum_late_naptimes",
     "A table may be over its threshold for as many naptimes before autovacuum is late", "naptimes",
     1, 10'000, &thresholds::autovacuum_late_naptimes},
    {"churn_percent_per_hour", "Rows updated or deleted in an hour, of the live rows of a table",
     "percent", 1, 1'000'000, &thresholds::churn_percent_per_hour},
    {"commit_per_row_commits_per_second", "From as many commits a second rows should be batched",
     "commits/s", 1, 1'000'000, &thresholds::commit_per_row_commits_per_second},
    {"commit_per_row_rows_percent", "At most as many rows per 100 commits are too few", "percent",
     100, 100'000, &thresholds::commit_per_row_rows_percent},
    {"connections_percent", "Client connections, of max_connections", "percent", 1, 100,
     &thresholds::connections_percent},
    {"dead_ratio_critical_percent", "Dead rows of a table, of all of its rows: critical", "percent",
     1, 100, &thresholds::dead_ratio_critical_percent},
    {"dead_ratio_warning_percent", "Dead rows of a table, of all of its rows: a warning", "percent",
     1, 100, &thresholds::dead_ratio_warning_percent},
    {"dead_rows_min", "With fewer dead or changed rows a table is left alone", "rows", 0, rows_max,
     &thresholds::dead_rows_min},
    {"idle_in_transaction_seconds", "A session may be idle in a transaction for as long", "seconds",
     1, days_30, &thresholds::idle_in_transaction_seconds},
    {"lock_wait_seconds", "A session may wait for a lock for as long", "seconds", 1, days_30,
     &thresholds::lock_wait_seconds},
    {"slot_inactive_seconds", "Nobody may read from a replication slot for as long", "seconds", 1,
     days_30, &thresholds::slot_inactive_seconds},
    {"xid_age_critical", "Age of the oldest transaction in a table or database: critical",
     "transactions", 1'000, age_max, &thresholds::xid_age_critical},
    {"xid_age_warning", "Age of the oldest transaction in a table or database: a warning",
     "transactions", 1'000, age_max, &thresholds::xid_age_warning},
    {"xmin_age_critical", "Transactions for which vacuum may be held back: critical",
     "transactions", 1, age_max, &thresholds::xmin_age_critical},
    {"xmin_age_warning", "Transactions for which vacuum may be held back: a warning",
     "transactions", 1, age_max, &thresholds::xmin_age_warning},
}};

}  // namespace

std::span<const threshold_definition> threshold_definitions() noexcept {
    return definitions;
}

}  // namespace tallyfs::health
