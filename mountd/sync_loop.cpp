#include "mountd/sync_loop.hpp"

#include <tallyfs/base/log.hpp>

namespace tallyfs::mountd {

namespace {
constexpr std::chrono::seconds sync_interval{1};
}

void sync_loop::start() {
    thread_ = std::thread([this] { run(); });
}

void sync_loop::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void sync_loop::run() {
    bool failed = false;
    std::unique_lock lock(mutex_);
    for (bool last = false; !last;) {
        last = wake_.wait_for(lock, sync_interval, [this] { return stopping_; });
        lock.unlock();
        const auto synced = calls_.sync();
        // Once for each failure: a disk that stays full would fill the log as well.
        if (!synced && !failed)
            spdlog::error("cannot sync the journal: {}", synced.error().message());
        failed = !synced;
        lock.lock();
    }
}

}  // namespace tallyfs::mountd
