#include "postgres/seen.hpp"

#include <algorithm>

using namespace tallyfs;
using namespace tallyfs::postgres;
using namespace tallyfs::test;

namespace {

bool says(const std::vector<std::string>& missing, const std::string& text) {
    return std::find(missing.begin(), missing.end(), text) != missing.end();
}

}  // namespace

TEST_CASE("tables equal what psql says of them") {
    NEEDS_POSTGRESQL();
    postgres_cluster server({"autovacuum=off"});
    psql_session writer(server);
    writer.run(
        "CREATE SCHEMA shop; CREATE TABLE shop.\"odd, name\" (n int PRIMARY KEY, t text)"
        " WITH (autovacuum_enabled=false, autovacuum_vacuum_scale_factor=0.05, fillfactor=70);"
        "INSERT INTO shop.\"odd, name\" SELECT n, repeat(md5(n::text), 200)"
        " FROM generate_series(1, 1000) n;"
        "CREATE TABLE never (n int); INSERT INTO never SELECT generate_series(1, 300)");
    writer.run("ANALYZE shop.\"odd, name\"; VACUUM shop.\"odd, name\"");
    writer.run(
        "UPDATE shop.\"odd, name\" SET n = -n WHERE n < 200;"
        "DELETE FROM shop.\"odd, name\" WHERE n > 900; SELECT count(*) FROM never;"
        "SET enable_seqscan = off; SELECT * FROM shop.\"odd, name\" WHERE n = 500");
    writer.run("SELECT pg_stat_force_next_flush()");

    const auto seen = snapshot_of(server);
    CHECK(seen.database == "postgres");
    CHECK(seen.tables.size() == 2);
    CHECK(seen.tables_total == 2);
    CHECK(seen.bytes == std::stoll(server.psql("SELECT pg_database_size('postgres')")));
    std::string expected;
    for (const auto& t : seen.tables) {
        std::string options;
        for (const auto& option : t.options) options += (options.empty() ? "" : ",") + option;
        for (const auto value :
             {t.bytes, t.live_rows, t.dead_rows, t.inserted_since_vacuum.value_or(-1),
              t.changed_since_analyze, t.inserted, t.updated, t.deleted, t.updated_hot,
              t.sequential_scans, t.index_scans, t.xid_age, t.mxid_age, t.toast_xid_age}) {
            expected += std::to_string(value) + "|";
        }
        expected += t.name + "|" + (t.last_vacuum ? to_rfc3339(*t.last_vacuum) : "") + "|" +
                    (t.last_analyze ? to_rfc3339(*t.last_analyze) : "") + "|" +
                    (t.last_autovacuum || t.last_autoanalyze ? "auto" : "") + "|" + options + "\n";
    }
    const std::string stamp = "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')";
    CHECK(expected ==
          server.psql("SELECT pg_total_relation_size(relid), n_live_tup, n_dead_tup,"
                      " n_ins_since_vacuum, n_mod_since_analyze, n_tup_ins, n_tup_upd, n_tup_del,"
                      " n_tup_hot_upd, seq_scan, coalesce(idx_scan, 0), age(c.relfrozenxid),"
                      " mxid_age(c.relminmxid), coalesce(age(t.relfrozenxid), 0), s.relname,"
                      " to_char(last_vacuum AT TIME ZONE 'UTC', " +
                      stamp + ", to_char(last_analyze AT TIME ZONE 'UTC', " + stamp +
                      ", '', array_to_string(c.reloptions, ',')"
                      " FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid"
                      " LEFT JOIN pg_class t ON t.oid = c.reltoastrelid ORDER BY 1 DESC") +
              "\n");
    const auto& odd = find(seen, "shop.odd, name");
    CHECK(odd.row_estimate == 1000);
    CHECK(odd.dead_rows > 0);
    CHECK(odd.index_scans > 0);
    CHECK(odd.toast_xid_age > 0);
    CHECK(odd.oid == std::stoul(server.psql("SELECT 'shop.\"odd, name\"'::regclass::oid")));
    CHECK(find(seen, "public.never").row_estimate == -1);
    CHECK(find(seen, "public.never").options.empty());
}

TEST_CASE("a partition names its root, and the parents are no tables") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    server.psql(
        "CREATE TABLE events (day int, region int) PARTITION BY RANGE (day);"
        "CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (1) TO (2);"
        "CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM (2) TO (3)"
        " PARTITION BY LIST (region);"
        "CREATE TABLE events_2_7 PARTITION OF events_2 FOR VALUES IN (7);"
        "CREATE TABLE plain (n int); CREATE TABLE child () INHERITS (plain);"
        "CREATE MATERIALIZED VIEW summary AS SELECT count(*) FROM events; CREATE VIEW v AS SELECT "
        "1;"
        "CREATE TEMPORARY TABLE gone (n int)");
    const auto seen = snapshot_of(server);
    CHECK(seen.tables.size() == 5);
    CHECK(find(seen, "public.events_1").root == "public.events");
    CHECK(find(seen, "public.events_2_7").root == "public.events");
    CHECK(find(seen, "public.plain").root.empty());
    CHECK(find(seen, "public.child").root.empty());
    CHECK(find(seen, "public.summary").root.empty());
}

TEST_CASE("the schema's fingerprint is that of the verified query, and comes back") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    server.psql(
        "CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE TYPE pair AS (a int, b text);"
        "CREATE TABLE person (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, m mood,"
        " name text NOT NULL DEFAULT 'x|y', twice text GENERATED ALWAYS AS (name || name) STORED);"
        "CREATE TABLE pet (owner bigint REFERENCES person, CHECK (owner > 0));"
        "ALTER TABLE pet ADD CONSTRAINT late CHECK (owner < 9) NOT VALID;"
        "CREATE INDEX ON pet (owner) WHERE owner > 5; CREATE VIEW owners AS SELECT owner FROM pet;"
        "CREATE MATERIALIZED VIEW names AS SELECT name FROM person;"
        "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT $1'; CREATE SEQUENCE s;"
        "CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE TRIGGER tr BEFORE INSERT ON pet FOR EACH ROW EXECUTE FUNCTION tf();"
        "CREATE EXTENSION pg_stat_statements; CREATE SCHEMA \"Ünicode\";"
        "CREATE TABLE \"Ünicode\".\"a|b\" (\"ä\nb\" int)");
    const auto by_psql = [&] {
        return server.psql("SET search_path = pg_catalog; " + fixture("schema_fingerprint.sql"));
    };
    const auto seen = snapshot_of(server);
    CHECK(std::to_string(seen.schema.size()) + "|" + seen.schema_fingerprint == by_psql());
    CHECK(std::is_sorted(seen.schema.begin(), seen.schema.end()));
    server.psql("ALTER DATABASE postgres SET search_path = \"Ünicode\", public");
    CHECK(snapshot_of(server).schema_fingerprint == seen.schema_fingerprint);
    server.psql("ALTER TABLE public.pet ADD COLUMN extra int");
    const auto changed = snapshot_of(server);
    CHECK(changed.schema_fingerprint != seen.schema_fingerprint);
    CHECK(std::to_string(changed.schema.size()) + "|" + changed.schema_fingerprint == by_psql());
    server.psql("ALTER TABLE public.pet DROP COLUMN extra");
    CHECK(snapshot_of(server).schema_fingerprint == seen.schema_fingerprint);
    CHECK(changed.settings == std::vector<std::string>{"search_path=\"Ünicode\", public"});
}

TEST_CASE("a schema that cannot be read now has no fingerprint, and that is said") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    server.psql("CREATE TABLE t (n int); CREATE VIEW v AS SELECT n FROM t");
    psql_session holder(server);
    holder.run("BEGIN; LOCK TABLE t");
    const auto seen = snapshot_of(server);
    CHECK(seen.schema_fingerprint.empty());
    CHECK(seen.schema.empty());
    CHECK(says(seen.missing, "schema: canceling statement due to lock timeout"));
    CHECK(seen.tables.size() == 1);
}

TEST_CASE("statements are there when pg_stat_statements is, without their literals") {
    NEEDS_POSTGRESQL();
    postgres_cluster server({"shared_preload_libraries=pg_stat_statements"});
    CHECK(snapshot_of(server).statements.empty());
    CHECK(snapshot_of(server).missing.size() == 1);
    CHECK(snapshot_of(server).missing[0].starts_with("pg_stat_statements: not installed; CREATE"));
    server.psql(
        "CREATE SCHEMA \"Odd\"; CREATE EXTENSION pg_stat_statements SCHEMA \"Odd\";"
        "CREATE TABLE t (n int); INSERT INTO t SELECT generate_series(1, 1000);"
        "SELECT count(*) FROM t WHERE n > 4711; SELECT count(*) FROM t WHERE n > 4712;"
        "CREATE ROLE clerk PASSWORD 'hunter2'");
    const auto seen = snapshot_of(server);
    CHECK(seen.missing.empty());
    CHECK(says(seen.extensions, "plpgsql 1.0"));
    const auto counted = std::find_if(
        seen.statements.begin(), seen.statements.end(),
        [](const auto& one) { return one.query == "SELECT count(*) FROM t WHERE n > $1"; });
    REQUIRE(counted != seen.statements.end());
    CHECK(server.psql(
              "SELECT queryid, calls, rows, shared_blks_hit + shared_blks_read, wal_bytes"
              " FROM \"Odd\".pg_stat_statements WHERE query LIKE 'SELECT count(*) FROM t%'") ==
          std::to_string(counted->id) + "|2|2|" +
              std::to_string(counted->blocks_hit + counted->blocks_read) + "|" +
              std::to_string(counted->wal_bytes.value_or(-1)));
    CHECK(counted->user == "postgres");
    CHECK(counted->total_ms > 0);
    CHECK(counted->mean_ms > 0);
    for (const auto& one : seen.statements) {
        CHECK(one.query.find("hunter2") == std::string::npos);
        CHECK(one.query.find("4711") == std::string::npos);
    }
    server.psql(
        "CREATE ROLE watcher LOGIN; GRANT USAGE ON SCHEMA \"Odd\" TO watcher;"
        "GRANT pg_monitor TO watcher");
    CHECK(snapshot_of(server, "watcher").missing.empty());
}

TEST_CASE("an extension that the server was not started with is said") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    server.psql("CREATE EXTENSION pg_stat_statements");
    const auto seen = snapshot_of(server);
    REQUIRE(seen.missing.size() == 1);
    CHECK(seen.missing[0] ==
          "pg_stat_statements: pg_stat_statements must be loaded via shared_preload_libraries");
}

TEST_CASE("roles are what they may do, with whose members they are") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    server.psql(
        "CREATE ROLE readers; CREATE ROLE clerk LOGIN CONNECTION LIMIT 7 CREATEDB"
        " VALID UNTIL '2030-01-02 03:04:05+00' IN ROLE readers, pg_monitor;"
        "ALTER ROLE clerk SET search_path = app, public;"
        "ALTER ROLE readers VALID UNTIL 'infinity'");
    const auto seen = snapshot_of(server);
    REQUIRE(seen.roles.size() == 3);
    CHECK(seen.roles[0].name == "clerk");
    CHECK(seen.roles[0].can_login);
    CHECK_FALSE(seen.roles[0].superuser);
    CHECK(seen.roles[0].creates_databases);
    CHECK(seen.roles[0].connections_max == 7);
    REQUIRE(seen.roles[0].valid_until);
    CHECK(to_rfc3339(*seen.roles[0].valid_until) == "2030-01-02T03:04:05.000000Z");
    CHECK(seen.roles[0].member_of == std::vector<std::string>{"pg_monitor", "readers"});
    CHECK(seen.roles[0].settings == std::vector<std::string>{"search_path=app, public"});
    CHECK(seen.roles[1].superuser);
    CHECK_FALSE(seen.roles[2].valid_until);
    CHECK(seen.roles[2].connections_max == -1);
}

TEST_CASE("applied migrations are read where the table is, and what to grant is said") {
    NEEDS_POSTGRESQL();
    postgres_cluster server;
    CHECK_FALSE(snapshot_of(server).has_migrations_table);
    server.psql(
        "CREATE SCHEMA app; CREATE TABLE app.schema_migrations (version varchar PRIMARY KEY);"
        "INSERT INTO app.schema_migrations VALUES ('20260102'), ('20251231'), ('3');"
        "CREATE ROLE watcher LOGIN; GRANT pg_monitor TO watcher");
    auto seen = snapshot_of(server);
    CHECK(seen.has_migrations_table);
    CHECK(seen.applied_migrations == std::vector<std::string>{"20251231", "20260102", "3"});
    seen = snapshot_of(server, "watcher");
    CHECK(seen.has_migrations_table);
    CHECK(says(seen.missing,
               "app.schema_migrations: permission denied; GRANT SELECT ON app.schema_migrations"
               " TO \"watcher\""));
    server.psql(
        "CREATE TABLE schema_migrations (version bigint); INSERT INTO schema_migrations"
        " VALUES (7)");
    CHECK(snapshot_of(server).applied_migrations == std::vector<std::string>{"7"});
}

TEST_CASE("a snapshot of a standby is like that of its primary") {
    NEEDS_POSTGRESQL();
    postgres_cluster primary;
    primary.psql("CREATE TABLE t (n int PRIMARY KEY); INSERT INTO t VALUES (1)");
    const auto standby = primary.standby();
    const auto above = snapshot_of(primary);
    const auto below = snapshot_of(*standby);
    CHECK(below.schema_fingerprint == above.schema_fingerprint);
    CHECK(find(below, "public.t").bytes > 0);
    CHECK(below.missing == above.missing);
}
