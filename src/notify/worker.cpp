#include "notify/worker.hpp"

#include "notify/exchange.hpp"
#include "notify/retry.hpp"

#include <tallyfs/base/log.hpp>

namespace tallyfs::notify {

worker::worker(const notifier::parts& shared, target to)
    : shared_(shared),
      to_(std::move(to)),
      actions_(shared, to_.name, shared.directory / (to_.name + ".place")) {
    status_.name = to_.name;
    status_.format = to_string(to_.format);
}

void worker::start() {
    thread_ = std::thread([this] {
        try {
            actions_.run(
                *stop_, [this](std::string_view line) { return take(line); },
                [this](std::string error) { note_error(std::move(error)); });
        } catch (const std::exception&) {
            // Of ours, but who knows what is in it: a message may hold the address.
            spdlog::error("notify: {} is told nothing more until the next start", to_.name);
            note_error("ended by a fault of tallyfs");
        }
    });
}

void worker::stop() {
    stop_->stop();
    if (thread_.joinable()) thread_.join();
}

target_status worker::status() const {
    const std::lock_guard lock(mutex_);
    auto copy = status_;
    copy.number = actions_.number();
    const auto newest = shared_.actions.head().lines;
    copy.actions_behind = newest > copy.number ? newest - copy.number : 0;
    return copy;
}

follower::taken worker::take(std::string_view line) {
    const auto m = message_of(line, shared_.known);
    if (!m || !wants(to_.events, m->event)) return follower::taken::nothing;
    return deliver(*m) ? follower::taken::done : follower::taken::stopped;
}

bool worker::deliver(const message& m) {
    const auto request = format_message(to_, m);
    {
        const std::lock_guard lock(mutex_);
        status_.waits_since = m.time;
    }
    for (unsigned failures = 1; !stop_->stopping(); ++failures) {
        const auto answer = exchange(request, shared_.given.timeout, shared_.clock.wall(), stop_);
        if (stop_->stopping() && answer.status == 0) return false;
        if (note(m, answer)) return true;
        auto pause = pause_after(failures, static_cast<double>(random_() % 1000) / 1000);
        if (answer.retry_after)
            pause = std::max<std::chrono::milliseconds>(pause_min, *answer.retry_after);
        {
            const std::lock_guard lock(mutex_);
            status_.next_try = shared_.clock.wall() + pause;
        }
        stop_->pause(pause);
    }
    return false;
}

/// Whether the message is done with.
bool worker::note(const message& m, const reply& answer) {
    const auto verdict = judge_status(answer.status);
    if (verdict != verdict_on_status::delivered) note_error(answer.error);
    if (verdict == verdict_on_status::refused) {
        spdlog::error("notify: {} refuses the message about action {}, not sent again: {}",
                      to_.name, m.number, answer.error);
    } else if (verdict == verdict_on_status::again && !failing_) {
        spdlog::warn("notify: {} cannot be told, and is tried again: {}", to_.name, answer.error);
    } else if (verdict == verdict_on_status::delivered && failing_) {
        spdlog::info("notify: {} can be told again", to_.name);
    }
    failing_ = verdict == verdict_on_status::again;
    if (failing_) return false;
    const std::lock_guard lock(mutex_);
    status_.waits_since.reset();
    status_.next_try.reset();
    if (verdict == verdict_on_status::refused) {
        ++status_.failed;
    } else {
        ++status_.sent;
        status_.last_success = shared_.clock.wall();
    }
    return true;
}

void worker::note_error(std::string error) {
    const std::lock_guard lock(mutex_);
    status_.last_error = std::move(error);
    status_.last_error_time = shared_.clock.wall();
}

}  // namespace tallyfs::notify
