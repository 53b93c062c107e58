// setup.sql on real servers: what it says works, and afterwards nothing is missing.
#include "postgres/audited_cluster.hpp"

#include <tallyfs/base/sql_quote.hpp>

using namespace tallyfs;
using namespace tallyfs::test;

namespace {

const std::string odd_role = "o'h \"a\\ra:x";
const std::string odd_database = "d'b \"\\d = :y";

std::string quoted(const std::string& name) {
    return quoted_identifier(name);
}

audit::setup_input input(const audit::server_facts& seen, const std::string& look_role) {
    return {"prod/orders-cl", seen, "", look_role, {"jd", odd_role}};
}

/// A server as people have it before they think of an audit, and what tallyfs sees of it.
class blank_server {
  public:
    blank_server() {
        server.psql(
            "CREATE TABLE orders (n int); CREATE ROLE jd LOGIN; GRANT ALL ON orders TO jd;"
            "CREATE ROLE " +
            quoted(odd_role) + " LOGIN; CREATE DATABASE " + quoted(odd_database) +
            "; ALTER SYSTEM SET shared_preload_libraries ="
            " 'pg_stat_statements', 'auto_explain'");
        server.restart();
    }
    audit::server_facts look(const std::string& role) {
        auto seen = probe.look(at(server, role), {{"jd", odd_role}, {"postgres", "look"}});
        INFO((seen ? "" : seen.error().what));
        REQUIRE(seen.has_value());
        return std::move(*seen);
    }

    postgres_cluster server;
    postgres::audit_probe probe;
};

}  // namespace

TEST_CASE("setup.sql makes a blank server one whose audit is alive") {
    NEEDS_PGAUDIT();
    blank_server blank;
    auto& server = blank.server;
    const auto script = audit::setup_sql({input(blank.look("postgres"), "look")});
    INFO(script);
    CHECK(server.psql(script).find("Restart the server") != std::string::npos);
    CHECK(server.psql("SELECT pg_has_role('look', 'pg_monitor', 'USAGE')") == "t");
    server.restart();
    CHECK(server.psql("SHOW shared_preload_libraries") ==
          "pg_stat_statements, auto_explain, pgaudit");
    // The same file again: now all of it takes effect.
    server.psql(script);
    server.psql("ALTER SYSTEM SET log_timezone = 'UTC'");
    server.restart();
    const auto seen = blank.look("look");
    CHECK(seen.missing.empty());
    auto canary = blank.probe.send_canary(at(server, "look"));
    REQUIRE(canary.answered);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (server.collected_log(".json").find(canary.mark) == std::string::npos) {
        REQUIRE(std::chrono::steady_clock::now() < deadline);
        ::usleep(20'000);
    }
    canary.seen = true;
    canary.sent = system_clock_source().wall();
    audit::self_test_input all;
    all.now = canary.sent + std::chrono::minutes(1);
    all.server = seen;
    all.canaries = {canary};
    all.feed.newest = all.feed.grew = canary.sent;
    all.feed.entries = 1;
    all.feed.trust = "structured";
    const auto report = audit::self_test(all);
    INFO(whole(report));
    CHECK(report.verdict == audit::verdict::alive);
    // Nothing is left to do, and both of its people leave lines now, in each database.
    const auto nothing = audit::setup_sql({input(seen, "look")});
    INFO(nothing);
    CHECK(nothing.find("Nothing is missing.") != std::string::npos);
    CHECK(nothing.find(";\n") == std::string::npos);
    server.psql("DELETE FROM orders WHERE n = 77", "postgres", "jd");
    server.psql("CREATE TABLE mine_88 (n int)");
    const std::string there = R"(dbname='d\'b "\\d = :y')";
    server.psql("SELECT 99", there, odd_role);
    const auto log = [&] { return server.collected_log(".json"); };
    while (log().find("SELECT 99") == std::string::npos) {
        REQUIRE(std::chrono::steady_clock::now() < deadline + std::chrono::seconds(10));
        ::usleep(20'000);
    }
    CHECK(log().find("n = 77") != std::string::npos);
    CHECK(log().find("mine_88") == std::string::npos);  // postgres is no person
}

TEST_CASE("setup.sql mends settings of a role where they were made, and keeps what is logged") {
    NEEDS_PGAUDIT();
    audited_cluster cluster;
    cluster.server.psql(
        "ALTER ROLE boss NOSUPERUSER; ALTER ROLE jd SET pgaudit.log = 'function';"
        "ALTER ROLE jd IN DATABASE postgres SET pgaudit.log = 'none';"
        "ALTER ROLE jd SET log_min_messages = 'fatal'; ALTER SYSTEM SET log_min_messages = 'panic';"
        "CREATE DATABASE other");
    cluster.server.reload();
    const auto script = audit::setup_sql({input(cluster.look(), "look")});
    INFO(script);
    CHECK(script.find("shared_preload_libraries") == std::string::npos);
    CHECK(script.find("CREATE ROLE") == std::string::npos);
    CHECK(script.find("boss") == std::string::npos);
    cluster.server.psql(script);
    cluster.send_canary();
    cluster.wait_for_log(cluster.canaries.back().mark);
    const auto report = cluster.report();
    INFO(whole(report));
    CHECK(found(report) == "");
    const auto jd = cluster.look().roles;
    const auto one = std::ranges::find(jd, "jd", &audit::role_facts::name);
    CHECK(one->settings.everywhere.at("pgaudit.log") == "read, write, function, role, ddl");
}

TEST_CASE("setup.sql of several servers changes only the one that is named") {
    NEEDS_PGAUDIT();
    audited_cluster cluster;
    auto jd_unlogged = cluster.look();
    for (auto& role : jd_unlogged.roles) {
        if (role.name == "jd") role.settings.everywhere["pgaudit.log"] = "none";
    }
    auto mine = input(jd_unlogged, "look");
    auto other = mine;
    other.cluster = "prod/o'ther";
    const auto script = audit::setup_sql({mine, other});
    const auto now = [&] {
        return cluster.server.psql(
            "SELECT setconfig[1] FROM pg_db_role_setting s JOIN pg_roles r"
            " ON r.oid = s.setrole WHERE r.rolname = 'jd'");
    };
    CHECK(now() == "pgaudit.log=read, write, ddl, role");
    CHECK(cluster.server.psql(script).find("Which server is it?") != std::string::npos);
    cluster.server.psql("\\set server 'prod/third'\n" + script);
    CHECK(now() == "pgaudit.log=read, write, ddl, role");
    cluster.server.psql("\\set server 'prod/o''ther'\n" + script);
    CHECK(now() == "pgaudit.log=read, write, role, ddl");
}
