// The rules: what is wrong with a server or a database, from what was seen of it. Pure; equal
// arguments give equal findings. Table: docs/databases.md, "Rules".
#pragma once

#include <tallyfs/health/finding.hpp>
#include <tallyfs/health/sample.hpp>
#include <tallyfs/health/snapshot.hpp>
#include <tallyfs/health/thresholds.hpp>

#include <memory>
#include <span>
#include <vector>

namespace tallyfs::health {

/// A server now and before.
struct server_view {
    const sample& now;
    /// The samples before it, the newest last; at most as many as samples_kept. Only their times
    /// and their counters of databases are there.
    std::span<const std::shared_ptr<const sample>> before;
};
inline constexpr std::size_t samples_kept = 6;

/// One database of it. `full` and `full_before` are its newest snapshots.
struct database_view {
    server_view server;
    const snapshot& full;
    const snapshot* full_before = nullptr;  ///< nullptr: there is none
};

/// What a look every 10 seconds shows: sessions, locks, slots, xmin, connections, wraparound of
/// databases, commits a row. By key, each key once.
[[nodiscard]] std::vector<finding> judge(const server_view& view, const thresholds& limits);
/// What a full snapshot shows: dead rows, late autovacuum, churn, partitions, wraparound of tables.
[[nodiscard]] std::vector<finding> judge(const database_view& view, const thresholds& limits);

/// The names of all rules, sorted: what can be muted.
[[nodiscard]] std::span<const std::string_view> rule_names() noexcept;

}  // namespace tallyfs::health
