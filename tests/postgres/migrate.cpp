// Migrations on a real server: applied and rolled back whole, or not at all.
#include "postgres/schema_office.hpp"

#include <tallyfs/base/digest.hpp>

using namespace tallyfs;
using namespace tallyfs::test;
using approval::probe;

namespace {

constexpr auto versions = "SELECT string_agg(version, ' ' ORDER BY version) FROM schema_migrations";

}  // namespace

TEST_CASE("a migration is applied as its plan says, recorded and registered, and taken back") {
    NEEDS_POSTGRESQL();
    schema_office o;
    o.look();
    o.write("01_t.sql", "CREATE TABLE t (id int);\nINSERT INTO t VALUES (1);", "DROP TABLE t;");
    const auto asked = o.ask_up("01");
    REQUIRE(o.refused.empty());
    CHECK(asked.asked.title == "Apply 01_t.sql to dev/one/app");
    CHECK(asked.asked.environment == "dev");
    CHECK(tells(asked.asked.plan, "INSERT INTO t VALUES (1);\n"));
    CHECK(tells(asked.asked.undo, "\nDROP TABLE t;\n"));
    CHECK(o.probe(asked) == probe::effect_absent);
    const auto done = o.run(asked);
    CHECK(done.result.starts_with("applied 01_t.sql (SHA-256 "));
    REQUIRE(done.done);
    CHECK(o.sql("SELECT count(*) FROM t") == "1");
    CHECK(o.sql(versions) == "01");
    CHECK(o.probe(asked) == probe::effect_there);
    CHECK(o.view()->drift.empty());
    CHECK_FALSE(o.view()->finding);
    CHECK(o.view()->registered.why == "request 0001");
    const auto sha = sha256_hex(*read_file(o.directory() / "01_t.sql", 4096));
    CHECK(o.view()->registered.checksums == std::map<std::string, std::string>{{"01", sha}});

    o.ask_up("01");
    CHECK(o.refused == "01 is applied already");
    CHECK(o.run(asked).result == "01 is applied already");
    const auto undo = o.undoing(asked);
    CHECK(o.probe(undo) == probe::effect_absent);
    REQUIRE(o.run(undo).done);
    CHECK(o.sql("SELECT to_regclass('t') IS NULL") == "t");
    CHECK(o.sql(versions).empty());
    CHECK(o.probe(undo) == probe::effect_there);
    CHECK(o.run(undo).result == "01 is not applied");
    o.look();
    CHECK(o.view()->drift.empty());
    CHECK(tells(o.states(), "01,01_t.sql,pending,"));
}

TEST_CASE("a table of migrations that is there is kept as it is, wherever it is") {
    NEEDS_POSTGRESQL();
    schema_office o;
    o.sql(
        "CREATE SCHEMA ops; CREATE TABLE ops.schema_migrations (version varchar(128) PRIMARY KEY);"
        "INSERT INTO ops.schema_migrations VALUES ('00')");
    o.write("01_t.sql", "CREATE TABLE t (id int);");
    REQUIRE(o.run(o.ask_up("01")).done);
    CHECK(o.sql("SELECT string_agg(version, ' ') FROM ops.schema_migrations") == "00 01");
    CHECK(o.sql("SELECT to_regclass('public.schema_migrations') IS NULL") == "t");
    o.look();
    CHECK(tells(o.states(), "00,,file_missing,"));
    o.sql("CREATE SCHEMA more; CREATE TABLE more.schema_migrations (version varchar PRIMARY KEY)");
    o.write("02_u.sql", "CREATE TABLE u (id int);");
    CHECK(tells(o.run(o.ask_up("02")).result, "which one counts?"));
}

TEST_CASE("a migration that fails in the middle leaves nothing") {
    NEEDS_POSTGRESQL();
    schema_office o;
    o.write("01_bad.sql", "CREATE TABLE t (id int);\nSELECT 1/0;\nCREATE TABLE u (id int);");
    const auto failed = o.run(o.ask_up("01"));
    CHECK_FALSE(failed.done);
    CHECK_FALSE(failed.unknown);
    INFO(failed.result);
    CHECK(tells(failed.result, "(22012); nothing was changed"));
    CHECK(o.sql("SELECT count(*) FROM pg_class WHERE relname IN ('t', 'u', 'schema_migrations')") ==
          "0");
    // Not even what ends the transaction in a way that no reader of SQL sees.
    o.write("02_bad.sql", "CREATE TABLE t (id int);\nDO $$ BEGIN COMMIT; END $$;");
    CHECK_FALSE(o.run(o.ask_up("02")).done);
    CHECK(o.sql("SELECT to_regclass('t') IS NULL") == "t");
    o.write("03_long.sql", "CREATE TABLE t (id int);\nSELECT pg_sleep(20);");
    CHECK(tells(o.run(o.ask_up("03")).result, "it took longer than 5.0 s"));
    CHECK(o.sql("SELECT to_regclass('t') IS NULL") == "t");
}

TEST_CASE("a migration does not wait long for a lock, and says who is in its way") {
    NEEDS_POSTGRESQL();
    schema_office o;
    o.sql("CREATE TABLE t (id int)");
    o.write("01_t.sql", "CREATE TABLE u (id int);\nALTER TABLE t ADD COLUMN n int;");
    const auto asked = o.ask_up("01");
    psql_session reader(o.server, "app");
    reader.run("BEGIN; SELECT * FROM t;");
    const auto start = std::chrono::steady_clock::now();
    const auto failed = o.run(asked);
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(4));
    CHECK_FALSE(failed.done);
    CHECK(tells(failed.result, "a lock was not free within 300 ms; nothing was changed"));
    CHECK(tells(failed.result, "pid " + std::to_string(reader.pid()) + ", postgres"));
    CHECK(o.sql("SELECT to_regclass('u') IS NULL") == "t");
    reader.run("COMMIT");
    CHECK(o.run(asked).done);
}

TEST_CASE("two migrations do not run at once, and one that still runs is not probed as absent") {
    NEEDS_POSTGRESQL();
    schema_office o;
    o.write("01_t.sql", "CREATE TABLE t (id int);");
    const auto asked = o.ask_up("01");
    psql_session other(o.server, "app");
    other.run("SELECT pg_advisory_lock(8386103194289599242)");
    CHECK(tells(o.run(asked).result, "another migration of this database runs"));
    CHECK(o.probe(asked) == probe::unknown);
    other.run("SELECT pg_advisory_unlock(8386103194289599242)");
    CHECK(o.run(asked).done);
}

TEST_CASE("of a migration and dbmate's own run of it at the same time one happens") {
    NEEDS_POSTGRESQL();
    schema_office o;
    o.sql("CREATE TABLE schema_migrations (version varchar PRIMARY KEY)");
    o.write("01_t.sql", "CREATE TABLE t (id int);");
    const auto asked = o.ask_up("01");
    psql_session dbmate(o.server, "app");
    dbmate.run("BEGIN; INSERT INTO schema_migrations VALUES ('01');");
    CHECK_FALSE(o.run(asked).done);
    CHECK(o.sql("SELECT to_regclass('t') IS NULL") == "t");
    dbmate.run("COMMIT");
    CHECK(o.run(asked).result == "01 is applied already");
}

TEST_CASE("what was approved is run only where file, database and direction are the same") {
    NEEDS_POSTGRESQL();
    schema_office o;
    o.write("01_t.sql", "CREATE TABLE t (id int);", "DROP TABLE t;");
    const auto asked = o.ask_up("01");
    o.write("01_t.sql", "CREATE TABLE t (id bigint);", "DROP TABLE t;");
    CHECK(tells(o.run(asked).result, "changed after this was asked for"));
    o.write("01_t.sql", "CREATE TABLE t (id int);", "DROP TABLE t;");
    o.of.port += 1;
    o.enlist();
    CHECK(tells(o.run(asked).result, "changed after this was asked for"));
    o.of.port -= 1;
    o.enlist();
    CHECK(o.sql("SELECT to_regclass('t') IS NULL") == "t");
    CHECK(o.run(asked).done);
    auto turned = o.undoing(asked);
    turned.asked.plan = asked.asked.plan;
    CHECK_FALSE(o.run(turned).done);
    CHECK(o.sql("SELECT to_regclass('t') IS NULL") == "f");
}

TEST_CASE("a long migration is approved by its checksum, and refused once its file has changed") {
    NEEDS_POSTGRESQL();
    schema_office o;
    std::string long_one = "CREATE TABLE t (id int);\n";
    for (int i = 0; i < 500; ++i) long_one += "INSERT INTO t VALUES (" + std::to_string(i) + ");\n";
    o.write("01_t.sql", long_one, "DROP TABLE t;");
    const auto asked = o.ask_up("01");
    REQUIRE(o.refused.empty());
    CHECK(asked.asked.plan.size() < approval::plan_bytes_max);
    CHECK(tells(asked.asked.plan, "bytes of SQL, too long to be shown here"));
    CHECK(tells(asked.asked.plan, sha256_hex(*read_file(o.directory() / "01_t.sql", 1 << 20))));
    o.write("01_t.sql", long_one + "DELETE FROM t;", "DROP TABLE t;");
    CHECK_FALSE(o.run(asked).done);
    o.write("01_t.sql", long_one, "DROP TABLE t;");
    CHECK(o.run(asked).done);
    CHECK(o.sql("SELECT count(*) FROM t") == "500");
}

TEST_CASE("a connection that breaks in the middle changed nothing, and that is known") {
    NEEDS_POSTGRESQL();
    schema_office o;
    o.write("01_t.sql", "CREATE TABLE t (id int);\nSELECT pg_sleep(4);");
    const auto asked = o.ask_up("01");
    auto ended = o.begin(asked);
    o.server.wait_until(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE wait_event = 'PgSleep' AND application_name = 'tallyfs'",
        "1");
    const auto failed = ended.get();
    CHECK_FALSE(failed.done);
    CHECK_FALSE(failed.unknown);
    CHECK(o.sql("SELECT to_regclass('t') IS NULL") == "t");
}

TEST_CASE("stopping ends what runs at once and says nothing of it: it is probed later") {
    NEEDS_POSTGRESQL();
    schema_office o;
    o.write("01_t.sql", "CREATE TABLE t (id int);\nSELECT pg_sleep(4);");
    const auto asked = o.ask_up("01");
    std::atomic<bool> told = false;
    o.kind_of("pg-migrate").begin(asked, [&](const auto&) { told = true; });
    o.server.wait_until("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'", "1");
    const auto start = std::chrono::steady_clock::now();
    o.changes.stop();
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(2));
    CHECK_FALSE(told);
}

TEST_CASE("a migration runs with the search path of its role, and its objects are its role's") {
    NEEDS_POSTGRESQL();
    schema_office o;
    o.server.psql(
        "CREATE ROLE changer LOGIN; GRANT CREATE ON DATABASE app TO changer;"
        "ALTER ROLE changer SET search_path = shop; ALTER ROLE changer SET timezone = "
        "'Asia/Tokyo'");
    o.sql("CREATE SCHEMA shop AUTHORIZATION changer; GRANT CREATE ON SCHEMA public TO changer");
    o.role = "changer";
    o.write("01_t.sql", "CREATE TABLE t AS SELECT current_setting('timezone') AS zone;");
    CHECK(o.run(o.ask_up("01")).result.starts_with("applied"));
    CHECK(o.sql("SELECT zone || tableowner FROM shop.t, pg_tables WHERE tablename = 't'") ==
          "Asia/Tokyochanger");
    o.write("02_t.sql", "CREATE ROLE another;");
    CHECK(tells(o.run(o.ask_up("02")).result, "permission denied"));
}
