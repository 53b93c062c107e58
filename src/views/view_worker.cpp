#include <tallyfs/base/limits.hpp>
#include <tallyfs/base/log.hpp>
#include <tallyfs/views/view_worker.hpp>

#include <sys/statvfs.h>

#include <future>

namespace tallyfs::views {

namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto tick_interval = 1s;     // the design's live tick: at most one a second
constexpr auto apply_interval = 50ms;  // without a reader waiting: 20 transactions a second
constexpr std::size_t batch_bytes = std::size_t{1} << 20;
/// Further behind than this a look-up would not be served in time: about 0.1 s of applying.
constexpr std::uint64_t rebuilding_bytes = std::uint64_t{8} << 20;

}  // namespace

view_worker::view_worker(journal::stream& calls, ledger::rollup_files& rollups,
                         ledger::ledger& ledger, journal::open_calls& open_calls,
                         const state::upstream_board& upstream,
                         std::filesystem::path state_directory, const clock_source& clock)
    : calls_(calls),
      rollups_(rollups),
      ledger_(ledger),
      open_calls_(open_calls),
      upstream_(upstream),
      state_directory_(std::move(state_directory)),
      clock_(clock) {}

view_worker::~view_worker() {
    stop();
}

void view_worker::start(std::string rebuild_reason) {
    live_.rebuild_reason = std::move(rebuild_reason);
    reader_.emplace(calls_, ledger_.checkpoint());
    capture_live();
    next_tick_ = steady_clock::now() + tick_interval;
    apart_.start();
    thread_ = std::thread([this] {
        try {
            run();
        } catch (const std::exception& bug) {
            spdlog::critical("the view thread ended: {}", bug.what());
            std::abort();  // the mount would hang: a restart is better
        }
    });
}

void view_worker::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    apart_.stop();
    if (!thread_.joinable()) return;
    thread_.join();
    std::deque<waiting_job> dropped;
    {
        const std::lock_guard lock(mutex_);
        dropped.swap(jobs_);
    }
}

bool view_worker::post(job work) {
    waiting_job waiting{std::move(work), calls_.end(), steady_clock::now() + limits::view_wait_max};
    {
        const std::lock_guard lock(mutex_);
        if (stopping_) return false;
        jobs_.push_back(std::move(waiting));
    }
    wake_.notify_one();
    return true;
}

bool view_worker::post_apart(std::function<void()> work) {
    return apart_.post(std::move(work));
}

bool view_worker::with_ledger(const std::function<void(ledger::ledger&)>& work) {
    auto done = std::make_shared<std::promise<bool>>();
    auto answer = done->get_future();
    const bool posted = post([this, &work, done = std::move(done)](bool current) {
        if (current) work(ledger_);
        done->set_value(current);
    });
    if (!posted) return false;
    answer.wait();
    try {
        return answer.get();
    } catch (const std::future_error&) {
        return false;  // dropped, because the thread ends
    }
}

std::uint64_t view_worker::moment() const noexcept {
    return calls_.change_count() + ticks_.load() + changes_.load();
}

void view_worker::journal_changed() noexcept {
    {
        const std::lock_guard lock(mutex_);
        if (journal_grew_) return;  // it has been told and has not looked yet
        journal_grew_ = true;
    }
    wake_.notify_one();
}

void view_worker::run() {
    for (;;) {
        wait_for_work();
        {
            const std::lock_guard lock(mutex_);
            if (stopping_) break;
        }
        tick_if_due();
        follow_journal();
        run_jobs();
    }
    if (ledger_.broken()) return;
    do {  // what is on disk is applied, so that the next start is quick
        at_end_ = true;
        apply_next_batch();
    } while (!at_end_ && !live_.rebuilding && live_.ledger_error.empty());
}

void view_worker::wait_for_work() {
    std::unique_lock lock(mutex_);
    for (;;) {
        const auto now = steady_clock::now();
        const bool behind = journal_grew_ || !at_end_;
        const bool hurry = !jobs_.empty() || live_.rebuilding;
        auto until = next_tick_;
        if (behind && live_.ledger_error.empty())
            until = hurry ? now : std::min(until, next_apply_);
        if (!jobs_.empty()) {
            const auto& first = jobs_.front();
            const bool answerable = live_.rebuilding || !live_.ledger_error.empty() ||
                                    ledger_has_reached(first.required);
            until = answerable ? now : std::min(until, first.deadline);
        }
        if (stopping_ || until <= now) return;
        wake_.wait_until(lock, until);
    }
}

void view_worker::tick_if_due() {
    const auto now = steady_clock::now();
    if (now < next_tick_) return;
    next_tick_ = std::max(next_tick_ + tick_interval, now);
    calls_.turn_day();
    open_calls_.beat(clock_.wall());
    capture_live();
    ticks_.fetch_add(1);
}

void view_worker::capture_live() {
    live_.tick = ticks_.load() + 1;
    live_.now = clock_.wall();
    live_.upstream = upstream_.current();
    live_.open_calls = open_calls_.list();
    struct ::statvfs disk {};
    live_.disk_free_bytes =
        ::statvfs(state_directory_.c_str(), &disk) == 0
            ? static_cast<std::uint64_t>(disk.f_bavail) * static_cast<std::uint64_t>(disk.f_frsize)
            : 0;
    live_.bytes_behind = calls_.bytes_after(reader_->at());
    if (is_far_behind()) live_.rebuilding = true;
    const auto all = calls_.bytes_after({});
    live_.rebuilt_share =
        all == 0 ? 1.0 : 1.0 - static_cast<double>(live_.bytes_behind) / static_cast<double>(all);
    if (!live_.ledger_error.empty()) {  // try again: the disk may have room now
        live_.ledger_error.clear();
        at_end_ = false;
    }
}

/// Said once: a disk that stays full would fill the log as well.
void view_worker::note_ledger_error(std::string what) {
    if (what != ledger_error_logged_) spdlog::error("{}", what);
    ledger_error_logged_ = what;
    live_.ledger_error = std::move(what);
}

/// A ledger that nothing else helps is begun anew: the journal has everything. False if that is
/// not possible now; the next tick tries again.
bool view_worker::mend_ledger() {
    const auto broken = ledger_.broken();
    if (!broken) return true;
    if (live_.rebuild_reason.empty()) {
        live_.rebuild_reason = "the file is damaged: " + broken.message();
        spdlog::warn("the ledger is rebuilt from the journal: {}", live_.rebuild_reason);
    }
    const auto cleared = ledger_.clear();
    reader_.emplace(calls_, ledger_.checkpoint());
    at_end_ = false;
    live_.bytes_behind = calls_.bytes_after(reader_->at());
    if (is_far_behind()) live_.rebuilding = true;
    if (cleared) {
        live_.ledger_error.clear();
        return true;
    }
    note_ledger_error("cannot begin anew: " + cleared.error().message());
    return false;
}

bool view_worker::ledger_has_reached(const journal::position& required) const {
    if (reader_->at() >= required) return true;
    // An empty segment of a new day holds nothing to read.
    return at_end_ && required.offset == 0;
}

void view_worker::follow_journal() {
    {
        const std::lock_guard lock(mutex_);
        const bool hurry = !jobs_.empty() || live_.rebuilding;
        const bool due = hurry || steady_clock::now() >= next_apply_;
        if (!due || (!journal_grew_ && at_end_) || !live_.ledger_error.empty()) return;
        journal_grew_ = false;
    }
    if (mend_ledger()) apply_next_batch();
    next_apply_ = steady_clock::now() + apply_interval;
}

bool view_worker::is_far_behind() const {
    return live_.bytes_behind > rebuilding_bytes || rollups_.first_from(ledger_.checkpoint());
}

/// True if there was one, or if it could not be stored.
bool view_worker::apply_next_rollup() {
    const auto applied = ledger::apply_next_rollup(ledger_, rollups_, calls_);
    if (applied && !*applied) return false;
    if (!applied) note_ledger_error("cannot write the ledger: " + applied.error().message());
    reader_.emplace(calls_, ledger_.checkpoint());
    at_end_ = false;
    static_cast<void>(mend_ledger());
    return true;
}

void view_worker::apply_next_batch() {
    if (apply_next_rollup()) return;
    const auto lines = reader_->next(batch_bytes);
    if (!lines) {
        note_ledger_error("cannot read " + reader_->at().segment.file_name() + ": " +
                          lines.error().message());
        return;
    }
    at_end_ = lines->text.empty();
    if (at_end_) {
        live_.rebuilding = false;
        if (!live_.rebuild_reason.empty()) {
            live_.rebuilt_reason = std::exchange(live_.rebuild_reason, {});
        }
        return;
    }
    const auto unreadable_before = ledger_.unreadable_lines();
    if (const auto applied = ledger_.apply(*lines); !applied) {
        note_ledger_error("cannot write the ledger: " + applied.error().message());
        reader_.emplace(calls_, ledger_.checkpoint());
        static_cast<void>(mend_ledger());
        return;
    }
    ledger_error_logged_.clear();
    if (const auto more = ledger_.unreadable_lines() - unreadable_before; more > 0) {
        spdlog::warn("{} lines of {} cannot be read, between its bytes {} and {}", more,
                     lines->segment.file_name(), lines->offset, reader_->at().offset);
    }
}

void view_worker::run_jobs() {
    for (;;) {
        waiting_job next;
        bool current = false;
        {
            const std::lock_guard lock(mutex_);
            if (jobs_.empty() || stopping_) return;
            auto& first = jobs_.front();
            const bool unable = live_.rebuilding || !live_.ledger_error.empty();
            current = !unable && ledger_has_reached(first.required);
            if (!current && !unable && steady_clock::now() < first.deadline) return;
            next = std::move(first);
            jobs_.pop_front();
        }
        next.work(current);
        // A job that came upon damage has failed; those behind it wait for the rebuilt ledger.
        if (live_.ledger_error.empty()) static_cast<void>(mend_ledger());
    }
}

}  // namespace tallyfs::views
