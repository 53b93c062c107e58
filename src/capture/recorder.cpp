#include "capture/documents.hpp"

#include <tallyfs/base/log.hpp>
#include <tallyfs/base/text.hpp>
#include <tallyfs/capture/recorder.hpp>

#include <algorithm>

namespace tallyfs::capture {

namespace {

using namespace std::chrono_literals;
using policy::capture_mode;

// Days turn at midnight; who lowers the retention is served at once.
constexpr auto expiry_interval = 60s;
constexpr auto drain_max = 5s;

}  // namespace

capture_mode recorder::mode_of(std::string_view service) const {
    const std::lock_guard lock(mutex_);
    if (modes_.services.empty()) return modes_.everywhere;
    const auto place = modes_.services.find(encode_name(service));
    return place != modes_.services.end() ? place->second : modes_.everywhere;
}

capture_mode recorder::most() const {
    const std::lock_guard lock(mutex_);
    auto most = modes_.everywhere;
    for (const auto& [service, mode] : modes_.services) most = std::max(most, mode);
    return most;
}

void recorder::change(const std::function<void(modes&)>& how) {
    const std::lock_guard lock(mutex_);
    how(modes_);
    any_ = modes_.everywhere != capture_mode::off ||
           std::ranges::any_of(modes_.services,
                               [](const auto& one) { return one.second != capture_mode::off; });
}

std::unique_ptr<captured_call> recorder::begin() {
    return std::make_unique<captured_call>(held_);
}

void recorder::note_dropped() noexcept {
    // One line for each power of two: a burst must not fill the log.
    const auto dropped = ++counters_.captures_dropped;
    if ((dropped & (dropped - 1)) != 0) return;
    try {
        spdlog::warn("{} captures were dropped, because more calls end than can be written",
                     dropped);
    } catch (const std::exception&) {
        return;
    }
}

void recorder::offer(std::unique_ptr<captured_call> call) noexcept {
    try {
        const std::lock_guard lock(mutex_);
        if (running_ && waiting_.size() < waiting_max) {
            waiting_.push_back(std::move(call));
            wake_.notify_one();
            return;
        }
    } catch (const std::exception&) {
        call.reset();
    }
    note_dropped();
}

void recorder::start(parts given) {
    parts_ = std::move(given);
    shelf_.clear_leftovers();
    {
        const std::lock_guard lock(mutex_);
        running_ = true;
    }
    thread_ = std::thread([this] { run(); });
}

void recorder::stop() {
    {
        const std::lock_guard lock(mutex_);
        running_ = false;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void recorder::run() {
    std::optional<steady_time> drain_until;
    std::unique_lock lock(mutex_);
    for (;;) {
        wake_.wait_for(lock, expiry_interval,
                       [this] { return !running_ || !waiting_.empty() || look_for_expired_; });
        if (!running_ && !drain_until) drain_until = clock_.steady() + drain_max;
        if (drain_until && (waiting_.empty() || clock_.steady() > *drain_until)) break;
        const bool looks = waiting_.empty() || look_for_expired_;
        look_for_expired_ = false;
        std::unique_ptr<captured_call> call;
        if (!waiting_.empty()) {
            call = std::move(waiting_.front());
            waiting_.pop_front();
        }
        lock.unlock();
        try {
            if (call) keep(*call);
            if (looks && !drain_until) delete_expired();
        } catch (const std::exception& error) {
            ++counters_.captures_failed;
            spdlog::error("a capture could not be made: {}", error.what());
        }
        call.reset();
        lock.lock();
    }
    counters_.captures_dropped += waiting_.size();
    waiting_.clear();
}

void recorder::keep(const captured_call& call) {
    if (parts_.has_room && !parts_.has_room()) {
        ++counters_.captures_dropped;  // why stands in status.txt: state_bytes_max
        return;
    }
    const auto patterns = parts_.patterns();
    const auto kept =
        shelf_.put(call.id, make_documents(call, patterns ? *patterns : policy::pattern_set()));
    if (kept) {
        ++counters_.captures_kept;
        parts_.changed();
    } else {
        ++counters_.captures_failed;
        // Once for each failure: a disk that stays full would fill the log as well.
        if (!failing_) {
            spdlog::error("captures cannot be written, calls go on without: {}",
                          kept.error().message());
        }
    }
    failing_ = !kept;
}

void recorder::delete_expired() {
    int kept = 0;
    {
        const std::lock_guard lock(mutex_);
        kept = days_kept_;
    }
    if (kept == 0) return;
    const auto first = day(zone::day_of(clock_.wall()).date() - std::chrono::days(kept));
    for (const auto date : shelf_.days()) {
        if (date >= first || !delete_day(date, kept)) return;
    }
}

/// What is recorded and then fails is tried again, and recorded again.
bool recorder::delete_day(day date, int days_kept) {
    const selection whole{.date = date, .id = {}, .service = {}, .until = {}};
    const auto count = shelf_.count(whole).captures;
    const auto detail = "{\"day\":\"" + date.to_string() + "\",\"count\":" + std::to_string(count) +
                        ",\"kept_days\":" + std::to_string(days_kept) + "}";
    if (count > 0 && !parts_.record("captures.deleted", date.to_string(), detail)) return false;
    const auto removed = shelf_.remove(whole);
    if (!removed && !deletion_failing_) {
        spdlog::error("captures of {} cannot be deleted: {}", date.to_string(),
                      removed.error().message());
    }
    deletion_failing_ = !removed;
    parts_.changed();
    return removed.has_value();
}

}  // namespace tallyfs::capture
