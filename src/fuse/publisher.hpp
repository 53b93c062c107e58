// Tells the kernel that logs have grown, in the order that never shows a reader anything but
// whole lines: docs/fuse.md, "A log that grows". Protocol: FUSE_NOTIFY_INVAL_INODE.
#pragma once

#include "fuse/outcome.hpp"

#include <chrono>
#include <condition_variable>
#include <thread>

namespace tallyfs::fuse {

/// A thread of its own, since a notification may sleep until a READ is answered: no worker may
/// send one, and none is sent under a lock.
class publisher {
  public:
    explicit publisher(context& served) : served_(served) {}
    ~publisher() { stop(); }
    publisher(const publisher&) = delete;
    publisher& operator=(const publisher&) = delete;

    void start(fuse_session* session);
    /// Ends the thread; what waits is left to parked_requests::close(). While workers run, since
    /// only they can end a notification under way. Idempotent.
    void stop();

    /// Sends the outcome when the size that its log has now is published. Any thread.
    void wait_for(parked_requests::ticket ticket, outcome result);
    /// Logs may have grown: those that are open are published before anyone asks, not too often.
    /// Any thread, at once.
    void hint() noexcept;

  private:
    struct waiter {
        parked_requests::ticket ticket;
        outcome result;
    };

    void run();
    [[nodiscard]] std::vector<waiter> next_round(bool& ahead);
    void publish(inode& node);
    void push_size(std::uint64_t number, std::uint64_t size);
    void answer(waiter& waiting);

    context& served_;
    fuse_session* session_ = nullptr;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<waiter> waiting_;
    bool hinted_ = false;
    bool stopping_ = false;
    std::chrono::steady_clock::time_point next_ahead_{};
    std::thread thread_;
};

}  // namespace tallyfs::fuse
