#include <tallyfs/base/limits.hpp>
#include <tallyfs/base/log.hpp>
#include <tallyfs/views/view_worker.hpp>

#include <sys/statvfs.h>

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

view_worker::view_worker(journal::stream& calls, ledger::ledger& ledger,
                         journal::open_calls& open_calls, const state::upstream_board& upstream,
                         std::filesystem::path state_directory, const clock_source& clock)
    : calls_(calls),
      ledger_(ledger),
      open_calls_(open_calls),
      upstream_(upstream),
      state_directory_(std::move(state_directory)),
      clock_(clock) {}

view_worker::~view_worker() {
    stop();
}

void view_worker::start() {
    reader_.emplace(calls_, ledger_.checkpoint());
    capture_live();
    next_tick_ = steady_clock::now() + tick_interval;
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

std::uint64_t view_worker::moment() const noexcept {
    return calls_.change_count() + ticks_.load();
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
    if (live_.bytes_behind > rebuilding_bytes) live_.rebuilding = true;
    const auto all = calls_.bytes_after({});
    live_.rebuilt_share =
        all == 0 ? 1.0 : 1.0 - static_cast<double>(live_.bytes_behind) / static_cast<double>(all);
    if (!live_.ledger_error.empty()) {  // try again: the disk may have room now
        live_.ledger_error.clear();
        at_end_ = false;
    }
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
    apply_next_batch();
    next_apply_ = steady_clock::now() + apply_interval;
}

void view_worker::apply_next_batch() {
    const auto lines = reader_->next(batch_bytes);
    if (!lines) {
        live_.ledger_error = "cannot read the journal: " + lines.error().message();
        spdlog::error("{}", live_.ledger_error);
        return;
    }
    at_end_ = lines->text.empty();
    if (at_end_) {
        live_.rebuilding = false;
        return;
    }
    const auto applied = ledger_.apply(*lines);
    if (applied) return;
    live_.ledger_error = "cannot write the ledger: " + applied.error().message();
    spdlog::error("{}", live_.ledger_error);
    if (ledger::is_damage(applied.error())) {
        spdlog::warn("the ledger is rebuilt from the journal");
        if (const auto cleared = ledger_.clear(); !cleared) {
            spdlog::error("cannot clear the ledger: {}", cleared.error().message());
        }
    }
    reader_.emplace(calls_, ledger_.checkpoint());
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
    }
}

}  // namespace tallyfs::views
