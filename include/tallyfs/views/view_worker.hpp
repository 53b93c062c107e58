// The view thread: owns the ledger, follows the journal with it, answers what the mount asks.
// Rules: docs/architecture.md, "Read your writes".
#pragma once

#include <tallyfs/base/job_thread.hpp>
#include <tallyfs/journal/reader.hpp>
#include <tallyfs/ledger/rollup_files.hpp>
#include <tallyfs/tree/view_thread.hpp>
#include <tallyfs/views/sources.hpp>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>

namespace tallyfs::views {

class view_worker final : public tree::view_thread {
  public:
    /// What is passed by reference outlives the worker. Nothing runs before start().
    view_worker(journal::stream& calls, ledger::rollup_files& rollups, ledger::ledger& ledger,
                journal::open_calls& open_calls, const state::upstream_board& upstream,
                std::filesystem::path state_directory, const clock_source& clock);
    ~view_worker() override;

    /// Begins to follow the journal and to run jobs. `rebuild_reason` is shown: "" or why
    /// the ledger was begun anew when it was opened.
    void start(std::string rebuild_reason = {});
    /// Applies what has been appended, drops jobs that wait (their posters are told by `post`
    /// returning false from now on; dropped jobs are destroyed unrun) and ends. Idempotent.
    void stop();

    [[nodiscard]] bool post(job work) override;
    [[nodiscard]] bool post_apart(std::function<void()> work) override;
    /// Has the ledger used for something else on the view thread, once it has all that was
    /// appended, and waits for it. Not on the view thread. False: it was not, because the ledger
    /// does not follow now or the thread has ended.
    [[nodiscard]] bool with_ledger(const std::function<void(ledger::ledger&)>& work);
    [[nodiscard]] std::uint64_t moment() const noexcept override;

    /// Read on the view thread only.
    [[nodiscard]] const live_state& live() const noexcept { return live_; }

    /// Wakes the thread: the journal grew. Any thread, at once.
    void journal_changed() noexcept;
    /// Something that the views show without the ledger has changed: a setting, a decision. What
    /// is asked after this sees it. Any thread, at once.
    void state_changed() noexcept { changes_.fetch_add(1); }

  private:
    struct waiting_job {
        job work;
        journal::position required;  ///< the ledger's checkpoint must have reached this
        steady_time deadline;
    };

    void run();
    void wait_for_work();
    void tick_if_due();
    void capture_live();
    [[nodiscard]] bool ledger_has_reached(const journal::position& required) const;
    void follow_journal();
    void apply_next_batch();
    [[nodiscard]] bool apply_next_rollup();
    void note_ledger_error(std::string what);
    [[nodiscard]] bool is_far_behind() const;
    [[nodiscard]] bool mend_ledger();
    void run_jobs();

    journal::stream& calls_;
    ledger::rollup_files& rollups_;
    ledger::ledger& ledger_;
    journal::open_calls& open_calls_;
    const state::upstream_board& upstream_;
    std::filesystem::path state_directory_;
    const clock_source& clock_;

    live_state live_;
    std::optional<journal::reader> reader_;  ///< from start() on; anew after a failure
    bool at_end_ = false;  ///< the reader had reached the end when it was last asked
    std::string ledger_error_logged_;
    steady_time next_tick_{};
    steady_time next_apply_{};

    std::atomic<std::uint64_t> ticks_{0};
    std::atomic<std::uint64_t> changes_{0};  ///< state_changed()
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<waiting_job> jobs_;  ///< guarded by mutex_
    bool journal_grew_ = true;      ///< guarded by mutex_
    bool stopping_ = false;         ///< guarded by mutex_
    std::thread thread_;
    job_thread apart_{"the thread beside the views"};
};

}  // namespace tallyfs::views
