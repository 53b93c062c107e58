#include "audit/audited_server.hpp"
#include "support/catch.hpp"

using namespace tallyfs;
using namespace tallyfs::test;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

audit::session_facts& session_of(audit::self_test_input& seen) {
    return seen.server->sessions.front();
}

/// A session whose last statement has left no line.
audit::self_test_input silent(const std::string& statement = "DELETE FROM orders") {
    auto seen = audited_server();
    session_of(seen).statement = statement;
    seen.feed.last_of_pid.clear();
    return seen;
}

/// The newest canary was answered so long ago, and is not in the log.
audit::self_test_input unseen(minutes ago) {
    auto seen = audited_server();
    seen.canaries.resize(1);
    seen.canaries.front().seen = false;
    seen.canaries.front().sent = now_ - ago;
    seen.feed.grew = seen.canaries.front().sent + seconds(1);
    seen.server->sessions.clear();
    return seen;
}

}  // namespace

TEST_CASE("a person's session that worked without leaving a line is blindness") {
    CHECK(found(silent()) == "blind silent-session");
    const auto what = audit::self_test(silent()).findings.front().what;
    CHECK(what.find("4711 of jd in orders") != std::string::npos);
    CHECK(what.find("DELETE FROM orders") != std::string::npos);
    auto older = silent();
    older.feed.last_of_pid[4711] = session_of(older).statement_began - seconds(2);
    CHECK(found(older) == "blind silent-session");
    older.feed.last_of_pid[4711] = session_of(older).statement_began - std::chrono::milliseconds(9);
    CHECK(found(older) == "");
}

TEST_CASE("a session is not called silent as long as its line could still come") {
    auto seen = silent();
    for (auto& one : seen.canaries) one.seen = one.sent < session_of(seen).statement_ended;
    CHECK(found(seen).find("silent") == std::string::npos);
    seen = silent();
    session_of(seen).statement_ended = {};  // it runs
    CHECK(found(seen) == "");
    seen = silent();
    seen.feed.newest = session_of(seen).statement_ended + std::chrono::milliseconds(500);
    CHECK(found(seen) == "");
    seen = silent();
    seen.feed.oldest = session_of(seen).statement_began + seconds(1);  // read from there on
    CHECK(found(seen) == "");
    seen = silent();
    seen.feed.oldest = {};
    CHECK(found(seen) == "");
    seen = silent();
    seen.server->settings_read = session_of(seen).statement_began + seconds(1);
    CHECK(found(seen) == "");
    seen = silent();
    session_of(seen).in_transaction = true;  // with log_rows, an open portal has no line yet
    CHECK(found(seen) == "");
    jd_of(seen).settings.everywhere["pgaudit.log_rows"] = "off";
    CHECK(found(seen) == "blind silent-session, weak log-rows");
}

TEST_CASE("only statements of which a line is certain are expected to leave one") {
    for (const std::string statement :
         {"SELECT * FROM orders", "insert into orders values (?)", "UPDATE orders SET n = ?",
          "TRUNCATE orders", "CREATE TABLE t (n int)", "ALTER ROLE jd SET work_mem = ?",
          "DROP TABLE t", "GRANT SELECT ON orders TO app", "REVOKE ALL ON orders FROM app"}) {
        INFO(statement);
        CHECK(found(silent(statement)) == "blind silent-session");
    }
    for (const std::string statement :
         {"SET work_mem = ?", "BEGIN", "FETCH c", "", "WITH d AS (DELETE FROM orders) SELECT ?",
          "deleted", "? ...", "EXECUTE p"}) {
        INFO(statement);
        CHECK(found(silent(statement)) == "");
    }
    auto seen = silent("SET pgaudit.log = ?");
    jd_of(seen).settings.everywhere["pgaudit.log"] = "all";
    CHECK(found(seen) == "blind silent-session");
    seen = silent("SELECT * FROM pg_class");
    seen.server->settings["pgaudit.log_catalog"] = "off";
    CHECK(found(seen) == "weak log-catalog");
    // It may have been denied, of which only an error tells.
    seen = silent();
    seen.server->settings["log_min_messages"] = "log";
    CHECK(found(seen) == "weak log-level");
    seen = silent();
    session_of(seen).person = false;
    CHECK(found(seen) == "");
}

TEST_CASE("a session that began before its role's settings changed keeps those of before") {
    auto seen = audited_server();
    auto& role = jd_of(seen);
    audit::earlier_settings old;
    old.settings.everywhere["pgaudit.log"] = "none";
    old.seen = now_ - minutes(20);
    old.until = now_ - minutes(15);
    role.earlier.push_back(old);
    CHECK(found(seen) == "blind session");
    CHECK(audit::self_test(seen).findings.front().advice == "SELECT pg_terminate_backend(4711);");
    session_of(seen).began = now_ - minutes(18);  // between the two looks
    CHECK(found(seen) == "weak session");
    session_of(seen).began = now_ - minutes(15);
    CHECK(found(seen) == "");
    session_of(seen).began = now_ - minutes(30);
    role.earlier.front().settings.everywhere["pgaudit.log"] = "all";  // it logged as much
    CHECK(found(seen) == "");
    // And where it kept what logs, it has to leave lines although its role would leave none now.
    role.settings.everywhere["pgaudit.log"] = "none";
    seen.feed.last_of_pid.clear();
    CHECK(found(seen) == "blind role-settings, blind silent-session");
}

TEST_CASE("the settings of before are those of the time at which a session began") {
    auto seen = audited_server();
    for (const int began : {40, 25}) {
        audit::earlier_settings old;
        old.settings.everywhere["pgaudit.log"] = began == 40 ? "none" : "all";
        old.until = now_ - minutes(began);
        old.seen = old.until - minutes(1);
        jd_of(seen).earlier.push_back(old);
    }
    CHECK(found(seen) == "");  // began 30 minutes ago, with "all"
    session_of(seen).began = now_ - minutes(50);
    CHECK(found(seen) == "blind session");
}

TEST_CASE("a person's session that hides what it does is a weakness") {
    auto seen = audited_server();
    session_of(seen).hidden = true;
    CHECK(found(seen) == "weak hidden-session");
    session_of(seen).person = false;
    CHECK(found(seen) == "");
}

TEST_CASE("many sessions of one kind are cut short, and so said") {
    auto seen = silent();
    const auto one = session_of(seen);
    for (int i = 0; i < 100; ++i) {
        seen.server->sessions.push_back(one);
        seen.server->sessions.back().pid = 5'000 + i;
    }
    CHECK(audit::self_test(seen).findings.size() == 21);
}

TEST_CASE("a canary that was answered and does not turn up within a window is blindness") {
    CHECK(found(unseen(minutes(4))) == "unknown canary");
    CHECK(found(unseen(minutes(5))) == "blind canary");
    auto seen = unseen(minutes(4));
    seen.feed.grew = seen.canaries.front().sent + seconds(59);
    CHECK(found(seen) == "unknown canary");
    seen.feed.grew = seen.canaries.front().sent + seconds(60);  // the log has got past it
    seen.feed.may_be_late = true;                               // by old lines, it may be
    CHECK(found(seen) == "unknown canary");
    seen.feed.may_be_late = false;
    CHECK(found(seen) == "blind canary");
    seen = unseen(minutes(6));
    seen.feed.grew = seen.canaries.front().sent - seconds(1);
    CHECK(found(seen) == "blind canary, blind log-growth");
}

TEST_CASE("a canary is missed after seconds where the log is followed from here") {
    auto seen = unseen(minutes(4));
    seen.canary_patience = seconds(30);
    CHECK(found(seen) == "blind canary");
    seen.canaries.front().sent = now_ - seconds(29);
    CHECK(found(seen) == "unknown canary");
}

TEST_CASE("a canary that is missing between others means lost lines, one on its way does not") {
    auto seen = audited_server();
    seen.canaries[1].seen = false;
    CHECK(found(seen) == "blind canary");
    CHECK(audit::self_test(seen).findings.front().what.find("lost") != std::string::npos);
    seen = audited_server();
    seen.canaries.back().seen = false;
    seen.feed.grew = seen.canaries.back().sent + seconds(30);
    CHECK(found(seen) == "");
}

TEST_CASE("a canary that could not be sent leaves it unknown, beside others weak") {
    auto seen = audited_server();
    seen.canaries.back() = {"mark", now_ - minutes(2), false, false, "no route to host"};
    CHECK(found(seen) == "weak canary");
    seen.canaries.erase(seen.canaries.begin(), seen.canaries.end() - 1);
    seen.server->sessions.clear();
    CHECK(found(seen) == "unknown canary");
    CHECK(audit::self_test(seen).findings.front().what.find("no route") != std::string::npos);
    seen.canaries.clear();
    CHECK(found(seen) == "unknown canary");
}

TEST_CASE("a log that stands still while the server works is blindness where no canary tells") {
    auto seen = audited_server();
    seen.canaries = {{"mark", now_ - minutes(2), false, false, "refused"}};
    seen.feed.grew = now_ - minutes(6);
    seen.server->sessions.clear();
    seen.server->transactions = seen.server_before->transactions + 99;
    CHECK(found(seen) == "unknown canary");
    seen.server->transactions = seen.server_before->transactions + 100;
    CHECK(found(seen) == "blind log-growth, unknown canary");
    seen.feed.grew = now_ - minutes(4);
    CHECK(found(seen) == "unknown canary");
    // A server whose canaries are seen is quiet because nothing happens that is logged.
    seen = audited_server();
    seen.server->transactions = seen.server_before->transactions + 10'000;
    seen.feed.grew = now_ - minutes(6);
    CHECK(found(seen) == "");
}

TEST_CASE("a log that cannot be read, has gaps, forgeries or is text is said") {
    const auto with = [](auto change) {
        auto seen = audited_server();
        change(seen.feed);
        return found(seen);
    };
    CHECK(with([](auto& feed) { feed.problem = "permission denied"; }) == "blind log");
    CHECK(with([](auto& feed) { feed.entries = 0; }) == "unknown log");
    CHECK(with([](auto& feed) { feed.gaps = 1; }) == "blind lines");
    CHECK(with([](auto& feed) { feed.unreadable = 1; }) == "blind records");
    CHECK(with([](auto& feed) { feed.forged = 1; }) == "weak forged");
    CHECK(with([](auto& feed) { feed.is_ahead = true; }) == "weak clock");
    CHECK(with([](auto& feed) { feed.unreadable_pieces = 1; }) == "weak pieces");
    CHECK(with([](auto& feed) {
              feed.unreadable_pieces = 9;
              feed.entries = 0;
          }) == "blind pieces, unknown log");
    CHECK(with([](auto& feed) { feed.trust = "text"; }) == "weak trust");
    CHECK(with([](auto& feed) { feed.trust = "guarded_text"; }) == "");
    auto seen = audited_server();
    seen.feed.trust = "text";
    CHECK(audit::self_test(seen).findings.front().advice.find("jsonlog") != std::string::npos);
    seen.server->version = 140'001;
    CHECK(audit::self_test(seen).findings.front().advice.find("csvlog") != std::string::npos);
}

TEST_CASE("a destination that is not what is read is blindness, except at a provider") {
    const auto with = [](const std::string& list, const std::string& collector,
                         const std::string& trust) {
        auto seen = audited_server();
        seen.server->settings["log_destination"] = list;
        seen.server->settings["logging_collector"] = collector;
        seen.feed.trust = trust;
        return found(seen);
    };
    CHECK(with("csvlog", "on", "structured") == "");
    CHECK(with(" stderr, \"JSONLOG\"", "on", "structured") == "");
    CHECK(with("stderr", "on", "structured") == "blind log-destination");
    CHECK(with("csvlog", "off", "structured") == "blind log-destination");
    CHECK(with("jsonlog", "on", "guarded_text") == "blind log-destination");
    CHECK(with("stderr", "off", "guarded_text") == "");
    CHECK(with("jsonlog", "off", "guarded_text") == "weak log-destination");
    CHECK(with("syslog", "on", "") == "blind log-destination");
    CHECK(with("", "on", "") == "blind log-destination");
    auto seen = audited_server();
    seen.server->settings["log_destination"] = "stderr";
    seen.server->is_managed = true;
    CHECK(found(seen) == "");
}

TEST_CASE("without a connection only the log is judged, and at best it is weak") {
    auto seen = audited_server();
    seen.server.reset();
    seen.server_before.reset();
    seen.canaries.clear();
    CHECK(found(seen) == "weak connection");
    CHECK(audit::self_test(seen).verdict == audit::verdict::weak);
    seen.feed.gaps = 2;
    CHECK(found(seen) == "blind lines, weak connection");
    seen.feed.gaps = 0;
    seen.server_problem = "connection refused";
    CHECK(found(seen) == "unknown connection");
}

TEST_CASE("the same facts give the same texts at another time") {
    auto seen = silent();
    seen.feed.trust = "text";
    const auto first = audit::self_test(seen);
    seen.now += seconds(40);
    seen.feed.forged = 0;
    seen.feed.newest += seconds(40);
    const auto second = audit::self_test(seen);
    CHECK(first.findings == second.findings);
    CHECK(first.passed == second.passed);
}
