// Work that talks to servers for longer than the desk can be held up: a thread for each, all of
// which end at once when the daemon does. Limits: background::running_max.
#pragma once

#include "postgres/connection.hpp"

#include <tallyfs/base/file.hpp>
#include <tallyfs/state/approvals.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace tallyfs::postgres {

/// Any thread.
class background {
  public:
    /// Throws startup_error.
    background();
    ~background() { stop(); }
    background(const background&) = delete;
    background& operator=(const background&) = delete;

    /// Calls `done` with what `work` gives, on a thread; with a refusal at once where too much
    /// runs; and never once everything stops: then the next start probes. An exception of `work` is
    /// said in the log, and nobody can tell what it did.
    void begin(std::function<state::approval_kind::effect()> work,
               state::approval_kind::ended done);
    void begin_probe(std::function<approval::probe()> work, state::approval_kind::found done);
    /// Connections are abandoned, and the threads that used them are waited for.
    void stop();
    [[nodiscard]] bool is_stopping() const;
    /// Waits so long; false at once when everything stops.
    [[nodiscard]] bool wait(std::chrono::milliseconds time);

    static constexpr std::size_t running_max = 16;

    /// Unknown to its owner from its end on.
    class release {
      public:
        explicit release(background* owner = nullptr) : owner_(owner) {}
        void operator()(connection* made) const;

      private:
        background* owner_;
    };
    using session = std::unique_ptr<connection, release>;
    /// A connection that stop() abandons.
    [[nodiscard]] outcome<session> open(const endpoint& where, const patience& limits);

  private:
    /// False: too much runs already, or nothing more is to begin; then `work` is not called.
    [[nodiscard]] bool start(std::function<void()> work);
    template <class Result>
    void hand_over(std::function<Result()> work, std::function<void(Result)> done,
                   Result when_it_throws, Result when_full);
    void join_ended();

    mutable std::mutex mutex_;  ///< of all that follows
    std::condition_variable wake_;
    bool stopping_ = false;
    unique_fd give_up_;  ///< readable from stop() on
    std::set<connection*> connections_;
    std::map<std::uint64_t, std::thread> threads_;
    std::vector<std::uint64_t> ended_;  ///< of threads_: to be joined
    std::uint64_t last_thread_ = 0;
};

}  // namespace tallyfs::postgres
