// What the sessions of one look mean together: who is in whose way.
// Source: PostgreSQL, "pg_blocking_pids" and "The Cumulative Statistics System".
#pragma once

#include <tallyfs/health/sample.hpp>

#include <vector>

namespace tallyfs::health {

/// Whether it counts against max_connections.
[[nodiscard]] bool takes_connection(const session& one) noexcept;

/// Those who wait, directly or behind others, for one who does not wait himself.
struct lock_queue {
    std::int32_t root_pid = 0;
    const session* root = nullptr;        ///< null: a prepared transaction, or gone since
    std::vector<const session*> waiters;  ///< the longest first
};
/// The one with the longest wait first. Points into `seen`. In a circle, which the server will
/// break itself, the smallest pid stands for the root.
[[nodiscard]] std::vector<lock_queue> lock_queues(const sample& seen);

}  // namespace tallyfs::health
