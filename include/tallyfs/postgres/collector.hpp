// Looks at all registered servers, each on a thread of its own, and publishes what it sees.
// What it looks at and when: docs/databases.md, "Looking". Events: docs/formats.md, "A health
// event's line".
#pragma once

#include <tallyfs/base/clock.hpp>
#include <tallyfs/health/rules.hpp>
#include <tallyfs/health/watched.hpp>
#include <tallyfs/journal/stream.hpp>
#include <tallyfs/postgres/board.hpp>
#include <tallyfs/postgres/endpoint.hpp>
#include <tallyfs/postgres/registry.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::postgres {

struct server_memory;
class sampler;

/// How often what is looked at.
struct intervals {
    std::chrono::milliseconds sample{std::chrono::seconds(10)};    ///< the light look at a server
    std::chrono::milliseconds waits{std::chrono::seconds(1)};      ///< of active sessions
    std::chrono::milliseconds snapshot{std::chrono::minutes(30)};  ///< of each database in full
    /// All databases get their first full snapshot in this time after the start.
    std::chrono::milliseconds first_snapshots{std::chrono::minutes(1)};
    /// The pause after a failure, doubled with each one that follows.
    std::chrono::milliseconds retry_min{std::chrono::seconds(1)};
    std::chrono::milliseconds retry_max{std::chrono::minutes(1)};
};

/// What people may change while it runs.
struct collector_settings {
    intervals every;
    health::thresholds limits;
    std::vector<health::mute> mutes;
    bool mask_queries = true;  ///< literals out of query texts
};

class collector {
  public:
    /// All of it outlives the collector. Functions that are null are not called; the others are
    /// called on the thread of a server, of which there are many.
    struct parts {
        const clock_source& clock;
        board& shown;
        journal::stream& events;  ///< "health"
        std::string node;         ///< name of this daemon's host
        /// Where and as whom; the second argument is false: to look only. It may take seconds, by
        /// which the next look and stop() are later.
        endpoint_source endpoints;
        /// After each light look; the waits are those since the one before it.
        std::function<void(const health::cluster_id&, const health::sample&,
                           const health::wait_profile&)>
            sampled = nullptr;
        /// After each full snapshot, before it is judged; the one before it is null at the first.
        std::function<void(const health::registration&, const health::snapshot&,
                           const health::snapshot*)>
            snapshot_taken = nullptr;
        /// After that: what else is wrong, by what rules do not know, as schema drift.
        std::function<std::vector<health::finding>(const health::registration&,
                                                   const health::snapshot&)>
            more_findings = nullptr;
        /// The request that would mend it, as standing_finding::request.
        std::function<std::string(const health::cluster_id&, const health::finding&)> request_of =
            nullptr;
    };

    /// Reads what was open from the stream; looks at nothing before update().
    collector(parts with, collector_settings settings);
    ~collector();
    collector(const collector&) = delete;
    collector& operator=(const collector&) = delete;

    /// What is registered now: servers that are new are looked at, those that are gone no more.
    /// Any thread; does not wait for any server.
    void update(std::shared_ptr<const registered> now);
    /// Any thread. Takes effect at once.
    void configure(collector_settings settings);

    /// Called once, at once or from the thread of the server: "", or why there is none.
    using snapshot_answer = std::function<void(const std::string& problem)>;
    /// The full snapshot of "prod/orders-cl/app", now. Any thread.
    void take_snapshot_now(std::string_view path, snapshot_answer answer);

    /// Ends all looks, also those at servers that do not answer. Nothing is called or published
    /// any more when it returns. Any thread; a second call does nothing.
    void stop();

  private:
    void close_unclaimed(wall_time now);

    const parts parts_;
    const wall_time started_;
    std::mutex mutex_;  ///< of all that follows
    bool stopped_ = false;
    std::shared_ptr<const collector_settings> settings_;
    std::map<health::cluster_id, server_memory> remembered_;  ///< not registered so far
    std::map<health::cluster_id, std::unique_ptr<sampler>> samplers_;
    std::vector<std::unique_ptr<sampler>> leaving_;  ///< told to stop, and not waited for
};

}  // namespace tallyfs::postgres
