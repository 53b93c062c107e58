// Each way in which an audit is blind, done to a real server with pgAudit, and found by a look, a
// canary and the log that the server really wrote.
#include "postgres/audited_cluster.hpp"

using namespace tallyfs;
using namespace tallyfs::test;
using std::chrono::minutes;

namespace {

/// Always there: boss is a superuser. What was done to the server comes before.
const std::string nothing_but_boss = "weak superuser";
std::string blind(const std::string& check) {
    return "blind " + check + ", " + nothing_but_boss;
}

}  // namespace

TEST_CASE("an audit that works is found to work, and looks leave nothing in its log") {
    NEEDS_PGAUDIT();
    audited_cluster cluster;
    cluster.send_canary();
    cluster.wait_for_log(cluster.canaries.back().mark);
    const auto report = cluster.report();
    INFO(whole(report));
    CHECK(found(report) == nothing_but_boss);
    // Nothing but the two canaries, of class FUNCTION, by a role without rights.
    const auto records = cluster.records_of("look");
    REQUIRE(records.size() == 2);
    CHECK(records.front().starts_with("FUNCTION,DO,,,DO $tallyfs$BEGIN /* tallyfs-canary-"));
    cluster.server.psql("ALTER ROLE boss NOSUPERUSER");
    CHECK(found(cluster.report()) == "");
}

TEST_CASE("settings by which a person leaves no line are found where they were made") {
    NEEDS_PGAUDIT();
    audited_cluster cluster;
    auto& server = cluster.server;
    const std::string write = "INSERT INTO orders VALUES (1)";

    server.psql("ALTER ROLE jd SET pgaudit.log = 'none'");
    server.psql(write, "postgres", "jd");
    CHECK(found(cluster.report()) == blind("role-settings"));
    // Of a database, which a role's own goes before; and of the role there.
    cluster.audit_all_of("jd");
    server.psql("ALTER DATABASE postgres SET pgaudit.log = 'none'");
    CHECK(found(cluster.report()) == nothing_but_boss);
    server.psql("ALTER ROLE jd IN DATABASE postgres SET pgaudit.log = 'none'");
    server.psql(write, "postgres", "jd");
    CHECK(found(cluster.report()) == blind("role-settings"));
    server.psql("ALTER ROLE jd IN DATABASE postgres RESET ALL; ALTER ROLE jd RESET pgaudit.log");
    server.psql(write, "postgres", "jd");
    CHECK(found(cluster.report()) == blind("role-settings"));
    server.psql("ALTER DATABASE postgres RESET ALL; ALTER ROLE ALL SET pgaudit.log = 'read'");
    server.psql(write, "postgres", "jd");
    CHECK(found(cluster.report()) == blind("role-settings"));
    CHECK(cluster.records_of("jd").empty());
    server.psql("ALTER ROLE ALL SET pgaudit.log = 'read, write, ddl, role'");
    server.psql(write, "postgres", "jd");
    CHECK(found(cluster.report()) == nothing_but_boss);
    cluster.wait_for_log("\"user\":\"jd\"");
}

TEST_CASE("a group's setting, which nobody inherits, is found") {
    NEEDS_PGAUDIT();
    audited_cluster cluster;
    cluster.server.psql(
        "CREATE ROLE dba; CREATE ROLE oncall; GRANT dba TO oncall; GRANT oncall TO jd;"
        "ALTER ROLE dba SET pgaudit.log = 'all'; ALTER ROLE jd RESET ALL");
    cluster.server.psql("INSERT INTO orders VALUES (1)", "postgres", "jd");
    const auto report = cluster.report();
    INFO(whole(report));
    // Also while what the server itself has is hidden behind the role's own setting.
    CHECK(found(report) == blind("group-role"));
    cluster.server.psql(
        "ALTER ROLE look IN DATABASE postgres SET pgaudit.log = 'function';"
        "ALTER ROLE look RESET pgaudit.log; CREATE DATABASE other");
    cluster.server.psql("CREATE EXTENSION pgaudit", "other");
    const auto seen = cluster.report();
    CHECK(found(seen) == blind("group-role"));
    CHECK(seen.findings.front().what.find("dba: pgaudit.log") != std::string::npos);
    CHECK(cluster.records_of("jd").empty());
}

TEST_CASE("a server without pgAudit loaded is found, although SHOW says that it logs") {
    NEEDS_PGAUDIT();
    audited_cluster cluster(false);
    CHECK(cluster.server.psql("SHOW pgaudit.log", "postgres", "jd") == "read, write, ddl, role");
    const auto report = cluster.report_of_silence();
    INFO(whole(report));
    CHECK(found(report) == "blind preload, blind canary, blind log-growth, " + nothing_but_boss);
    CHECK(report.findings.front().what.find("boss, jd and look") != std::string::npos);
}

TEST_CASE("a superuser that switches its audit off is found by what leaves no line") {
    NEEDS_PGAUDIT();
    audited_cluster cluster;
    psql_session boss(cluster.server, "postgres", "boss");
    boss.run("DELETE FROM orders");
    psql_session jd(cluster.server, "postgres", "jd");
    jd.run("DELETE FROM orders WHERE n = 7");
    CHECK(found(cluster.report()) == nothing_but_boss);
    boss.run("SET pgaudit.log = 'none'");
    boss.run("DELETE FROM orders WHERE n = 42");
    ::usleep(2'100'000);  // so far apart are a statement and the line before it at least
    boss.run("DELETE FROM orders WHERE n = 43");
    // The log goes on, so that a line of it would have been read.
    ::usleep(1'100'000);
    cluster.send_canary();
    cluster.wait_for_log(cluster.canaries.back().mark);
    const auto report = cluster.report();
    INFO(whole(report));
    CHECK(found(report) == blind("silent-session"));
    const auto& what = report.findings.front().what;
    CHECK(what.find(std::to_string(boss.pid()) + " of boss in postgres") != std::string::npos);
    CHECK(what.find("DELETE FROM orders WHERE n = ?") != std::string::npos);
    CHECK(cluster.log().find("n = 43") == std::string::npos);
}

TEST_CASE("a superuser's session that hides what it does is found") {
    NEEDS_PGAUDIT();
    audited_cluster cluster;
    psql_session boss(cluster.server, "postgres", "boss");
    boss.run("SET pgaudit.log = 'none'; SET track_activities = off");
    boss.run("DELETE FROM orders");
    cluster.send_canary();
    cluster.wait_for_log(cluster.canaries.back().mark);
    CHECK(found(cluster.report()) == "weak superuser, weak hidden-session");
}

TEST_CASE("a session that runs and keeps the settings of before is found until it ends") {
    NEEDS_PGAUDIT();
    audited_cluster cluster;
    cluster.server.psql("ALTER ROLE jd SET pgaudit.log = 'none'");
    {
        psql_session jd(cluster.server, "postgres", "jd");
        CHECK(found(cluster.report()) == blind("role-settings"));
        cluster.audit_all_of("jd");
        const auto report = cluster.report();
        INFO(whole(report));
        CHECK(found(report) == blind("session"));
        CHECK(found(cluster.report()) == blind("session"));  // it is not forgotten
        jd.run("DELETE FROM orders");
        CHECK(cluster.records_of("jd").empty());
        psql_session newer(cluster.server, "postgres", "jd");
        newer.run("DELETE FROM orders");
        cluster.wait_for_log("\"user\":\"jd\"");
        CHECK(found(cluster.report()) == blind("session"));
    }
    cluster.server.wait_until("SELECT count(*) FROM pg_stat_activity WHERE usename = 'jd'", "0");
    CHECK(found(cluster.report()) == nothing_but_boss);
}

TEST_CASE("a level that hides pgAudit's lines is found, as is that the canary does not come") {
    NEEDS_PGAUDIT();
    audited_cluster cluster;
    cluster.server.psql("ALTER ROLE jd SET log_min_messages = 'panic'");
    CHECK(found(cluster.report()) == blind("log-level"));
    cluster.server.psql("ALTER ROLE jd RESET log_min_messages");
    cluster.server.psql("ALTER SYSTEM SET log_min_messages = 'fatal'");
    cluster.server.reload();
    const auto report = cluster.report_of_silence();
    INFO(whole(report));
    CHECK(found(report) == "blind log-level, blind canary, blind log-growth, " + nothing_but_boss);
    CHECK(report.findings.front().what.find("boss and jd") != std::string::npos);
}

TEST_CASE(
    "what a log without errors, and one without catalogs, loses really is lost, and is found") {
    NEEDS_PGAUDIT();
    audited_cluster cluster;
    cluster.server.psql("CREATE TABLE secrets (n int); ALTER ROLE jd SET log_min_messages = 'log'");
    const auto as_jd = [&](const std::string& statement) {
        psql_session jd(cluster.server, "postgres", "jd");
        jd.run(statement);
    };
    as_jd("DELETE FROM secrets");
    as_jd("DELETE FROM orders WHERE n = 1");
    cluster.wait_for_log("n = 1");
    CHECK(cluster.log().find("secrets") == std::string::npos);
    CHECK(found(cluster.report()) == "weak log-level, " + nothing_but_boss);
    cluster.server.psql("ALTER ROLE jd RESET log_min_messages");
    as_jd("DELETE FROM secrets");
    cluster.wait_for_log("permission denied for table secrets");
    CHECK(found(cluster.report()) == nothing_but_boss);

    const std::string catalog = "UPDATE pg_settings SET setting = '1MB' WHERE name = 'work_mem'";
    cluster.server.psql("ALTER ROLE jd SET pgaudit.log_catalog = off");
    as_jd(catalog);
    as_jd("SELECT rolname FROM pg_roles");
    as_jd("DELETE FROM orders WHERE n = 2");
    cluster.wait_for_log("n = 2");
    CHECK(cluster.log().find("work_mem") == std::string::npos);
    CHECK(cluster.log().find("rolname") == std::string::npos);
    CHECK(found(cluster.report()) == "weak log-catalog, " + nothing_but_boss);
    cluster.server.psql("ALTER ROLE jd RESET pgaudit.log_catalog");
    as_jd(catalog);
    cluster.wait_for_log("work_mem");
}

TEST_CASE("what is lost without log_relation really is, and is found") {
    NEEDS_PGAUDIT();
    audited_cluster cluster;
    cluster.server.psql(
        "ALTER ROLE jd SET pgaudit.log = 'write, ddl, role';"
        "ALTER ROLE jd SET pgaudit.log_relation = off");
    const std::string hidden =
        "WITH d AS (DELETE FROM orders RETURNING n) SELECT count(*) FROM d;"
        "MERGE INTO orders o USING (SELECT 1 AS n) s ON o.n = s.n WHEN MATCHED THEN DELETE;";
    cluster.server.psql(hidden, "postgres", "jd");
    CHECK(found(cluster.report()) == "blind log-relation, weak role-settings, " + nothing_but_boss);
    CHECK(cluster.records_of("jd").empty());
    cluster.audit_all_of("jd");
    cluster.server.psql(hidden, "postgres", "jd");
    CHECK(found(cluster.report()) == nothing_but_boss);
    cluster.wait_for_log("MERGE INTO");
    const auto records = cluster.records_of("jd");
    REQUIRE(records.size() == 2);
    for (const auto& record : records)
        CHECK(record.starts_with("WRITE,DELETE,TABLE,public.orders"));
}

TEST_CASE("a database without the extension is found in a server that has others") {
    NEEDS_PGAUDIT();
    audited_cluster cluster;
    cluster.server.psql("CREATE DATABASE \"it's; \"\"odd\"");
    const auto report = cluster.report();
    CHECK(found(report) == "weak extension, " + nothing_but_boss);
    CHECK(report.findings.front().what.find("it's; \"odd") != std::string::npos);
    cluster.server.psql("CREATE ROLE rds_superuser");
    CHECK(found(cluster.report()) == blind("extension"));
}
