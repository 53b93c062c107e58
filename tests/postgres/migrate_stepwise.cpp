// Migrations that cannot run in a transaction, what is refused, and what is said of those touched.
#include "postgres/schema_office.hpp"

using namespace tallyfs;
using namespace tallyfs::test;
using approval::probe;

TEST_CASE("what cannot run in a transaction runs statement by statement, and is recorded last") {
    NEEDS_POSTGRESQL();
    schema_office o;
    o.sql("CREATE TABLE t (id int)");
    o.look();
    o.write(
        "01_i.sql",
        "CREATE INDEX CONCURRENTLY t_id ON t (id);\nCREATE INDEX CONCURRENTLY t_2 ON t (id, id);",
        "DROP INDEX CONCURRENTLY t_id; DROP INDEX CONCURRENTLY t_2;", " transaction:false");
    const auto asked = o.ask_up("01");
    CHECK(tells(asked.asked.plan, "-- NOT in one transaction"));
    CHECK(o.probe(asked) == probe::unknown);
    const auto done = o.run(asked);
    INFO(done.result);
    REQUIRE(done.done);
    CHECK(o.sql("SELECT count(*) FROM pg_index WHERE indrelid = 't'::regclass AND indisvalid") ==
          "2");
    CHECK(o.probe(asked) == probe::effect_there);
    CHECK(o.view()->drift.empty());
    CHECK(o.run(o.undoing(asked)).done);
    CHECK(o.sql("SELECT count(*) FROM pg_index WHERE indrelid = 't'::regclass") == "0");
    o.look();
    CHECK(o.view()->drift.empty());
}

TEST_CASE("an index that is built concurrently waits for an old transaction, others do not") {
    NEEDS_POSTGRESQL();
    schema_office o;
    o.sql("CREATE TABLE t (id int); CREATE TABLE other (id int)");
    psql_session old(o.server, "app");
    old.run("BEGIN ISOLATION LEVEL REPEATABLE READ; INSERT INTO t VALUES (1);");
    o.write("01_i.sql", "CREATE INDEX CONCURRENTLY t_id ON t (id);", "", " transaction:false");
    o.write("02_t.sql", "ALTER TABLE t ADD COLUMN n int;", "", " transaction:false");
    CHECK(tells(o.run(o.ask_up("02")).result, "a lock was not free within 300 ms"));
    auto ended = o.begin(o.ask_up("01"));
    o.server.wait_until(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND"
        " now() - query_start > interval '600 ms'",
        "1");
    old.run("COMMIT");
    CHECK(ended.get().done);
}

TEST_CASE("what fails between the statements says which, and what remains") {
    NEEDS_POSTGRESQL();
    schema_office o;
    o.write("01_t.sql", "CREATE TABLE t (id int);\nCREATE TABLE u (id int);\nSELECT no_such();", "",
            " transaction:false");
    const auto failed = o.run(o.ask_up("01"));
    CHECK_FALSE(failed.done);
    INFO(failed.result);
    CHECK(tells(failed.result,
                "this is the statement of line 4; 2 steps before it remain, and the "
                "version is not recorded"));
    CHECK(o.sql("SELECT count(*) FROM pg_class WHERE relname IN ('t', 'u')") == "2");
    CHECK(o.sql("SELECT count(*) FROM schema_migrations") == "0");
}

TEST_CASE("what cannot be asked for is refused with a sentence that says why") {
    NEEDS_POSTGRESQL();
    schema_office o;
    o.write("01_t.sql", "CREATE TABLE t (id int);");
    o.write("02_bad.sql", "COMMIT;");
    const auto why = [&](approval::parameters all) {
        o.ask("pg-migrate", std::move(all));
        return o.refused;
    };
    CHECK(tells(why({{"direction", "up"}}), "version=… is missing"));
    CHECK(tells(why({{"version", "01"}}), "direction=… has to be up or down"));
    CHECK(tells(why({{"version", "01"}, {"direction", "up"}, {"versoin", "1"}}),
                "did you mean version"));
    CHECK(tells(why({{"version", "09"}, {"direction", "up"}}), "no file in "));
    CHECK(tells(why({{"version", "02"}, {"direction", "up"}}),
                "02_bad.sql, line 2: it begins or ends"));
    CHECK(tells(why({{"version", "01"}, {"direction", "down"}}), "has nothing that takes it back"));
    o.of.remedies_credential.clear();
    o.enlist();
    CHECK(tells(why({{"version", "01"}, {"direction", "up"}}), "has no remedies_credential"));
    o.databases = std::make_shared<postgres::registered>();
    CHECK(tells(why({{"version", "01"}, {"direction", "up"}}),
                "no database dev/one/app is registered"));
    approval::draft elsewhere;
    elsewhere.environment = "prod";
    o.enlist();
    elsewhere.parameters = {{"database", "dev/one/app"}, {"version", "01"}, {"direction", "up"}};
    CHECK(tells(o.kind_of("pg-migrate").prepare(elsewhere), "env=prod is not that of dev/one/app"));
}

TEST_CASE("evidence names views, keys, functions, statements and sessions, without literals") {
    NEEDS_POSTGRESQL();
    schema_office o({"shared_preload_libraries=pg_stat_statements"});
    o.sql(
        "CREATE EXTENSION pg_stat_statements; CREATE TABLE orders (id int PRIMARY KEY, total int);"
        "CREATE TABLE items (order_id int REFERENCES orders); CREATE TABLE aside (id int);"
        "CREATE VIEW big AS SELECT id FROM orders WHERE total > 100;"
        "CREATE VIEW unrelated AS SELECT * FROM aside;"
        "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN count(*) FROM orders; "
        "END';"
        "CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1';"
        "ANALYZE orders; SELECT * FROM orders WHERE total = 4711");
    psql_session user(o.server, "app");
    user.run("BEGIN; SELECT * FROM orders WHERE total = 4711;");
    o.write("01_o.sql", "ALTER TABLE orders ALTER COLUMN total TYPE bigint;");
    const auto asked = o.ask("pg-migrate", {{"version", "01"}, {"direction", "up"}});
    const auto& text = asked.asked.evidence;
    INFO(text);
    CHECK(tells(text, "public.orders, about 0 rows"));
    CHECK(tells(text, "view public.big: public.orders (id, total*)"));
    CHECK(tells(text, "foreign key items_order_id_fkey of public.items: public.orders"));
    CHECK(tells(text, "function public.f()"));
    CHECK(tells(text, "calls: SELECT * FROM orders WHERE total = $1"));
    CHECK(tells(text, "pid " + std::to_string(user.pid()) + ", postgres"));
    CHECK(tells(text, "idle in transaction"));
    for (const auto* other : {"4711", "unrelated", "g()"}) CHECK_FALSE(tells(text, other));
}

TEST_CASE("a server that does not answer holds up whoever asks for seconds, and is said") {
    NEEDS_POSTGRESQL();
    schema_office o;
    o.write("01_t.sql", "CREATE TABLE t (id int);");
    o.server.freeze();
    const auto start = std::chrono::steady_clock::now();
    const auto asked = o.ask_up("01");
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(4));
    CHECK(o.refused.empty());
    CHECK(tells(asked.asked.evidence, "Who is touched is not known: "));
    o.server.thaw();
}
