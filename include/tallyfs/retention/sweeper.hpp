// Deletes the calls of days that are older than a setting says, after what sums show of them was
// kept. Order of steps: docs/architecture.md, "Retention".
#pragma once

#include <tallyfs/base/clock.hpp>
#include <tallyfs/journal/stream.hpp>
#include <tallyfs/ledger/rollup_files.hpp>
#include <tallyfs/state/settings.hpp>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace tallyfs::retention {

class sweeper {
  public:
    /// What is passed by reference outlives the sweeper.
    sweeper(journal::stream& calls, ledger::rollup_files& rollups, const clock_source& clock)
        : calls_(calls), rollups_(rollups), clock_(clock) {}
    ~sweeper() { stop(); }
    sweeper(const sweeper&) = delete;
    sweeper& operator=(const sweeper&) = delete;

    struct parts {
        /// Has the ledger used, once it has every call, on the thread that owns it, and waits for
        /// it. False: it was not, because it does not follow now.
        std::function<bool(const std::function<void(ledger::ledger&)>&)> with_ledger;
        /// Records an action and waits for it; false: it could not be. Not on the desk.
        std::function<bool(std::string event, std::string subject, std::string detail)> record;
        /// Called when a day was deleted.
        std::function<void()> changed;
        /// Called at each look, once a minute, on the sweeper's thread. May be null.
        std::function<void()> at_each_look = nullptr;
    };
    void connect(parts given) { parts_ = std::move(given); }
    /// Begins to look, once a minute and when the setting changes. After connect().
    void start();
    /// Looks now instead of within a minute. Any thread.
    void look();
    /// Ends behind the day that is being deleted. Idempotent.
    void stop();

    /// On the thread that changes settings.
    [[nodiscard]] std::vector<state::setting_definition> definitions();

    /// Finishes what was begun, and deletes all days that are old enough, the oldest first. On the
    /// sweeper's thread, or where it was not started. What fails is said in problem(), and tried
    /// again by the next sweep: every step may come twice.
    void sweep();
    /// "" or why a day is not deleted. Any thread.
    [[nodiscard]] std::string problem() const;

  private:
    void run();
    [[nodiscard]] bool goes_on() const;
    [[nodiscard]] std::vector<day> days_to_delete();
    [[nodiscard]] std::string delete_day(day date);
    [[nodiscard]] std::string roll_up(day date, ledger::rollup& kept);
    [[nodiscard]] std::string forget_lines(const ledger::rollup& kept);
    [[nodiscard]] std::string forget_deleted();
    [[nodiscard]] bool record(const ledger::rollup& kept);
    [[nodiscard]] std::vector<journal::segment_status> segments_of(day date) const;
    void verify_rollups();

    journal::stream& calls_;
    ledger::rollup_files& rollups_;
    const clock_source& clock_;
    parts parts_;
    bool verified_ = false;

    mutable std::mutex mutex_;
    std::condition_variable wake_;
    int days_kept_ = 0;  ///< guarded, as all that follows
    std::string problem_;
    bool look_ = true;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace tallyfs::retention
