// A server whose audit works, as facts: what the tests of the self-test break, one thing at a time.
// Facts: include/tallyfs/audit/self_test.hpp.
#pragma once

#include <tallyfs/audit/self_test.hpp>

#include <algorithm>
#include <string>

namespace tallyfs::test {

inline const wall_time now_{std::chrono::seconds(1'795'000'000)};

inline audit::self_test_input audited_server() {
    using std::chrono::minutes;
    using std::chrono::seconds;
    audit::server_facts server;
    server.looked = now_;
    server.version = 150'020;
    server.preloaded = true;
    server.database = "orders";
    server.databases = {"orders", "postgres"};
    server.settings = {{"pgaudit.log", "write, ddl, role, read"},
                       {"pgaudit.log_relation", "on"},
                       {"pgaudit.log_rows", "on"},
                       {"pgaudit.log_statement", "on"},
                       {"pgaudit.log_catalog", "on"},
                       {"pgaudit.log_level", "log"},
                       {"log_min_messages", "warning"},
                       {"log_destination", "stderr,jsonlog"},
                       {"logging_collector", "on"},
                       {"shared_preload_libraries", "pgaudit"}};
    server.settings_read = now_ - std::chrono::hours(9);
    audit::role_facts jd;
    jd.name = "jd";
    jd.person = true;
    server.roles.push_back(jd);
    audit::role_facts app;
    app.name = "app";
    app.settings.everywhere["pgaudit.log"] = "none";
    server.roles.push_back(app);
    audit::session_facts session;
    session.pid = 4711;
    session.user = "jd";
    session.database = "orders";
    session.began = now_ - minutes(30);
    session.statement_began = now_ - minutes(8);
    session.statement_ended = now_ - minutes(8) + seconds(2);
    session.statement = "DELETE FROM orders WHERE id = ?";
    session.person = true;
    server.sessions.push_back(session);
    server.transactions = 5'000;

    audit::self_test_input seen;
    seen.cluster = "prod/orders-cl";
    seen.now = now_;
    seen.server = server;
    seen.server_before = server;
    seen.server_before->looked = now_ - minutes(5);
    seen.feed.newest = now_ - seconds(3);
    seen.feed.oldest = now_ - std::chrono::hours(1);
    seen.feed.grew = now_ - seconds(3);
    seen.feed.entries = 900;
    seen.feed.trust = "structured";
    seen.feed.last_of_pid[4711] = now_ - minutes(8) + seconds(2);
    for (const int age : {12, 7, 2}) {
        audit::canary one;
        one.mark = "tallyfs-canary-" + std::to_string(age);
        one.sent = now_ - minutes(age);
        one.answered = true;
        one.seen = true;
        seen.canaries.push_back(one);
    }
    return seen;
}

inline audit::role_facts& jd_of(audit::self_test_input& seen) {
    return seen.server->roles.front();
}

/// "blind log-level", for each finding: what a test compares.
inline std::string found(const audit::self_test_report& report) {
    std::string text;
    for (const auto& one : report.findings) {
        if (!text.empty()) text += ", ";
        text += std::string(audit::to_string(one.verdict)) + " " + one.check;
    }
    return text;
}
inline std::string found(const audit::self_test_input& seen) {
    return found(audit::self_test(seen));
}

}  // namespace tallyfs::test
