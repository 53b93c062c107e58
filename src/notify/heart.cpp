#include "notify/heart.hpp"

#include "notify/exchange.hpp"

#include <tallyfs/base/log.hpp>

namespace tallyfs::notify {

void heart::start() {
    thread_ = std::thread([this] {
        try {
            run();
        } catch (const std::exception&) {
            spdlog::error("notify: the heartbeat ended until the next start");
        }
    });
}

void heart::stop() {
    stop_->stop();
    if (thread_.joinable()) thread_.join();
}

target_status heart::status() const {
    const std::lock_guard lock(mutex_);
    return status_;
}

/// A missed beat is not made up for: the next one says as much.
void heart::run() {
    const outgoing request{beat_.method, beat_.address, {}, ""};
    bool failing = false;
    while (!stop_->stopping()) {
        const auto answer = exchange(request, shared_.given.timeout, shared_.clock.wall(), stop_);
        const bool heard = answer.error.empty() && answer.status != 0;
        if (!heard && !failing && !stop_->stopping()) {
            spdlog::warn("notify: the heartbeat is not heard: {}", answer.error);
        }
        failing = !heard;
        const auto now = shared_.clock.wall();
        {
            const std::lock_guard lock(mutex_);
            if (heard) {
                ++status_.sent;
                status_.last_success = now;
            } else {
                ++status_.failed;
                status_.last_error = answer.error;
                status_.last_error_time = now;
            }
            status_.next_try = now + beat_.interval;
        }
        stop_->pause(beat_.interval);
    }
}

}  // namespace tallyfs::notify
