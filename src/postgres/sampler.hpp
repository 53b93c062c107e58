// The thread of one server: looks at it when it is time to, over one connection that stays and one
// a database for its full snapshot. Rules: docs/databases.md, "Looking".
#pragma once

#include "postgres/bounded_thread.hpp"
#include "postgres/connection.hpp"
#include "postgres/look_schedule.hpp"
#include "postgres/server_state.hpp"

#include <tallyfs/base/file.hpp>
#include <tallyfs/health/waits.hpp>
#include <tallyfs/postgres/collector.hpp>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::postgres {

/// Those who wait for one snapshot; more are refused.
inline constexpr std::size_t snapshot_waiters_max = 16;

/// Functions may be called on any thread; none waits for the server.
class sampler {
  public:
    using shared_settings = std::shared_ptr<const collector_settings>;

    /// `with` outlives it.
    sampler(const collector::parts& with, health::cluster_id id, server_memory known,
            shared_settings settings);
    /// Waits for the thread; call stop() before.
    ~sampler() = default;
    sampler(const sampler&) = delete;
    sampler& operator=(const sampler&) = delete;

    /// Starts the thread at the first call; throws std::system_error if there are too many.
    void set(std::vector<health::registration> databases);
    void configure(shared_settings settings);
    void take_snapshot_now(std::string_view database, collector::snapshot_answer answer);
    /// Nothing is published any more when it returns, and the thread ends soon. `forget`: the
    /// server is not registered any more.
    void stop(bool forget);
    [[nodiscard]] bool finished() const noexcept { return finished_; }

  private:
    using guard = std::unique_lock<std::mutex>;
    using connection_owner = std::unique_ptr<connection>;

    void run();
    void step(guard& lock, const look_schedule::step& next);
    void connect(guard& lock);
    void sample(guard& lock);
    void waits(guard& lock);
    void snapshot(guard& lock, const std::string& database);
    void failed(guard& lock, const failure& why);
    /// To the server, in a database that it has.
    [[nodiscard]] outcome<connection_owner> open_any(std::vector<health::registration> choices);
    [[nodiscard]] outcome<connection_owner> open(const health::registration& where,
                                                 std::chrono::milliseconds statement_max);
    void plan();
    void publish();
    void answer(guard& lock, std::string_view database, const std::string& problem);

    const collector::parts& with_;
    const health::cluster_id id_;
    const unique_fd give_up_;  ///< readable once it stops
    std::atomic<bool> finished_{false};

    std::mutex mutex_;  ///< of all that follows; not held while the server is waited for
    std::condition_variable woken_;
    bool stopping_ = false;
    bool started_ = false;
    bool reconnect_ = false;  ///< the connection that stays is not as it is registered
    shared_settings settings_;
    server_state state_;
    look_schedule schedule_;
    health::wait_window waits_;
    health::wait_window waits_since_;  ///< the last look at the server
    connection_owner kept_;            ///< used by the thread only, but for abandon()
    connection_owner full_;            ///< the same, during a full snapshot
    std::map<std::string, std::vector<collector::snapshot_answer>, std::less<>> waiters_;
    bounded_thread thread_;
};

}  // namespace tallyfs::postgres
