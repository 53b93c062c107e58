#include "fuse/workers.hpp"

#include "fuse/errors.hpp"

#include <csignal>
#include <cstdlib>

namespace tallyfs::fuse {

namespace {

/// A thread that sleeps in read(2) on the device is woken by a signal only: closing the device
/// does not do it, and polling first costs two system calls more for each request. This one is
/// for programs to use (signal(7)), is sent to these threads alone, and does nothing.
int wake_signal() {
    return SIGRTMIN + 6;
}

void do_nothing(int) {}

void install_wake_signal() {
    struct sigaction action {};
    action.sa_handler = &do_nothing;  // without SA_RESTART: read(2) returns EINTR
    sigemptyset(&action.sa_mask);
    sigaction(wake_signal(), &action, nullptr);
}

void allow_only_wake_signal() {
    sigset_t blocked;
    sigfillset(&blocked);
    sigdelset(&blocked, wake_signal());
    pthread_sigmask(SIG_SETMASK, &blocked, nullptr);
}

/// The signal may arrive just before a thread goes to sleep: it is sent again until all ended.
constexpr std::chrono::milliseconds wake_interval{5};

}  // namespace

void workers::start(unsigned count) {
    install_wake_signal();
    running_ = count;
    for (unsigned index = 0; index < count; ++index) threads_.emplace_back([this] { run(); });
}

bool workers::wait_until_ready(std::chrono::milliseconds at_most) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, at_most, [this] { return ready_ || running_ == 0; });
    return ready_;
}

void workers::wait_until_ended() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return running_ == 0; });
}

void workers::stop() {
    if (threads_.empty()) return;  // the session may be gone by now
    fuse_session_exit(session_);
    {
        std::unique_lock lock(mutex_);
        while (!changed_.wait_for(lock, wake_interval, [this] { return running_ == 0; })) {
            for (auto& thread : threads_) pthread_kill(thread.native_handle(), wake_signal());
        }
    }
    for (auto& thread : threads_) thread.join();
    threads_.clear();
}

void workers::run() {
    allow_only_wake_signal();
    try {
        serve_requests();
    } catch (...) {
        static_cast<void>(error_of_exception("a worker"));
    }
    fuse_session_exit(session_);
    const std::lock_guard lock(mutex_);
    --running_;
    changed_.notify_all();
}

void workers::serve_requests() {
    fuse_buf buffer{};
    bool announced = false;
    while (fuse_session_exited(session_) == 0) {
        const int received = fuse_session_receive_buf(session_, &buffer);
        if (received == -EINTR || received == -EAGAIN) continue;
        if (received <= 0) break;  // unmounted, or the connection was aborted
        fuse_session_process_buf(session_, &buffer);
        if (!announced && served_.agreed) {
            announce_ready();
            announced = true;
        }
    }
    std::free(buffer.mem);  // libfuse allocates it with malloc
}

void workers::announce_ready() {
    const std::lock_guard lock(mutex_);
    if (ready_) return;
    served_.direct.probe();
    ready_ = true;
    changed_.notify_all();
}

}  // namespace tallyfs::fuse
