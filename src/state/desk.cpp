#include <tallyfs/base/log.hpp>
#include <tallyfs/state/desk.hpp>

#include <chrono>

namespace tallyfs::state {

namespace {

constexpr std::size_t commands_max = 1000;
/// People do not come in thousands; a program that changes its uid at each write would.
constexpr std::size_t users_max = 1000;

}  // namespace

desk::~desk() {
    stop();
}

void desk::start(command tick) {
    {
        const std::lock_guard lock(mutex_);
        running_ = true;
    }
    thread_ = std::thread([this, tick = std::move(tick)] {
        try {
            run(tick);
        } catch (const std::exception& bug) {
            spdlog::critical("the desk ended: {}", bug.what());
            std::abort();  // decisions would wait for ever: a restart is better
        }
    });
}

void desk::stop() {
    {
        const std::lock_guard lock(mutex_);
        running_ = false;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
}

bool desk::post(command work) {
    {
        const std::lock_guard lock(mutex_);
        if (!running_ || commands_.size() >= commands_max) return false;
        commands_.push_back(std::move(work));
    }
    wake_.notify_one();
    return true;
}

void desk::run(const command& tick) {
    using std::chrono::steady_clock;
    auto next_tick = steady_clock::now();
    for (;;) {
        command next;
        {
            std::unique_lock lock(mutex_);
            wake_.wait_until(lock, next_tick, [this] { return !commands_.empty() || !running_; });
            if (commands_.empty() && !running_) return;
            if (!commands_.empty()) {
                next = std::move(commands_.front());
                commands_.pop_front();
            }
        }
        if (next) next();
        if (const auto now = steady_clock::now(); now >= next_tick) {
            next_tick = now + std::chrono::seconds(1);
            if (tick) tick();
        }
    }
}

void last_errors::note(std::uint32_t uid, const command_failure& last) {
    const std::lock_guard lock(mutex_);
    const auto place = entries_.find(uid);
    if (last.number == 0) {
        const bool shows_one = place != entries_.end() && !place->second.reason.empty();
        if (shows_one) place->second = {"", ++count_};
        return;
    }
    if (entries_.size() >= users_max && place == entries_.end()) entries_.clear();
    entries_[uid] = {last.sentence, ++count_};
}

last_errors::entry last_errors::of(std::uint32_t uid) const {
    const std::lock_guard lock(mutex_);
    const auto place = entries_.find(uid);
    return place != entries_.end() ? place->second : entry{};
}

}  // namespace tallyfs::state
