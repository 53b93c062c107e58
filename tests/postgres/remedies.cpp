// Remedies on a real server: each is done, and none of them is where things are no longer as they
// were when it was asked for.
#include "postgres/remedy_world.hpp"
#include "support/temporary_directory.hpp"

#include <csignal>
#include <unistd.h>

using namespace tallyfs;
using namespace tallyfs::test;

namespace {

std::string session_of(const postgres_cluster& server, int pid) {
    return server.psql("SELECT pid || '@' || to_char(backend_start AT TIME ZONE 'UTC', " +
                       rfc3339_sql + ") FROM pg_stat_activity WHERE pid = " + std::to_string(pid));
}

std::string is_there(const postgres_cluster& server, int pid) {
    return server.psql("SELECT count(*) FROM pg_stat_activity WHERE pid = " + std::to_string(pid));
}

}  // namespace

TEST_CASE("options of a table are changed with a record, and undone byte for byte") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    prepare(server);
    server.psql(
        "CREATE SCHEMA tallyfs; CREATE TABLE tallyfs.remedies (request text NOT NULL,"
        " hash text PRIMARY KEY, kind text NOT NULL, sql text NOT NULL,"
        " role name DEFAULT current_user, done timestamptz DEFAULT now());"
        "GRANT USAGE ON SCHEMA tallyfs TO mender; GRANT INSERT ON tallyfs.remedies TO mender");
    remedy_world world(server);
    const auto former = server.psql(options_of);
    REQUIRE(world.ask("pg-table-options",
                      {{"table", "public.orders"},
                       {"options",
                        "autovacuum_enabled=true,autovacuum_vacuum_scale_factor=0.01,"
                        "autovacuum_vacuum_threshold=10000"}}) == "");
    CHECK(world.request.asked.environment == "dev");
    CHECK(world.probe() == approval::probe::effect_absent);
    const auto done = world.carry_out();
    CHECK(done.result == "changed, and recorded in tallyfs.remedies");
    CHECK(done.done);
    CHECK(server.psql(options_of) ==
          "{fillfactor=70,autovacuum_enabled=true,autovacuum_vacuum_scale_factor=0.01,"
          "autovacuum_vacuum_threshold=10000}");
    CHECK(world.probe() == approval::probe::effect_there);
    CHECK(server.psql("SELECT request, kind, role FROM tallyfs.remedies") ==
          "0057|pg-table-options|mender");
    // The same start again, as after a crash whose probe was wrong: the record is there already.
    CHECK_FALSE(world.carry_out().done);

    const auto undo = world.undoing();
    CHECK(world.probe(undo) == approval::probe::effect_absent);
    const auto undone = world.carry_out(undo);
    CHECK(undone.done);
    CHECK(server.psql(options_of) == former);
    CHECK(world.probe(undo) == approval::probe::effect_there);
    CHECK(server.psql("SELECT count(*) FROM tallyfs.remedies") == "2");
}

TEST_CASE("options that were changed after the request stay as they are, also against its undo") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    prepare(server);
    remedy_world world(server);
    REQUIRE(world.ask("pg-table-options",
                      {{"table", "public.orders"}, {"options", "fillfactor=80"}}) == "");
    server.psql("ALTER TABLE orders SET (fillfactor = 60)");
    const auto refused = world.carry_out();
    CHECK_FALSE(refused.done);
    CHECK(without(refused.result, "changed after this was asked for") == "");
    CHECK(without(server.psql(options_of), "fillfactor=60") == "");
    CHECK(world.probe() == approval::probe::unknown);

    world.look();
    REQUIRE(world.ask("pg-table-options",
                      {{"table", "public.orders"}, {"options", "fillfactor=80"}}) == "");
    REQUIRE(world.carry_out().done);
    server.psql("ALTER TABLE orders SET (fillfactor = 90)");
    CHECK_FALSE(world.carry_out(world.undoing()).done);
    CHECK(without(server.psql(options_of), "fillfactor=90") == "");
}

TEST_CASE("options of a materialized view and of a table with an awkward name can be changed") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    prepare(server);
    server.psql(
        "CREATE MATERIALIZED VIEW seen AS SELECT 1 AS n; ALTER MATERIALIZED VIEW seen OWNER TO "
        "mender; CREATE TABLE \"a.\"\"B\"\" $tallyfs$ ';\" (n int);"
        "ALTER TABLE \"a.\"\"B\"\" $tallyfs$ ';\" OWNER TO mender");
    remedy_world world(server);
    for (const std::string name : {"seen", "a.\"B\" $tallyfs$ ';"}) {
        INFO(name);
        CHECK(world.ask("pg-table-options",
                        {{"table", "public." + name}, {"options", "fillfactor=80"}}) == "");
        const auto done = world.carry_out();
        CHECK(done.result == "changed");
        CHECK(world.probe() == approval::probe::effect_there);
        CHECK(world.carry_out(world.undoing()).done);
    }
    CHECK(server.psql("SELECT count(*) FROM pg_class WHERE 'fillfactor=80' = ANY(reloptions)") ==
          "0");
}

TEST_CASE("a table is vacuumed, and one that may not be is said to be none") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    prepare(server);
    server.psql(
        "INSERT INTO orders SELECT generate_series(1, 1000); DELETE FROM orders WHERE n <= 500;"
        "CREATE TABLE others (n int)");
    remedy_world world(server);
    REQUIRE(world.ask("pg-vacuum",
                      {{"table", "public.orders"}, {"freeze", "yes"}, {"analyze", "yes"}}) == "");
    CHECK(world.request.asked.undo.empty());
    CHECK(world.probe() == approval::probe::effect_absent);
    const auto done = world.carry_out();
    CHECK(done.done);
    CHECK(without(done.result, "vacuumed in") == "");
    CHECK(world.probe() == approval::probe::effect_there);
    CHECK(server.psql("SELECT n_dead_tup, last_analyze IS NOT NULL FROM pg_stat_user_tables"
                      " WHERE relname = 'orders'") == "0|t");
    REQUIRE(world.ask("pg-vacuum", {{"table", "public.others"}}) == "");
    const auto refused = world.carry_out();
    CHECK_FALSE(refused.done);
    CHECK(without(refused.result, "may not vacuum public.others") == "");
    REQUIRE(world.ask("pg-vacuum", {{"table", "public.gone"}}) == "");
    CHECK(without(world.carry_out().result, "there is no table public.gone") == "");
}

TEST_CASE("only the session in the transaction that was seen is ended, nobody who has its pid") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    prepare(server);
    psql_session idle(server, "postgres", "app");
    psql_session busy(server, "postgres", "app");
    psql_session bystander(server, "postgres", "app");
    for (auto* one : {&idle, &busy, &bystander}) one->run("BEGIN; INSERT INTO orders VALUES (1)");
    remedy_world world(server);
    const auto asked = session_of(server, idle.pid()) + "," + session_of(server, busy.pid()) + "," +
                       std::to_string(bystander.pid()) + "@2026-01-01T00:00:00Z";
    REQUIRE(world.ask("pg-terminate", {{"sessions", asked}}) == "");
    CHECK(world.probe() == approval::probe::effect_absent);
    // A session of a pool: the same one, and another client's transaction.
    busy.run("COMMIT; BEGIN; INSERT INTO orders VALUES (2)");
    const auto done = world.carry_out();
    CHECK(done.done);
    CHECK(done.result == "1 of 3 ended, 2 were gone or did something else by then");
    CHECK(is_there(server, idle.pid()) == "0");
    CHECK(is_there(server, busy.pid()) == "1");
    CHECK(is_there(server, bystander.pid()) == "1");
    CHECK(world.probe() == approval::probe::effect_there);
    const auto again = world.carry_out();
    CHECK_FALSE(again.done);
    CHECK(without(again.result, "none of them is there") == "");
}

TEST_CASE("sessions that the role may not end are said to be still there") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    prepare(server);
    psql_session owner(server);
    owner.run("BEGIN");
    remedy_world world(server);
    REQUIRE(world.ask("pg-terminate", {{"sessions", session_of(server, owner.pid())}}) == "");
    const auto refused = world.carry_out();
    CHECK_FALSE(refused.done);
    CHECK(without(refused.result, "0 of 1 ended, 1 still there") == "");
    CHECK(is_there(server, owner.pid()) == "1");
}

TEST_CASE("a slot is dropped, and one that is in use again is not") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    prepare(server);
    server.psql("SELECT pg_create_physical_replication_slot('s', true)");
    remedy_world world(server);
    REQUIRE(world.ask("pg-drop-slot", {{"slot", "s"}, {"database", "dev/here"}}) == "");
    CHECK(world.request.asked.parameters["database"] == "dev/here/postgres");
    const temporary_directory received;
    const auto user = ordinary_user();
    REQUIRE(::chown(received.path().c_str(), user.uid, user.gid) == 0);
    {
        child_process receiver(
            {"/usr/lib/postgresql/15/bin/pg_receivewal", "-h", server.host(), "-p",
             std::to_string(server.port()), "-U", "postgres", "-S", "s", "-D", received.path()},
            user, SIGKILL);
        server.wait_until("SELECT active FROM pg_replication_slots", "t");
        const auto refused = world.carry_out();
        CHECK_FALSE(refused.done);
        CHECK(without(refused.result, "in use again") == "");
        CHECK(server.psql("SELECT count(*) FROM pg_replication_slots") == "1");
        CHECK(world.probe() == approval::probe::effect_absent);
    }
    server.wait_until("SELECT active FROM pg_replication_slots", "f");
    CHECK(world.carry_out().result == "dropped");
    CHECK(server.psql("SELECT count(*) FROM pg_replication_slots") == "0");
    CHECK(world.probe() == approval::probe::effect_there);
}

TEST_CASE("a slot that was seen in use after it was asked for is not dropped in a pause") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    prepare(server);
    server.psql("SELECT pg_create_physical_replication_slot('s')");
    remedy_world world(server);
    REQUIRE(world.ask("pg-drop-slot", {{"slot", "s"}}) == "");
    auto now = *world.seen.find(world.what.cluster);
    auto sample = *now.sample;
    sample.slots[0].inactive_since = world.request.created + std::chrono::seconds(1);
    now.sample = std::make_shared<health::sample>(sample);
    world.seen.publish(now);
    CHECK(without(world.carry_out().result, "in use again after this was asked for") == "");
    CHECK(server.psql("SELECT count(*) FROM pg_replication_slots") == "1");
}

TEST_CASE("a prepared transaction is ended where it is, and a younger one of that name is not") {
    NEEDS_POSTGRESQL();
    postgres_cluster server({"max_prepared_transactions=5"});
    prepare(server);
    server.psql("CREATE DATABASE second");
    server.psql("CREATE TABLE t (n int); ALTER TABLE t OWNER TO mender", "second");
    const std::string left_behind =
        "BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'it''s left'";
    server.psql(left_behind, "second", "mender");
    remedy_world world(server);
    const approval::parameters asked{
        {"gid", "it's left"}, {"action", "rollback"}, {"database", "dev/here"}};
    REQUIRE(world.ask("pg-resolve-prepared", asked) == "");
    CHECK(world.request.asked.parameters["database"] == "dev/here/second");
    CHECK(world.probe() == approval::probe::effect_absent);
    server.psql("ROLLBACK PREPARED 'it''s left'", "second", "mender");
    server.psql(left_behind, "second", "mender");
    const auto refused = world.carry_out();
    CHECK_FALSE(refused.done);
    CHECK(without(refused.result, "another one by now") == "");
    CHECK(server.psql("SELECT count(*) FROM pg_prepared_xacts") == "1");

    world.look();
    REQUIRE(world.ask("pg-resolve-prepared", asked) == "");
    CHECK(world.carry_out().result == "rolled back");
    CHECK(server.psql("SELECT count(*) FROM pg_prepared_xacts") == "0");
    CHECK(world.probe() == approval::probe::effect_there);
}
