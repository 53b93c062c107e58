#include "client.hpp"
#include "traffic.hpp"

#include <CLI/CLI.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <pthread.h>
#include <thread>
#include <vector>

namespace {

using namespace tallyfs::demo;
using std::chrono::milliseconds;

struct settings {
    std::string proxy = "http://127.0.0.1:11433";
    std::uint64_t calls = 320;
    std::uint64_t seed = 1;
    std::size_t concurrency = 6;
    std::size_t pause_ms = 1500;
    bool once = false;
    bool quiet = false;
};

/// Hands out calls to the callers, and lets them pause until the end.
class schedule {
  public:
    explicit schedule(const settings& wanted) : settings_(wanted), traffic_(wanted.seed) {}

    /// False when there is no more to do.
    bool take(call& wanted) {
        std::unique_lock lock(mutex_);
        if (taken_ >= settings_.calls) {
            if (settings_.once) return false;
            ended_.wait_for(lock, milliseconds(settings_.pause_ms), [&] { return stopped_; });
        }
        if (stopped_) return false;
        ++taken_;
        wanted = traffic_.next();
        return true;
    }

    void report(int status) {
        std::lock_guard lock(mutex_);
        ++done_;
        if (status == 0 || status >= 400) ++odd_;
        if (settings_.quiet || done_ > settings_.calls) return;
        if (done_ % 40 == 0 || done_ == settings_.calls) {
            std::cerr << done_ << " of " << settings_.calls << " calls, " << odd_
                      << " failed or left on purpose\n";
        }
    }

    void stop() {
        std::lock_guard lock(mutex_);
        stopped_ = true;
        ended_.notify_all();
    }
    void fail(const std::string& reason) {
        std::lock_guard lock(mutex_);
        failure_ = reason;
        stopped_ = true;
        ended_.notify_all();
    }
    std::string failure() {
        std::lock_guard lock(mutex_);
        return failure_;
    }

  private:
    const settings& settings_;
    std::mutex mutex_;
    std::condition_variable ended_;
    traffic traffic_;
    std::uint64_t taken_ = 0;
    std::uint64_t done_ = 0;
    std::uint64_t odd_ = 0;
    bool stopped_ = false;
    std::string failure_;
};

void be_a_caller(const target& where, schedule& work) {
    client sender(where);
    call wanted;
    int failures = 0;
    while (work.take(wanted)) {
        try {
            work.report(sender.send(wanted));
            failures = 0;
        } catch (const std::exception& error) {
            if (++failures < 3) continue;
            work.fail(error.what());
            return;
        }
    }
}

bool read_arguments(int argument_count, char** arguments, settings& wanted, int& code) {
    CLI::App app("Believable traffic from several services, through tallyfs to Ollama.");
    app.add_option("--proxy", wanted.proxy, "where tallyfs listens, http://HOST:PORT");
    app.add_option("--calls", wanted.calls, "calls to make quickly; after that they trickle");
    app.add_option("--seed", wanted.seed, "another seed, other calls");
    app.add_option("--concurrency", wanted.concurrency, "services that call at the same time")
        ->check(CLI::Range(1, 64));
    app.add_option("--pause-ms", wanted.pause_ms, "between a caller's calls in the trickle");
    app.add_flag("--once", wanted.once, "end after the calls instead of going on slowly");
    app.add_flag("--quiet", wanted.quiet, "no progress");
    try {
        app.parse(argument_count, arguments);
    } catch (const CLI::ParseError& error) {
        code = app.exit(error) == 0 ? 0 : 2;
        return false;
    }
    return true;
}

}  // namespace

int main(int argument_count, char** arguments) {
    settings wanted;
    int code = 0;
    if (!read_arguments(argument_count, arguments, wanted, code)) return code;
    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGINT);
    // Sent by ourselves when the callers are done.
    sigaddset(&ending, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &ending, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    try {
        const auto where = read_url(wanted.proxy);
        schedule work(wanted);
        const auto self = ::pthread_self();
        std::atomic<std::size_t> running{wanted.concurrency};
        std::vector<std::jthread> callers;
        for (std::size_t i = 0; i < wanted.concurrency; ++i) {
            callers.emplace_back([&] {
                be_a_caller(where, work);
                if (--running == 0) ::pthread_kill(self, SIGUSR1);
            });
        }
        int received = 0;
        sigwait(&ending, &received);
        // A call that still waits for its model is not waited for: the proxy then sees a client
        // that goes away.
        if (received != SIGUSR1) std::_Exit(0);
        work.stop();
        callers.clear();
        if (const auto failure = work.failure(); !failure.empty()) {
            throw std::runtime_error("cannot call " + wanted.proxy + ": " + failure);
        }
    } catch (const std::exception& error) {
        std::cerr << "tallyfs-demo: " << error.what() << '\n';
        return 1;
    }
    return 0;
}
