// Remedies that do not come about: locks, credentials, servers that hang, the end of the daemon.
#include "postgres/remedy_world.hpp"

#include <atomic>

using namespace tallyfs;
using namespace tallyfs::test;

TEST_CASE("a table that is locked is left alone after lock_timeout") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    prepare(server);
    remedy_world world(server);
    const auto former = server.psql(options_of);
    psql_session other(server);
    other.run("BEGIN; LOCK TABLE orders IN SHARE MODE");
    REQUIRE(world.ask("pg-table-options",
                      {{"table", "public.orders"}, {"options", "fillfactor=80"}}) == "");
    const auto options = world.carry_out();
    CHECK_FALSE(options.done);
    CHECK(without(options.result, "holds the lock") == "");
    REQUIRE(world.ask("pg-vacuum", {{"table", "public.orders"}}) == "");
    const auto vacuum = world.carry_out();
    CHECK_FALSE(vacuum.done);
    CHECK(without(vacuum.result, "holds the lock") == "");
    other.run("ROLLBACK");
    CHECK(server.psql(options_of) == former);
    CHECK(server.psql("SELECT count(*) FROM pg_stat_user_tables WHERE last_vacuum IS NOT NULL") ==
          "0");
}

TEST_CASE(
    "options that another session changes while its lock is waited for stay as it left them") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    prepare(server);
    auto limits = remedy_world::quick();
    limits.lock = std::chrono::seconds(20);
    limits.statement = std::chrono::seconds(30);
    remedy_world world(server, limits);
    REQUIRE(world.ask("pg-table-options",
                      {{"table", "public.orders"}, {"options", "fillfactor=80"}}) == "");
    psql_session other(server);
    other.run("BEGIN; ALTER TABLE orders SET (fillfactor = 60)");
    auto refused = std::async(std::launch::async, [&] { return world.carry_out(); });
    server.wait_until(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tallyfs 0057' "
        "AND wait_event_type = 'Lock'",
        "1");
    other.run("COMMIT");
    CHECK(without(refused.get().result, "changed after this was asked for") == "");
    CHECK(without(server.psql(options_of), "fillfactor=60") == "");
}

TEST_CASE("without a credential of its own, or for another environment, nothing can be asked for") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    prepare(server);
    remedy_world world(server);
    REQUIRE(world.ask("pg-vacuum", {{"table", "public.orders"}}) == "");
    world.what.remedies_credential = "";
    CHECK(without(world.carry_out().result, "remedies_credential") == "");
    CHECK(without(world.ask("pg-vacuum", {{"table", "public.orders"}}), "remedies_credential") ==
          "");
    world.what.remedies_credential = "mender";
    world.request.asked.environment = "prod";
    CHECK(without(world.kind_of("pg-vacuum").prepare(world.request.asked), "env=prod") == "");
    // What was approved is what runs, where it was approved for.
    REQUIRE(world.ask("pg-vacuum", {{"table", "public.orders"}}) == "");
    world.what.host = "localhost";
    CHECK(without(world.carry_out().result, "registered in another way") == "");
    world.what.host = server.host();
    world.request.asked.plan += "-- and more";
    CHECK_FALSE(world.carry_out().done);
    CHECK(server.psql("SELECT count(*) FROM pg_stat_user_tables WHERE last_vacuum IS NOT NULL") ==
          "0");
}

TEST_CASE("a server that hangs in the middle leaves a question, not an answer that is wrong") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    prepare(server);
    auto limits = remedy_world::quick();
    limits.vacuum = std::chrono::milliseconds(500);
    remedy_world world(server, limits);
    psql_session other(server);
    other.run("BEGIN; LOCK TABLE orders IN SHARE MODE");
    server.psql("ALTER ROLE mender SET statement_timeout = 0");
    REQUIRE(world.ask("pg-vacuum", {{"table", "public.orders"}}) == "");
    server.freeze();
    const auto refused = world.carry_out();
    CHECK_FALSE(refused.done);
    CHECK_FALSE(refused.unknown);
    CHECK(world.probe() == approval::probe::unknown);
    server.thaw();
}

TEST_CASE("a remedy that waits is given up at the end of the daemon, and never answered") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    prepare(server);
    auto limits = remedy_world::quick();
    limits.lock = std::chrono::seconds(30);
    limits.statement = std::chrono::seconds(60);
    remedy_world world(server, limits);
    psql_session other(server);
    other.run("BEGIN; LOCK TABLE orders IN SHARE MODE");
    REQUIRE(world.ask("pg-table-options",
                      {{"table", "public.orders"}, {"options", "fillfactor=80"}}) == "");
    std::atomic<bool> answered = false;
    world.kind_of("pg-table-options").begin(world.request, [&](const auto&) { answered = true; });
    server.wait_until(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tallyfs 0057' "
        "AND wait_event_type = 'Lock'",
        "1");
    const auto start = std::chrono::steady_clock::now();
    world.remedies().stop();
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(1));
    CHECK_FALSE(answered);

    // The next run sees that it still waits in the server, and does not call it absent before.
    remedy_world next(server);
    next.what = world.what;
    auto absent = std::async(std::launch::async, [&] { return next.probe(world.request); });
    CHECK(absent.wait_for(std::chrono::milliseconds(600)) == std::future_status::timeout);
    server.psql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'tallyfs 0057'");
    CHECK(absent.get() == approval::probe::effect_absent);
}
