#include "postgres/seen.hpp"

#include <algorithm>
#include <set>

using namespace tallyfs;
using namespace tallyfs::postgres;
using namespace tallyfs::test;

namespace {

/// "kind|who|age" of all that holds back vacuum, as tests/fixtures/postgres/xmin_holders.sql lists.
std::set<std::string> holders_of(const health::sample& in) {
    std::set<std::string> all;
    const auto add = [&](const char* kind, const std::string& who, health::count age) {
        if (age) all.insert(std::string(kind) + "|" + who + "|" + std::to_string(*age));
    };
    for (const auto& one : in.sessions) {
        if (one.backend_type == "walsender" || one.application == "tallyfs") continue;
        add("session", std::to_string(one.pid), std::max(one.xmin_age, one.xid_age));
    }
    for (const auto& one : in.prepared) add("prepared", one.gid, one.age);
    for (const auto& one : in.slots) {
        add("slot", one.name, one.xmin_age);
        add("slot-catalog", one.name, one.catalog_xmin_age);
    }
    for (const auto& one : in.standbys) add("standby", one.name, one.xmin_age);
    return all;
}

std::set<std::string> holders_by_psql(const postgres_cluster& server) {
    std::set<std::string> all;
    std::istringstream lines(server.psql(fixture("xmin_holders.sql")));
    for (std::string line; std::getline(lines, line);) {
        std::size_t end = 0;
        for (int field = 0; field < 3; ++field) end = line.find('|', end) + 1;
        all.insert(line.substr(0, end - 1));
    }
    return all;
}

}  // namespace

TEST_CASE("what holds back vacuum is what an independent query finds") {
    NEEDS_POSTGRESQL();
    postgres_cluster server({"wal_level=logical", "hot_standby_feedback=on"});
    server.psql("CREATE TABLE t (n int PRIMARY KEY); INSERT INTO t VALUES (1), (2), (3)");
    server.psql("SELECT pg_create_logical_replication_slot('cdc', 'test_decoding')");
    psql_session reader(server);
    reader.run("BEGIN; SELECT count(*) FROM t");
    psql_session repeatable(server);
    repeatable.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM t");
    psql_session writer(server);
    writer.run("BEGIN; UPDATE t SET n = 10 WHERE n = 1");
    psql_session cursor(server);
    cursor.run("BEGIN; DECLARE c CURSOR FOR SELECT * FROM t; FETCH 1 FROM c");
    psql_session aborted(server);
    aborted.run(
        "BEGIN ISOLATION LEVEL REPEATABLE READ; UPDATE t SET n = 20 WHERE n = 2; SELECT 1/0");
    psql_session preparing(server);
    preparing.run("BEGIN; UPDATE t SET n = 30 WHERE n = 3; PREPARE TRANSACTION 'two phases'");
    server.psql("SELECT txid_current(); SELECT txid_current()");

    const auto seen = sample_of(server);
    CHECK(seen.missing.empty());
    const auto expected = holders_by_psql(server);
    CHECK(holders_of(seen) == expected);
    CHECK(expected.size() >= 5);
    CHECK_FALSE(find(seen, reader).xmin_age);
    CHECK_FALSE(find(seen, reader).xid_age);
    CHECK(find(seen, reader).state == "idle in transaction");
    CHECK(find(seen, repeatable).xmin_age);
    CHECK_FALSE(find(seen, writer).xmin_age);
    CHECK(find(seen, writer).xid_age);
    CHECK(find(seen, cursor).xmin_age);
    CHECK_FALSE(find(seen, aborted).xid_age);
    CHECK(find(seen, aborted).state == "idle in transaction (aborted)");
    REQUIRE(seen.prepared.size() == 1);
    CHECK(seen.prepared[0].gid == "two phases");
    CHECK(seen.prepared[0].database == "postgres");
    CHECK(seen.prepared[0].prepared);
    REQUIRE(seen.slots.size() == 1);
    CHECK(seen.slots[0].name == "cdc");
    CHECK(seen.slots[0].type == "logical");
    CHECK(seen.slots[0].plugin == "test_decoding");
    CHECK_FALSE(seen.slots[0].active);
    CHECK(seen.slots[0].wal_status == "reserved");
    CHECK(seen.slots[0].retained_bytes.value_or(0) > 0);
    CHECK_FALSE(seen.slots[0].xmin_age);
    CHECK(seen.slots[0].catalog_xmin_age);
}

TEST_CASE("sessions, databases and the server equal what psql says") {
    NEEDS_POSTGRESQL();
    postgres_cluster server({"autovacuum_naptime=7min", "autovacuum_vacuum_cost_delay=5"});
    server.psql("CREATE DATABASE other");
    psql_session one(server, "other");
    one.run(
        "CREATE TABLE t (n int); INSERT INTO t SELECT generate_series(1, 500);"
        "UPDATE t SET n = n + 1; DELETE FROM t WHERE n < 100; BEGIN; ROLLBACK");
    one.run("SELECT pg_stat_force_next_flush()");
    const auto seen = sample_of(server);
    CHECK(seen.version == std::stoi(server.psql("SHOW server_version_num")));
    CHECK(seen.version_text == server.psql("SELECT split_part(version(), ' ', 2)"));
    CHECK(seen.flavour == "PostgreSQL");
    CHECK_FALSE(seen.is_standby);
    CHECK(seen.connections_max == 60);
    CHECK(seen.connections_reserved == 3);
    CHECK(seen.settings.at("autovacuum_naptime") == "420");
    CHECK(seen.settings.at("autovacuum_vacuum_cost_delay") == "5");
    CHECK(seen.settings.at("autovacuum") == "on");
    CHECK(seen.settings.at("autovacuum_freeze_max_age") == "200000000");
    CHECK(seen.settings.at("statement_timeout") == "0");

    const auto& session = find(seen, one);
    CHECK(session.database == "other");
    CHECK(session.user == "postgres");
    CHECK(session.application == "psql");
    CHECK(session.client.empty());
    CHECK(session.backend_type == "client backend");
    CHECK(session.state == "idle");
    CHECK(session.wait_event == "ClientRead");
    REQUIRE(session.backend_start);
    const auto start = server.psql(
        "SELECT to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
        " FROM pg_stat_activity WHERE pid = " +
        std::to_string(one.pid()));
    CHECK(to_rfc3339(*session.backend_start) == start);
    CHECK(std::count_if(seen.sessions.begin(), seen.sessions.end(),
                        [](const auto& s) { return s.backend_type == "checkpointer"; }) == 1);

    const auto* other = seen.find("other");
    REQUIRE(other != nullptr);
    CHECK(server.psql("SELECT concat_ws(' ', numbackends, xact_rollback, tup_inserted, tup_updated,"
                      " tup_deleted, deadlocks, temp_bytes) FROM pg_stat_database"
                      " WHERE datname = 'other'") ==
          std::to_string(other->connections) + " " + std::to_string(other->rollbacks) + " " +
              std::to_string(other->inserted) + " " + std::to_string(other->updated) + " " +
              std::to_string(other->deleted) + " " + std::to_string(other->deadlocks) + " " +
              std::to_string(other->temporary_bytes));
    CHECK(server.psql("SELECT age(datfrozenxid) || ' ' || mxid_age(datminmxid) FROM pg_database"
                      " WHERE datname = 'other'") ==
          std::to_string(other->xid_age) + " " + std::to_string(other->mxid_age));
    CHECK(seen.databases.size() == 4);
}

TEST_CASE("a role without pg_monitor is told what to grant, and sees the rest") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    server.psql(
        "CREATE ROLE \"odd one\" LOGIN; CREATE ROLE watcher LOGIN;"
        "GRANT pg_monitor TO watcher;"
        "REVOKE ALL ON pg_prepared_xacts FROM PUBLIC");
    psql_session other(server);
    other.run("BEGIN; SELECT txid_current()");
    auto seen = sample_of(server, "odd one");
    REQUIRE(seen.missing.size() == 2);
    CHECK(seen.missing[0] ==
          "pg_prepared_xacts: permission denied for view pg_prepared_xacts; GRANT pg_monitor TO "
          "\"odd one\"");
    CHECK(seen.missing[1].ends_with("hidden from us; GRANT pg_monitor TO \"odd one\""));
    CHECK(find(seen, other).state.empty());
    CHECK(seen.databases.size() == 3);
    CHECK(seen.settings.count("autovacuum") == 1);

    server.psql("GRANT SELECT ON pg_prepared_xacts TO PUBLIC");
    seen = sample_of(server, "watcher");
    CHECK(seen.missing.empty());
    CHECK(find(seen, other).state == "idle in transaction");
    CHECK(find(seen, other).xid_age);
}

TEST_CASE("a standby and its primary are both looked at") {
    NEEDS_POSTGRESQL();
    postgres_cluster primary;
    primary.psql("CREATE TABLE t (n int)");
    const auto standby = primary.standby(
        "to_standby", {"hot_standby_feedback=on", "wal_receiver_status_interval=1"});
    primary.wait_until("SELECT count(*) FROM pg_replication_slots WHERE xmin IS NOT NULL", "1");
    psql_session reader(*standby);
    reader.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM t");

    const auto above = sample_of(primary);
    CHECK(above.missing.empty());
    CHECK_FALSE(above.is_standby);
    REQUIRE(above.standbys.size() == 1);
    CHECK(above.standbys[0].state == "streaming");
    CHECK(above.standbys[0].replay_bytes);
    REQUIRE(above.slots.size() == 1);
    CHECK(above.slots[0].active);
    CHECK(above.slots[0].type == "physical");
    CHECK(above.slots[0].xmin_age);
    CHECK(holders_of(above) == holders_by_psql(primary));

    const auto below = sample_of(*standby);
    CHECK(below.missing.empty());
    CHECK(below.is_standby);
    CHECK(find(below, reader).xmin_age);
    CHECK(below.find("postgres")->connections >= 2);
}

TEST_CASE("a vacuum that runs is seen with its table and how far it is") {
    NEEDS_POSTGRESQL();
    postgres_cluster server({"autovacuum=off"});
    server.psql(
        "CREATE TABLE big AS SELECT n, repeat('x', 200) t FROM generate_series(1, 40000) n;"
        "DELETE FROM big WHERE n % 2 = 0");
    psql_session cleaner(server);
    cleaner.run("SET vacuum_cost_delay = 50; SET vacuum_cost_limit = 50");
    cleaner.start("VACUUM big");
    server.wait_until("SELECT count(*) FROM pg_stat_progress_vacuum WHERE heap_blks_scanned > 0",
                      "1");
    const auto seen = sample_of(server);
    REQUIRE(seen.vacuums.size() == 1);
    CHECK(seen.vacuums[0].pid == cleaner.pid());
    CHECK(seen.vacuums[0].table == "public.big");
    CHECK(seen.vacuums[0].phase == "scanning heap");
    CHECK(seen.vacuums[0].blocks_scanned > 0);
    CHECK(seen.vacuums[0].blocks_total > seen.vacuums[0].blocks_scanned);
    CHECK_FALSE(seen.vacuums[0].automatic);
    CHECK(seen.vacuums[0].started);
}

TEST_CASE("active sessions are seen with what they wait for, idle ones and ourselves are not") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    psql_session idle(server);
    psql_session sleeper(server);
    sleeper.start("SELECT pg_sleep(30)");
    server.wait_until("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'", "1");
    const auto on = connection::open(at(server), patience{});
    REQUIRE(on.has_value());
    const auto waits = look_at_waits(**on);
    REQUIRE(waits.has_value());
    REQUIRE(waits->size() == 1);
    CHECK((*waits)[0].database == "postgres");
    CHECK((*waits)[0].wait_type == "Timeout");
    CHECK((*waits)[0].wait_event == "PgSleep");
}

TEST_CASE("a look at a server that hangs is a failure by its deadline") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    const auto on = connection::open(
        at(server), {std::chrono::milliseconds(400), std::chrono::milliseconds(100),
                     std::chrono::milliseconds(500), std::chrono::milliseconds(100)});
    REQUIRE(on.has_value());
    server.freeze();
    const auto start = std::chrono::steady_clock::now();
    const auto seen = take_sample(**on, wall_time{}, {});
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::milliseconds(900));
    REQUIRE_FALSE(seen.has_value());
    CHECK(seen.error().connection_lost);
    CHECK_FALSE(take_snapshot(**on, wall_time{}, {}).has_value());
    CHECK_FALSE(look_at_waits(**on).has_value());
}
