#include "postgres/server.hpp"

using namespace tallyfs::test;

TEST_CASE("a cluster of a test's own starts, answers, hangs, goes on and stops") {
    NEEDS_POSTGRESQL();
    postgres_cluster server({"max_connections=23"});
    CHECK(server.psql("SHOW max_connections") == "23");
    CHECK_THROWS(server.psql("SELECT 1/0"));

    psql_session session(server);
    CHECK(session.run("BEGIN") == "");
    CHECK(server.psql("SELECT state FROM pg_stat_activity WHERE pid=" +
                      std::to_string(session.pid())) == "idle in transaction");
    server.freeze();
    session.start("SELECT 42");
    server.thaw();
    CHECK(session.finish() == "42");
    server.stop();
    server.start();
    CHECK(server.psql("SELECT 1") == "1");
}
