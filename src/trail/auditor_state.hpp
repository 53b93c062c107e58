// What an auditor is made of, for the sources that share it.
// Order of start and stop: docs/architecture.md, "Audit".
#pragma once

#include "trail/alerts.hpp"
#include "trail/expectations.hpp"
#include "trail/feed.hpp"
#include "trail/store.hpp"
#include "trail/tester.hpp"

#include <tallyfs/retention/audit_days.hpp>
#include <tallyfs/trail/auditor.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace tallyfs::trail {

/// A server that is read and tested.
struct watched {
    std::unique_ptr<trail::feed> feed;
    std::unique_ptr<trail::tester> tester;
};

struct auditor_state {
    explicit auditor_state(auditor::parts with);
    ~auditor_state();

    [[nodiscard]] shared_judging current() const;
    void change(const std::function<void(judging&)>& edit);
    void set_noise(const std::string& entry, const std::string* text);
    void start();
    void stop();
    void run();
    [[nodiscard]] bool is_stopping() const;
    [[nodiscard]] feed* find_feed(std::string_view cluster);
    void make_servers();
    [[nodiscard]] std::vector<audit::self_test_report> reports() const;

    const auditor::parts parts;
    std::function<void()> changed = [] {};
    trail::alerts alerts;
    trail::expectations expected;
    trail::store store;
    retention::audit_days days;
    std::vector<watched> servers;

    mutable std::mutex mutex;  ///< of all that follows
    shared_judging judged_by;
    std::map<std::string, audit::noise_rule> noise_rules;  ///< on the desk
    std::condition_variable woken;
    bool stopping = false;
    std::thread thread;
};

}  // namespace tallyfs::trail
