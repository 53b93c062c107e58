// The signals that end the daemon, as something that the main thread waits for.
// Source: sigwait(3), pthread_sigmask(3).
#pragma once

#include <csignal>
#include <unistd.h>

namespace tallyfs::mountd {

/// Blocked before the first thread starts, so that every thread
/// inherits that and only the main thread takes them.
class stop_signals {
  public:
    stop_signals() {
        ::sigemptyset(&set_);
        for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) ::sigaddset(&set_, signal);
        ::pthread_sigmask(SIG_BLOCK, &set_, nullptr);
        std::signal(SIGPIPE, SIG_IGN);
        std::signal(SIGHUP, SIG_IGN);  // a closed terminal: the mount outlives it under nohup
    }
    /// SIGTERM or SIGINT from outside; SIGUSR1 from unmounted().
    [[nodiscard]] int wait() const {
        int signal = 0;
        while (::sigwait(&set_, &signal) != 0) {
        }
        return signal;
    }
    static void unmounted() { ::kill(::getpid(), SIGUSR1); }

  private:
    ::sigset_t set_{};
};

}  // namespace tallyfs::mountd
