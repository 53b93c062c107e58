#include "postgres/audited_cluster.hpp"

#include <csignal>
#include <thread>

using namespace tallyfs;
using namespace tallyfs::test;

namespace {

const audit::role_facts& role_of(const audit::server_facts& seen, const std::string& name) {
    const auto found = std::ranges::find(seen.roles, name, &audit::role_facts::name);
    INFO(name);
    REQUIRE(found != seen.roles.end());
    return *found;
}

const audit::session_facts* session_of(const audit::server_facts& seen, int pid) {
    const auto found = std::ranges::find(seen.sessions, pid, &audit::session_facts::pid);
    return found == seen.sessions.end() ? nullptr : &*found;
}

}  // namespace

TEST_CASE("a look for the audit sees settings as the server ranks them, without a superuser") {
    NEEDS_PGAUDIT();
    audited_cluster cluster;
    cluster.server.psql(
        "CREATE DATABASE other; CREATE DATABASE shut; REVOKE CONNECT ON DATABASE shut FROM PUBLIC;"
        "CREATE ROLE a LOGIN; CREATE ROLE dba; GRANT dba TO a;"
        "ALTER ROLE ALL SET pgaudit.log = 'read'; ALTER ROLE ALL SET pgaudit.log_rows = 'on';"
        "ALTER DATABASE other SET pgaudit.log = 'ddl';"
        "ALTER DATABASE other SET pgaudit.log_rows = 'off';"
        "ALTER ROLE a SET pgaudit.log = 'write'; ALTER ROLE a SET work_mem = '9MB';"
        "ALTER ROLE a IN DATABASE other SET pgaudit.log_relation = 'on';"
        "ALTER ROLE dba SET pgaudit.log = 'all'; ALTER ROLE dba SET log_min_messages = 'log'");
    const auto seen = cluster.look();
    CHECK(seen.version >= 150'000);
    CHECK(seen.preloaded);
    CHECK(seen.database == "postgres");
    CHECK(seen.databases == std::vector<std::string>{"other", "postgres", "shut"});
    CHECK(seen.databases_without_extension == std::vector<std::string>{"other"});
    CHECK(seen.databases_not_seen == std::vector<std::string>{"shut: GRANT CONNECT is missing"});
    CHECK(seen.missing.empty());
    CHECK_FALSE(seen.is_managed);
    CHECK(seen.transactions > 0);
    CHECK(seen.settings_read > wall_time{});
    CHECK(std::chrono::abs(seen.looked - system_clock_source().wall()) < std::chrono::minutes(1));
    CHECK(seen.settings.at("shared_preload_libraries") == "pgaudit");
    CHECK(seen.settings.at("log_destination") == "jsonlog");
    CHECK(seen.settings.at("log_min_messages") == "warning");
    CHECK_FALSE(seen.settings.contains("pgaudit.log"));  // ours hides it

    const auto& a = role_of(seen, "a").settings;
    CHECK(a.everywhere ==
          std::map<std::string, std::string>{{"pgaudit.log", "write"}, {"pgaudit.log_rows", "on"}});
    CHECK(a.in_databases.size() == 1);
    CHECK(a.in_databases.at("other") ==
          std::map<std::string, std::string>{{"pgaudit.log_relation", "on"},
                                             {"pgaudit.log_rows", "off"}});
    CHECK(role_of(seen, "a").not_inherited ==
          std::vector<std::string>{"dba: log_min_messages", "dba: pgaudit.log"});
    CHECK(role_of(seen, "app").settings.in_databases.at("other").at("pgaudit.log") == "ddl");
    CHECK(role_of(seen, "a").person);  // in neither list
    CHECK_FALSE(role_of(seen, "app").person);
}

TEST_CASE("what the server has is seen from a database in which our role has nothing else") {
    NEEDS_PGAUDIT();
    audited_cluster cluster;
    cluster.server.psql(
        "CREATE DATABASE other; ALTER SYSTEM SET pgaudit.log = 'ddl';"
        "ALTER ROLE look RESET pgaudit.log;"
        "ALTER ROLE look IN DATABASE postgres SET pgaudit.log = 'function'");
    cluster.server.reload();
    CHECK(cluster.look().settings.at("pgaudit.log") == "ddl");
}

TEST_CASE("who can switch the audit off is seen, also by way of other roles") {
    NEEDS_PGAUDIT();
    audited_cluster cluster;
    cluster.server.psql(
        "CREATE ROLE root SUPERUSER; CREATE ROLE admins; GRANT root TO admins;"
        "CREATE ROLE deputy LOGIN; GRANT admins TO deputy; CREATE ROLE setter LOGIN;"
        "GRANT SET ON PARAMETER pgaudit.log TO setter; CREATE ROLE cloudsqlsuperuser;"
        "CREATE ROLE hired LOGIN; GRANT cloudsqlsuperuser TO hired");
    const auto seen = cluster.look();
    CHECK(role_of(seen, "boss").superuser);
    CHECK(role_of(seen, "boss").can_switch_off == "is a superuser");
    CHECK_FALSE(role_of(seen, "deputy").superuser);
    CHECK(role_of(seen, "deputy").can_switch_off == "can become root, a superuser");
    CHECK(role_of(seen, "setter").can_switch_off == "may set pgaudit.log or log_min_messages");
    CHECK(role_of(seen, "hired").can_switch_off.starts_with("is in cloudsqlsuperuser"));
    CHECK(role_of(seen, "jd").can_switch_off == "");
    CHECK(seen.is_managed);
    CHECK(seen.provider == "cloudsql");
}

TEST_CASE("sessions are seen with masked statements, and whether they still run") {
    NEEDS_PGAUDIT();
    audited_cluster cluster;
    psql_session jd(cluster.server, "postgres", "jd");
    psql_session app(cluster.server, "postgres", "app");
    jd.run("BEGIN; DELETE FROM orders WHERE n = 4711 /* secret */");
    app.start("SELECT pg_sleep(60)");
    cluster.server.wait_until(
        "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND state = 'active'", "1");
    const auto seen = cluster.look();
    const auto* const one = session_of(seen, jd.pid());
    REQUIRE(one != nullptr);
    CHECK(one->user == "jd");
    CHECK(one->database == "postgres");
    CHECK(one->person);
    CHECK(one->in_transaction);
    CHECK(one->statement.find("DELETE FROM orders WHERE n = ?") != std::string::npos);
    CHECK(one->statement.find("4711") == std::string::npos);
    CHECK(one->statement.find("secret") == std::string::npos);
    CHECK(one->began > wall_time{});
    CHECK(one->began <= one->statement_began);
    CHECK(one->statement_began <= one->statement_ended);
    CHECK(one->statement_ended <= seen.looked);
    const auto* const other = session_of(seen, app.pid());
    REQUIRE(other != nullptr);
    CHECK(other->statement_ended == wall_time{});
    CHECK_FALSE(other->person);
    CHECK(seen.sessions.size() == 2);  // without ours
    cluster.server.psql("SELECT pg_terminate_backend(" + std::to_string(app.pid()) + ")");
}

TEST_CASE("a role without pg_monitor sees what it may, and is told what would show the rest") {
    NEEDS_PGAUDIT();
    audited_cluster cluster;
    cluster.server.psql("REVOKE pg_monitor FROM look");
    psql_session jd(cluster.server, "postgres", "jd");
    jd.run("DELETE FROM orders");
    const auto seen = cluster.look();
    REQUIRE(seen.missing.size() == 2);
    for (const auto& one : seen.missing) {
        CHECK(one.find("GRANT pg_monitor TO \"look\"") != std::string::npos);
    }
    CHECK_FALSE(seen.settings.contains("shared_preload_libraries"));
    CHECK(seen.preloaded);
    CHECK(role_of(seen, "jd").settings.everywhere.at("pgaudit.log").starts_with("read"));
    cluster.send_canary();
    cluster.wait_for_log(cluster.canaries.back().mark);
    CHECK(found(cluster.report()) == "weak facts, weak facts, weak superuser");
}

TEST_CASE("a server that cannot be looked at says why, one that hangs is left in time") {
    NEEDS_PGAUDIT();
    audited_cluster cluster;
    auto where = at(cluster.server, "nobody_there");
    const audit::accounts who;
    const auto refused = cluster.probe.look(where, who);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().what.find("nobody_there") != std::string::npos);
    const auto canary = cluster.probe.send_canary(where);
    CHECK_FALSE(canary.answered);
    CHECK(canary.problem == refused.error().what);

    where = at(cluster.server, "look");
    cluster.server.freeze();
    const auto start = std::chrono::steady_clock::now();
    CHECK_FALSE(cluster.probe.look(where, who).has_value());
    CHECK(since(start) < std::chrono::seconds(16));
    std::thread impatient([&] {
        ::usleep(200'000);
        cluster.probe.abandon();
    });
    const auto again = std::chrono::steady_clock::now();
    CHECK_FALSE(cluster.probe.look(where, who).has_value());
    CHECK(since(again) < std::chrono::seconds(3));
    impatient.join();
    cluster.server.thaw();
    CHECK_FALSE(cluster.probe.look(where, who).has_value());  // it stays abandoned
    CHECK(cluster.probe.send_canary(where).problem == "it was abandoned");
}

TEST_CASE("a look that hangs in the middle of its questions is abandoned at once") {
    NEEDS_PGAUDIT();
    audited_cluster cluster;
    psql_session locker(cluster.server);
    // Where the look waits for this, its backend is stopped: it never answers.
    locker.run("BEGIN; LOCK TABLE pg_extension IN ACCESS EXCLUSIVE MODE");
    std::string problem;
    std::thread looker([&] {
        const auto seen = cluster.probe.look(at(cluster.server, "look"), audit::accounts());
        problem = seen ? "" : seen.error().what;
    });
    std::string pid;
    const auto begun = std::chrono::steady_clock::now();
    while (pid.empty() && since(begun) < std::chrono::seconds(10)) {
        pid = locker.run(
            "SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'pg_extension'::regclass");
    }
    if (!pid.empty()) ::kill(std::stoi(pid), SIGSTOP);
    const auto start = std::chrono::steady_clock::now();
    cluster.probe.abandon();
    looker.join();
    CHECK(since(start) < std::chrono::seconds(1));
    CHECK(problem != "");
    REQUIRE(pid != "");
    ::kill(std::stoi(pid), SIGCONT);
}

TEST_CASE("no two canaries have the same mark") {
    NEEDS_PGAUDIT();
    audited_cluster cluster;
    const auto first = cluster.probe.send_canary(at(cluster.server, "look"));
    const auto second = cluster.probe.send_canary(at(cluster.server, "look"));
    CHECK(first.answered);
    CHECK(first.mark != second.mark);
    CHECK(first.mark.size() > 40);
}
