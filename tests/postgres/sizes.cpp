#include "postgres/seen.hpp"

using namespace tallyfs;
using namespace tallyfs::test;

TEST_CASE("a table that is locked is counted without waiting for it") {
    NEEDS_POSTGRESQL();
    postgres_cluster server({"autovacuum=off"});
    server.psql(
        "CREATE TABLE t (n int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 50000);"
        "CREATE TABLE free AS SELECT * FROM t; VACUUM t; VACUUM free; ANALYZE t");
    const auto before = snapshot_of(server);
    psql_session holder(server);
    holder.run("BEGIN; LOCK TABLE t");
    const auto start = std::chrono::steady_clock::now();
    const auto seen = snapshot_of(server);
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::milliseconds(1'000));
    CHECK(find(seen, "public.free").bytes == find(before, "public.free").bytes);
    CHECK(find(seen, "public.t").bytes > 1'000'000);
    // Without its maps of free space and visibility.
    CHECK(find(seen, "public.t").bytes <= find(before, "public.t").bytes);
    CHECK(find(seen, "public.t").bytes > find(before, "public.t").bytes * 9 / 10);
}

TEST_CASE("sizes are estimated where looking at one would have to wait") {
    NEEDS_POSTGRESQL();
    postgres_cluster server({"autovacuum=off"});
    server.psql(
        "CREATE TABLE t (n int, long text); INSERT INTO t SELECT n, string_agg(md5(n::text || m),"
        " '') FROM generate_series(1, 50) n, generate_series(1, 300) m GROUP BY n; VACUUM t");
    psql_session holder(server);
    // Nothing that the list of locks shows as one of the table's own.
    const auto index = server.psql(
        "SELECT i.indexrelid::regclass FROM pg_class c JOIN pg_index i"
        " ON i.indrelid = c.reltoastrelid WHERE c.relname = 't'");
    CHECK(holder.run("BEGIN; REINDEX INDEX " + index) == "");
    const auto seen = snapshot_of(server);
    CHECK(find(seen, "public.t").bytes > 100'000);
    CHECK(std::none_of(seen.missing.begin(), seen.missing.end(),
                       [](const auto& one) { return one.starts_with("tables"); }));
}
