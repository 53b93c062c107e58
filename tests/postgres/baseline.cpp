// The registered schema: the first that is seen, what migrations and people make of it, what
// drifts.
#include "postgres/schema_office.hpp"

#include <sys/stat.h>

using namespace tallyfs;
using namespace tallyfs::test;
using approval::probe;

TEST_CASE("the fingerprint is the one that the server makes of its own schema") {
    NEEDS_POSTGRESQL();
    schema_office o;
    o.sql(
        "CREATE SCHEMA \"Odd, Name\"; CREATE TABLE \"Odd, Name\".\"T\"\"1\" (id int GENERATED "
        "ALWAYS "
        "AS IDENTITY PRIMARY KEY, b text COLLATE \"C\" DEFAULT E'x\\ny', c int CHECK (c > 0));"
        "CREATE VIEW v AS SELECT b FROM \"Odd, Name\".\"T\"\"1\";"
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';"
        "CREATE TABLE p (id int) PARTITION BY RANGE (id);"
        "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (9)");
    const auto fixture = read_file(TALLYFS_FIXTURES "/postgres/schema_fingerprint.sql", 1 << 16);
    REQUIRE(fixture);
    const auto seen = o.look();
    const auto expected = o.sql("SET search_path = pg_catalog;" + *fixture);
    CHECK(expected == std::to_string(seen.schema.size()) + "|" + seen.schema_fingerprint);
    o.sql("ALTER TABLE p ADD COLUMN n int");
    CHECK(o.look().schema_fingerprint != seen.schema_fingerprint);
    o.sql("ALTER TABLE p DROP COLUMN n");
    CHECK(o.look().schema_fingerprint == seen.schema_fingerprint);
}

TEST_CASE("what changes by hand is drift until it is accepted, or taken back") {
    NEEDS_POSTGRESQL();
    schema_office o;
    CHECK(tells((o.ask("pg-baseline", {}), o.refused), "was not looked at yet"));
    o.sql("CREATE TABLE t (id int)");
    auto seen = o.look();
    CHECK(o.view()->registered.why == "seen first");
    CHECK(o.view()->drift.empty());
    CHECK(tells((o.ask("pg-baseline", {}), o.refused), "there is no drift"));

    o.sql("ALTER TABLE t ADD COLUMN n int");
    seen = o.look();
    CHECK(tells(o.view()->drift, "@@ column public.t.n @@\n+2 integer"));
    REQUIRE(o.schemas.findings(o.of, seen).size() == 1);
    CHECK(o.schemas.findings(o.of, seen).front().figures_text ==
          "1 item added, 0 removed, 0 changed");
    const auto asked = o.ask("pg-baseline", {});
    REQUIRE(o.refused.empty());
    CHECK(tells(asked.asked.plan, seen.schema_fingerprint));
    CHECK(tells(asked.asked.evidence, "@@ column public.t.n @@"));
    CHECK(asked.asked.undo.empty());

    o.sql("ALTER TABLE t ADD COLUMN m int");
    CHECK(tells(o.run(asked).result, "the schema was changed again"));
    o.sql("ALTER TABLE t DROP COLUMN m");
    CHECK(o.probe(asked) == probe::effect_absent);
    CHECK(o.run(asked).done);
    CHECK(o.probe(asked) == probe::effect_there);
    seen = o.look();
    CHECK(o.view()->drift.empty());
    CHECK(o.schemas.findings(o.of, seen).empty());
    CHECK(o.view()->registered.why == "request 0003");
}

TEST_CASE("a look from before a state was registered does not make it seem to have drifted") {
    NEEDS_POSTGRESQL();
    schema_office o;
    const auto old = o.look();
    o.write("01_t.sql", "CREATE TABLE t (id int);");
    o.clock.advance(std::chrono::minutes(1));
    REQUIRE(o.run(o.ask_up("01")).done);
    o.schemas.observe(o.of, old, nullptr);
    CHECK(o.view()->drift.empty());
    CHECK(tells(o.states(), "01,01_t.sql,applied,"));
}

TEST_CASE("what others apply with dbmate is no drift, and what had drifted before them still is") {
    NEEDS_POSTGRESQL();
    schema_office o;
    o.sql(
        "CREATE TABLE t (id int); CREATE TABLE schema_migrations (version varchar PRIMARY KEY);"
        "INSERT INTO schema_migrations VALUES ('00')");
    o.write("01_t.sql", "ALTER TABLE t ADD COLUMN one int;");
    auto before = o.look();
    const auto apply = [&](const std::string& version, const std::string& column) {
        o.sql("ALTER TABLE t ADD COLUMN " + column +
              " int; INSERT INTO schema_migrations VALUES ('" + version + "')");
    };
    apply("01", "one");
    before = o.look(&before);
    CHECK(o.view()->drift.empty());
    CHECK(o.view()->registered.why == "migration 01");
    CHECK(tells(o.states(), "01,01_t.sql,applied,"));

    o.sql("ALTER TABLE t ADD COLUMN by_hand int");
    before = o.look(&before);
    CHECK(tells(o.view()->drift, "by_hand"));
    apply("02", "two");
    o.look(&before);
    CHECK(tells(o.view()->drift, "public.t.by_hand"));
    CHECK_FALSE(tells(o.view()->drift, "public.t.two"));
    // After a restart nobody knows what was there before: nothing is accepted unseen.
    apply("03", "three");
    o.look();
    CHECK(tells(o.view()->drift, "public.t.by_hand"));
    CHECK(tells(o.view()->drift, "public.t.three"));

    o.write("01_t.sql", "ALTER TABLE t ADD COLUMN other int;");
    o.look();
    CHECK(tells(o.states(), "01,01_t.sql,changed,"));
}

TEST_CASE("what is registered outlives the process, and a file that is none of ours is kept") {
    NEEDS_POSTGRESQL();
    schema_office o;
    o.sql("CREATE TABLE t (id int)");
    o.look();
    o.sql("DROP TABLE t");
    auto seen = o.look();
    postgres::schema_registry second(o.folder.path() / "state" / "schemas");
    second.observe(o.of, seen, nullptr);
    CHECK(tells(second.find("dev/one/app")->drift, "@@ relation public.t @@\n-r "));

    const auto file = o.folder.path() / "state" / "schemas" / "dev%2Fone%2Fapp";
    struct ::stat status {};
    REQUIRE(::stat(file.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    REQUIRE(replace_file(file, "{}"));
    seen = o.look();
    CHECK(tells(o.view()->problem, "cannot be read"));
    CHECK(*read_file(file, 100) == "{}");
    CHECK(o.schemas.findings(o.of, seen).empty());
    const auto asked = o.ask("pg-baseline", {});
    REQUIRE(o.refused.empty());
    CHECK(o.run(asked).done);
    o.look();
    CHECK(o.view()->problem.empty());
}

TEST_CASE("a disk that takes no more changes nothing, and says so") {
    NEEDS_POSTGRESQL();
    schema_office o;
    o.look();
    o.sql("CREATE TABLE t (id int)");
    o.look();
    const auto asked = o.ask("pg-baseline", {});
    // In the place of the file that is written first.
    std::filesystem::create_directory(o.folder.path() / "state" / "schemas" /
                                      "dev%2Fone%2Fapp.new");
    const auto failed = o.run(asked);
    CHECK_FALSE(failed.done);
    CHECK(tells(failed.result, "it cannot be kept"));
    CHECK_FALSE(o.view()->drift.empty());
    CHECK(o.probe(asked) == probe::effect_absent);
}

TEST_CASE("where the table of migrations may not be read, nothing is concluded from it") {
    NEEDS_POSTGRESQL();
    schema_office o;
    o.server.psql("CREATE ROLE looker LOGIN IN ROLE pg_monitor");
    o.write("01_t.sql", "CREATE TABLE t (id int);");
    REQUIRE(o.run(o.ask_up("01")).done);
    o.look();
    CHECK(tells(o.states(), "01,01_t.sql,applied,"));
    o.looker = "looker";
    o.sql("ALTER TABLE t ADD COLUMN by_hand int");
    o.look();
    CHECK(tells(o.view()->migrations_problem, "GRANT SELECT ON public.schema_migrations"));
    CHECK(o.view()->migrations.empty());
    CHECK(tells(o.view()->drift, "by_hand"));
    const auto asked = o.ask("pg-baseline", {});
    CHECK(o.run(asked).done);
    CHECK(o.view()->registered.applied == std::vector<std::string>{"01"});
    CHECK(o.view()->drift.empty());
}
