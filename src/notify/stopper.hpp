// Lets one thread wait, look up names and exchange messages in a way that another thread can end.
// Source: std::condition_variable; io_context::stop() of Boost.Asio, which any thread may call.
#pragma once

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace tallyfs::notify {

/// Shared by the thread that works and those that stop or wake it. A look-up of a name that nobody
/// waits for any more holds on to it as well.
class stopper {
  public:
    void stop() {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        if (running_ != nullptr) running_->stop();
        changed_.notify_all();
    }
    void wake() {
        const std::lock_guard lock(mutex_);
        woken_ = true;
        changed_.notify_all();
    }
    [[nodiscard]] bool stopping() const {
        const std::lock_guard lock(mutex_);
        return stopping_;
    }
    /// Until wake(), stop() or the end of `longest`.
    void rest(std::chrono::milliseconds longest) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, longest, [this] { return stopping_ || woken_; });
        woken_ = false;
    }
    /// Until stop() or the end of `time`.
    void pause(std::chrono::milliseconds time) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, time, [this] { return stopping_; });
    }
    /// Until `done`, stop() or `deadline`; `done` is changed by complete() only.
    void await(const bool& done, std::chrono::steady_clock::time_point deadline) {
        std::unique_lock lock(mutex_);
        changed_.wait_until(lock, deadline, [&] { return stopping_ || done; });
    }
    template <class Change>
    void complete(Change change) {
        const std::lock_guard lock(mutex_);
        change();
        changed_.notify_all();
    }
    /// Runs what was begun on `io`, until it is done, stop() or `deadline`.
    void run(boost::asio::io_context& io, std::chrono::steady_clock::time_point deadline) {
        {
            const std::lock_guard lock(mutex_);
            if (stopping_) return;
            running_ = &io;
        }
        io.run_until(deadline);
        const std::lock_guard lock(mutex_);
        running_ = nullptr;
    }

  private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    bool woken_ = false;
    boost::asio::io_context* running_ = nullptr;
};

}  // namespace tallyfs::notify
