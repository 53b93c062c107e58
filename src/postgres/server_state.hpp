// All that is known of one server from looks at it: judged, kept and told as events.
// Shape: include/tallyfs/health/watched.hpp. Events: docs/formats.md, "A health event's line".
#pragma once

#include "postgres/server_memory.hpp"

#include <tallyfs/health/rules.hpp>
#include <tallyfs/health/watched.hpp>
#include <tallyfs/postgres/collector.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::record {
struct health_event;
}

namespace tallyfs::postgres {

/// Snapshots that a database has been without since the start are not waited for any longer than
/// this: what earlier ones of a database that is no longer registered showed is closed.
inline constexpr std::chrono::minutes unclaimed_max{10};

/// One thread at a time.
class server_state {
  public:
    /// `with` outlives it.
    server_state(const collector::parts& with, health::cluster_id id, server_memory known);

    /// All databases of it that are registered. What others showed is closed.
    void set(std::vector<health::registration> databases, wall_time now);

    /// What came of a look at the server, and of a full snapshot of one of its databases.
    void sampled(health::sample seen, wall_time now, const collector_settings& settings);
    void failed(std::string problem, wall_time now);
    /// Fills in what a single snapshot cannot tell.
    void complete(health::snapshot& seen) const;
    /// `more` are findings beside those of the rules.
    void snapshot_taken(std::string_view database, health::snapshot seen,
                        std::vector<health::finding> more, wall_time now,
                        const collector_settings& settings);
    void snapshot_failed(std::string_view database, std::string problem, wall_time now);
    /// The server is not registered any more: closes what is open.
    void forget(wall_time now);

    /// By name.
    [[nodiscard]] std::vector<health::registration> registered() const;
    /// nullptr: it is not registered.
    [[nodiscard]] const health::registration* find(std::string_view database) const;
    /// The newest ones; null: none since the start.
    [[nodiscard]] std::shared_ptr<const health::sample> sample() const { return sample_; }
    [[nodiscard]] std::shared_ptr<const health::snapshot> full(std::string_view database) const;
    /// For the board, without the waits and the times of what comes next.
    [[nodiscard]] health::watched_server shown(wall_time now,
                                               const collector_settings& settings) const;

  private:
    struct database_state {
        health::registration what;
        health::reach_log reach;
        std::shared_ptr<const health::snapshot> full;
        std::shared_ptr<const health::snapshot> before;  ///< its tables only
    };

    [[nodiscard]] health::server_view view() const { return {*sample_, before_}; }
    void complete(health::sample& seen) const;
    void forget_unclaimed(wall_time now);
    void tell(const std::vector<health::finding_change>& changes, wall_time now,
              const collector_settings* settings, std::string_view why = {});
    void tell(std::string_view event, std::string_view database, const health::reachability& reach);
    void append(record::health_event event);

    const collector::parts& with_;
    const health::cluster_id id_;
    const wall_time began_;
    server_memory known_;
    std::map<std::string, database_state, std::less<>> databases_;
    std::shared_ptr<const health::sample> sample_;
    std::vector<std::shared_ptr<const health::sample>> before_;  ///< the newest last
};

}  // namespace tallyfs::postgres
