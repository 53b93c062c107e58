// Proves once a window that a server's audit is alive, on a thread of its own: looks at the server,
// sends a statement that has to turn up in the log, and judges. Meaning: docs/audit.md,
// "The self-test".
#pragma once

#include "trail/feed.hpp"

#include <tallyfs/audit/self_test.hpp>
#include <tallyfs/trail/auditor.hpp>

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace tallyfs::trail {

class tester {
  public:
    /// All of it outlives the tester. Functions are called on its thread.
    struct parts {
        feed& read;
        const clock_source& clock;
        probe_functions probe;
        std::function<shared_judging()> judging;
        /// Alerts, as feed::parts::report.
        std::function<bool(const std::vector<audit::tally>&)> report;
        std::function<void()> changed;
    };
    explicit tester(parts with);
    ~tester();
    tester(const tester&) = delete;
    tester& operator=(const tester&) = delete;

    void start();
    /// The functions of `probe` have to return soon. Idempotent.
    void stop();

    /// Any thread. Null: none was made yet.
    [[nodiscard]] std::shared_ptr<const audit::self_test_report> report() const;
    [[nodiscard]] std::shared_ptr<const audit::setup_input> setup() const;

  private:
    void run();
    void test();
    [[nodiscard]] bool wait(std::chrono::milliseconds time);
    /// Waits until the canary was seen, at most as long as a log may take.
    void await(audit::canary& sent);
    void raise(const audit::self_test_report& made);
    void hand_over();

    const parts parts_;
    std::optional<audit::server_facts> before_;
    std::deque<audit::canary> canaries_;  ///< the newest 12
    std::uint64_t pieces_ = 0;            ///< of the log, unreadable, up to the last test
    std::vector<audit::tally> owed_;      ///< alerts that could not be recorded yet

    mutable std::mutex mutex_;  ///< of all that follows
    std::condition_variable woken_;
    bool stopping_ = false;
    std::shared_ptr<const audit::self_test_report> report_;
    std::shared_ptr<const audit::setup_input> setup_;
    std::thread thread_;
};

}  // namespace tallyfs::trail
