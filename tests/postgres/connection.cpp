#include "postgres/connection.hpp"

#include "postgres/server.hpp"

#include <tallyfs/base/sql_quote.hpp>

using namespace tallyfs;
using namespace tallyfs::postgres;
using namespace tallyfs::test;
using std::chrono::milliseconds;
using steady = std::chrono::steady_clock;

TEST_CASE("a connection is pinned and only reads, whatever its role has set") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    server.psql(
        "CREATE ROLE odd LOGIN; ALTER ROLE odd SET search_path = pg_temp;"
        "ALTER ROLE odd SET timezone = 'Asia/Tokyo'; ALTER ROLE odd SET datestyle = 'German';"
        "ALTER ROLE odd SET standard_conforming_strings = off;"
        "CREATE TABLE t (n int); GRANT ALL ON t TO odd");
    const auto on = connection::open(at(server, "odd"), short_limits());
    REQUIRE(on.has_value());
    CHECK(value_of(**on,
                   "SELECT current_setting('search_path') || ' ' || current_setting('timezone')"
                   " || ' ' || current_setting('datestyle') || ' '"
                   " || current_setting('application_name')"
                   " || current_setting('statement_timeout')"
                   " || current_setting('lock_timeout')"
                   " || current_setting('standard_conforming_strings')") ==
          "pg_catalog UTC ISO, YMD tallyfs700ms200mson");
    CHECK((*on)->version() / 10'000 >= 12);
    CHECK(value_of(**on, "SELECT pg_backend_pid()") == std::to_string((*on)->pid()));

    const auto refused = (*on)->read("INSERT INTO public.t VALUES (1)");
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().sqlstate == "25006");
    CHECK_FALSE(refused.error().connection_lost);
    // Not even by a transaction of its own.
    CHECK_FALSE((*on)->read("BEGIN READ WRITE").has_value());
    CHECK_FALSE((*on)->read("INSERT INTO public.t VALUES (1)").has_value());
    CHECK_FALSE((*on)->read("SELECT 1; SELECT 2").has_value());
    CHECK(server.psql("SELECT count(*) FROM t") == "0");
}

TEST_CASE("rows are as the server writes them, with values passed beside the statement") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    const auto on = connection::open(at(server), short_limits());
    REQUIRE(on.has_value());
    const auto rows = (*on)->read("SELECT $1::text, $2::int + 1, NULL UNION ALL SELECT '', 7, 'x'",
                                  {"it's; -- \n", "41"});
    REQUIRE(rows.has_value());
    CHECK(*rows == connection::rows{{"it's; -- \n", "42", std::nullopt}, {"", "7", "x"}});
    CHECK((*on)->read("SELECT FROM pg_class WHERE false")->empty());

    const auto each = (*on)->read_each({"SELECT 1", "SELECT 1/0", "SELECT nothing", "SELECT 4"});
    REQUIRE(each.has_value());
    REQUIRE(each->size() == 4);
    CHECK(*(*each)[0] == connection::rows{{"1"}});
    CHECK((*each)[1].error().sqlstate == "22012");
    CHECK((*each)[2].error().sqlstate == "42703");
    CHECK(*(*each)[3] == connection::rows{{"4"}});
    CHECK(value_of(**on, "SELECT 5") == "5");

    // What was stumbled over may be a secret.
    const auto wrong = (*on)->read("SELECT 'hunter2'::int");
    CHECK(wrong.error().sqlstate == "22P02");
    CHECK(wrong.error().what.find("hunter2") == std::string::npos);
    CHECK((*on)->read("SELECT 'hunter2' 'x'").error().what.find("hunter2") == std::string::npos);
}

TEST_CASE("an answer that is too long costs the connection and not the memory") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    const auto on = connection::open(at(server), {milliseconds(30'000)});
    REQUIRE(on.has_value());
    const auto rows = (*on)->read("SELECT repeat('x', 1000000) FROM generate_series(1, 1000)");
    REQUIRE_FALSE(rows.has_value());
    CHECK(rows.error().connection_lost);
    CHECK(rows.error().what == "the answer is too long");
    CHECK((*on)->read("SELECT 1").error().connection_lost);
}

TEST_CASE("what is written is written whole or not at all") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    const auto on = connection::open(at(server), short_limits());
    REQUIRE(on.has_value());
    auto done = (*on)->write({"CREATE TABLE public.t (n int PRIMARY KEY)",
                              "INSERT INTO public.t VALUES (1); INSERT INTO public.t VALUES (2)",
                              "SELECT n FROM public.t ORDER BY n"});
    REQUIRE(done.has_value());
    CHECK(*done == connection::rows{{"1"}, {"2"}});
    CHECK((*on)
              ->write({"DELETE FROM public.t", "INSERT INTO public.t VALUES (3), (3)"})
              .error()
              .sqlstate == "23505");
    CHECK(server.psql("SELECT count(*) FROM t") == "2");
    CHECK_FALSE((*on)->write({"DELETE FROM public.t WHERE n = 1; COMMIT", "SELECT 1"}).has_value());
    CHECK(value_of(**on, "SELECT 1") == "1");

    CHECK((*on)->run("VACUUM public.t", milliseconds(5'000)).has_value());
    CHECK(
        (*on)->run("CREATE INDEX CONCURRENTLY i ON public.t (n)", milliseconds(5'000)).has_value());
    CHECK((*on)->run("SELECT pg_sleep(2)", milliseconds(100)).error().sqlstate == "57014");
    CHECK(value_of(**on, "SHOW statement_timeout") == "700ms");
    CHECK((*on)->read("DELETE FROM public.t").error().sqlstate == "25006");
}

TEST_CASE("a lock is not waited for longer than lock_timeout") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    server.psql("CREATE TABLE t (n int)");
    psql_session holder(server);
    holder.run("BEGIN; LOCK TABLE t");
    const auto on = connection::open(at(server), short_limits());
    REQUIRE(on.has_value());
    const auto start = steady::now();
    CHECK((*on)->read("SELECT * FROM public.t").error().sqlstate == "55P03");
    CHECK(since(start) < milliseconds(700));
}

TEST_CASE("a refusal says in one line what to do, and never the password") {
    NEEDS_POSTGRESQL();
    postgres_cluster server(
        {}, {"host all clerk 127.0.0.1/32 scram-sha-256", "host all banned 127.0.0.1/32 reject"});
    server.psql(
        "CREATE ROLE clerk LOGIN PASSWORD 'right one'; CREATE ROLE banned LOGIN;"
        "CREATE ROLE one LOGIN CONNECTION LIMIT 0");
    const auto why = [&](const std::string& role, const std::string& password,
                         const std::string& database = "postgres", const std::string& tls = "") {
        auto where = at(server, role);
        where.password = password;
        where.database = database;
        where.tls = tls;
        const auto on = connection::open(where, short_limits());
        REQUIRE_FALSE(on.has_value());
        CHECK(on.error().connection_lost);
        CHECK(on.error().what.find('\n') == std::string::npos);
        CHECK(on.error().what.find("wrong one") == std::string::npos);
        return on.error().sqlstate + " " + on.error().what;
    };
    const auto place = "127.0.0.1:" + std::to_string(server.port()) + ": ";
    CHECK(why("clerk", "wrong one") ==
          "28P01 " + place +
              "password refused for role clerk: is it the right one, and not expired?");
    ::setenv("PGPASSWORD", "right one", 1);
    CHECK(why("clerk", "") ==
          "28P01 " + place + "role clerk needs a password, and its credential has none");
    ::unsetenv("PGPASSWORD");
    CHECK(why("banned", "").starts_with("28000 " + place + "role banned is not let in from here"));
    CHECK(why("clerk", "right one", "nowhere") ==
          "3D000 " + place + "there is no database nowhere");
    CHECK(why("one", "").starts_with("53300 "));
    CHECK(why("clerk", "right one", "postgres", "verify-full").find("TLS: the server does not") !=
          std::string::npos);
    server.stop();
    CHECK(why("clerk", "right one").starts_with(" " + place + "connection refused"));
}

TEST_CASE("names are looked up by a deadline, and a Unix socket needs none") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    auto where = at(server);
    where.host = "localhost";
    CHECK(connection::open(where, short_limits()).has_value());
    where.host = server.socket_directory();
    CHECK(connection::open(where, short_limits()).has_value());
    where.host = "no-such-host.invalid";
    const auto start = steady::now();
    const auto on = connection::open(where, short_limits());
    REQUIRE_FALSE(on.has_value());
    CHECK(on.error().what.starts_with("no-such-host.invalid"));
    CHECK(since(start) < milliseconds(1'500));
    where.host = server.socket_directory() + "/none";
    CHECK(connection::open(where, short_limits()).error().what.find("there is no such socket") !=
          std::string::npos);
}

TEST_CASE("names and literals are quoted so that the server reads them back") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    const auto on = connection::open(at(server), short_limits());
    REQUIRE(on.has_value());
    for (const std::string text : {"plain", "it's", "a\"b", "back\\slash", "$1", "; --", "Käse"}) {
        CHECK(value_of(**on, "SELECT " + quoted_literal(text)) == text);
        CHECK(value_of(**on, "SELECT quote_ident(x) FROM (SELECT 1) AS t (" +
                                 quoted_identifier(text) + "), LATERAL (SELECT " +
                                 quoted_literal(text) + ") AS u (x)") != "");
    }
}
