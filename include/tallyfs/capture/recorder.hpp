// Keeps of calls what the settings say: takes copies from the proxy, writes them on a thread of its
// own, deletes them when their time is over. Meaning: docs/policies.md, "What is kept of a call".
#pragma once

#include <tallyfs/capture/captured_call.hpp>
#include <tallyfs/capture/shelf.hpp>
#include <tallyfs/policy/redaction.hpp>
#include <tallyfs/state/approvals.hpp>
#include <tallyfs/state/settings.hpp>
#include <tallyfs/state/upstream.hpp>

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace tallyfs::capture {

class recorder {
  public:
    /// Calls that may wait to be written; their bytes are bounded by held_bytes_max.
    static constexpr std::size_t waiting_max = 1000;

    /// What is passed by reference outlives the recorder.
    recorder(std::filesystem::path directory, state::proxy_counters& counters,
             const clock_source& clock)
        : shelf_(std::move(directory)), counters_(counters), clock_(clock) {}
    ~recorder() { stop(); }
    recorder(const recorder&) = delete;
    recorder& operator=(const recorder&) = delete;

    // For the proxy; any thread.
    /// Whether anything is kept of anybody: lock-free, all that a call pays for captures off.
    [[nodiscard]] bool any() const noexcept { return any_.load(std::memory_order_relaxed); }
    [[nodiscard]] policy::capture_mode mode_of(std::string_view service) const;
    /// The most that is kept of any service: for a call whose service is not known yet.
    [[nodiscard]] policy::capture_mode most() const;
    [[nodiscard]] std::unique_ptr<captured_call> begin();
    /// The call has ended. Returns at once: where too much waits, nothing is kept of it. Never
    /// throws: the call does not depend on it.
    void offer(std::unique_ptr<captured_call> call) noexcept;
    /// A call of which nothing is kept, because its copies found no room.
    void note_dropped() noexcept;

    // On the thread that changes settings.
    [[nodiscard]] std::vector<state::setting_definition> definitions();
    /// "delete-captures"
    [[nodiscard]] state::approval_kind kind(state::action_log& actions);

    struct parts {
        /// The patterns in force. Any thread.
        std::function<std::shared_ptr<const policy::pattern_set>()> patterns;
        /// Records an action and waits for it; false: it could not be. Not on the desk.
        std::function<bool(std::string event, std::string subject, std::string detail)> record;
        /// Called when a capture came or went, on the recorder's thread.
        std::function<void()> changed;
        /// Whether there is room for more; null: there is. On the recorder's thread.
        std::function<bool()> has_room = nullptr;
    };
    void start(parts given);
    /// Writes what waits, for a few seconds at most, and ends. Idempotent.
    void stop();

  private:
    struct modes {
        policy::capture_mode everywhere = policy::capture_mode::off;
        std::map<std::string, policy::capture_mode, std::less<>> services;  ///< names encoded
    };
    void change(const std::function<void(modes&)>& how);
    void run();
    void keep(const captured_call& call);
    void delete_expired();
    [[nodiscard]] bool delete_day(day date, int days_kept);

    shelf shelf_;
    state::proxy_counters& counters_;
    const clock_source& clock_;
    std::atomic<bool> any_{false};
    std::atomic<std::size_t> held_{0};
    parts parts_;
    bool failing_ = false;  ///< on the recorder's thread, as the next one
    bool deletion_failing_ = false;

    mutable std::mutex mutex_;
    std::condition_variable wake_;
    modes modes_;  ///< guarded, as all that follows
    std::deque<std::unique_ptr<captured_call>> waiting_;
    int days_kept_ = 0;
    bool look_for_expired_ = true;
    bool running_ = false;
    std::thread thread_;
};

}  // namespace tallyfs::capture
