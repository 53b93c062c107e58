// The threads that read requests. None of them ever waits for anything but the next request.
// Protocol: fuse_session_receive_buf() and fuse_session_process_buf() of libfuse.
#pragma once

#include "fuse/context.hpp"

namespace tallyfs::fuse {

class workers {
  public:
    workers(context& served, fuse_session* session) : served_(served), session_(session) {}
    ~workers() { stop(); }
    workers(const workers&) = delete;
    workers& operator=(const workers&) = delete;

    void start(unsigned count);
    /// Waits until the kernel's first request has been answered. False if there was none in
    /// that time, or if the session ended.
    [[nodiscard]] bool wait_until_ready(std::chrono::milliseconds at_most);
    /// Waits until all have ended: because the mount has, or because of stop().
    void wait_until_ended();
    /// Ends them after what they do now. Idempotent.
    void stop();

  private:
    void run();
    void serve_requests();
    void announce_ready();

    context& served_;
    fuse_session* const session_;
    std::mutex mutex_;
    std::condition_variable changed_;
    unsigned running_ = 0;
    bool ready_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace tallyfs::fuse
