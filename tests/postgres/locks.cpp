#include "postgres/seen.hpp"

using namespace tallyfs;
using namespace tallyfs::test;

TEST_CASE("who waits for which lock of whom") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    server.psql("CREATE TABLE orders (n int); INSERT INTO orders VALUES (1)");
    psql_session holder(server);
    holder.run("BEGIN; SELECT * FROM orders");
    psql_session alter(server);
    alter.start("ALTER TABLE orders ADD COLUMN secret text DEFAULT 'hunter2'");
    const std::string waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted";
    server.wait_until(waiting, "1");
    psql_session reader(server);
    reader.start("SELECT * FROM orders WHERE n = 4711");
    server.wait_until(waiting, "2");

    const auto seen = sample_of(server);
    CHECK(find(seen, holder).blocked_by.empty());
    CHECK(find(seen, holder).waits_for.empty());
    CHECK(find(seen, alter).blocked_by == std::vector{holder.pid()});
    CHECK(find(seen, alter).waits_for == "relation public.orders, AccessExclusiveLock");
    CHECK(find(seen, alter).waits_since);
    CHECK(find(seen, alter).wait_type == "Lock");
    CHECK(find(seen, alter).query.find("hunter2") == std::string::npos);
    CHECK(find(seen, alter).query.starts_with("ALTER TABLE orders"));
    CHECK(find(seen, reader).blocked_by == std::vector{alter.pid()});
    CHECK(find(seen, reader).waits_for == "relation public.orders, AccessShareLock");
    CHECK(find(seen, reader).query.find("4711") == std::string::npos);
    CHECK(find(sample_of(server, "postgres", false), reader).query.find("4711") !=
          std::string::npos);
    holder.run("COMMIT");
    alter.finish();
    reader.finish();
}

TEST_CASE("a transaction that waits for another one's end, and an advisory lock, say so") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    server.psql("CREATE TABLE t (n int PRIMARY KEY)");
    psql_session first(server);
    first.run("BEGIN; INSERT INTO t VALUES (1); SELECT pg_advisory_lock(42)");
    psql_session second(server);
    second.start("INSERT INTO t VALUES (1)");
    psql_session third(server);
    third.start("SELECT pg_advisory_lock(42)");
    server.wait_until("SELECT count(*) FROM pg_locks WHERE NOT granted", "2");
    const auto seen = sample_of(server);
    CHECK(find(seen, second).waits_for.starts_with("transactionid "));
    CHECK(find(seen, second).blocked_by == std::vector{first.pid()});
    CHECK(find(seen, third).waits_for == "advisory, ExclusiveLock");
}
