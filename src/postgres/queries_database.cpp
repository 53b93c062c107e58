#include "postgres/queries.hpp"

#include <tallyfs/health/snapshot.hpp>

namespace tallyfs::postgres::queries {

namespace {

/// Whose statistics the server keeps as those of users; and what of its own is so old that it
/// holds back the age of the database.
constexpr auto watched_tables =
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'm') AND n.nspname !~ '^pg_toast' AND"
    " (n.nspname NOT IN ('pg_catalog', 'information_schema') OR"
    " age(c.relfrozenxid) > current_setting('autovacuum_freeze_max_age')::bigint)";

std::string limit(std::size_t rows) {
    return " LIMIT " + std::to_string(rows);
}

std::string time(const std::string& column) {
    return "CASE WHEN isfinite(" + column + ") THEN (extract(epoch FROM " + column +
           ") * 1000000)::bigint END";
}

/// The whole table with its indexes and its TOAST table.
constexpr auto estimated_bytes =
    "(SELECT coalesce(sum(p.relpages), 0) FROM pg_class p WHERE p.oid IN (c.oid, c.reltoastrelid)"
    " OR p.oid IN (SELECT i.indexrelid FROM pg_index i"
    " WHERE i.indrelid IN (c.oid, c.reltoastrelid))) * current_setting('block_size')::bigint";

}  // namespace

std::string database() {
    return std::string("SELECT current_database(), (SELECT count(*)") + watched_tables +
           "), array_to_string((SELECT s.setconfig FROM pg_db_role_setting s JOIN pg_database d"
           " ON d.oid = s.setdatabase WHERE s.setrole = 0 AND d.datname = current_database()),"
           " E'\\n')";
}

std::string database_bytes() {
    return "SELECT pg_database_size(current_database())";
}

std::string tables(std::int32_t version, bool exact) {
    const std::string inserted =
        version >= 130'000 ? "pg_stat_get_ins_since_vacuum(c.oid)" : "NULL";
    // The size of what is locked exclusively could only be had by waiting.
    const std::string bytes =
        exact ? std::string("CASE WHEN c.oid IN (SELECT oid FROM locked) THEN ") + estimated_bytes +
                    " ELSE pg_total_relation_size(c.oid) END"
              : estimated_bytes;
    return std::string(
               "WITH locked AS MATERIALIZED (SELECT coalesce(i.indrelid, t.oid, l.relation) AS oid"
               " FROM pg_locks l LEFT JOIN pg_index i ON i.indexrelid = l.relation"
               " LEFT JOIN pg_class t ON t.reltoastrelid = l.relation"
               " WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.database ="
               " (SELECT oid FROM pg_database WHERE datname = current_database())),"
               " watched AS MATERIALIZED (SELECT c.*, n.nspname") +
           watched_tables + " ORDER BY c.relpages DESC, c.oid" +
           limit(health::snapshot::tables_max) +
           ") SELECT c.oid, c.nspname, c.relname,"
           " CASE WHEN c.relispartition THEN (SELECT rn.nspname || '.' || r.relname FROM pg_class r"
           " JOIN pg_namespace rn ON rn.oid = r.relnamespace"
           " WHERE r.oid = pg_partition_root(c.oid)) END,"
           " c.reltuples, " +
           bytes +
           " AS bytes,"
           " pg_stat_get_live_tuples(c.oid), pg_stat_get_dead_tuples(c.oid), " +
           inserted +
           ", pg_stat_get_mod_since_analyze(c.oid), pg_stat_get_tuples_inserted(c.oid),"
           " pg_stat_get_tuples_updated(c.oid), pg_stat_get_tuples_deleted(c.oid),"
           " pg_stat_get_tuples_hot_updated(c.oid), pg_stat_get_numscans(c.oid),"
           " (SELECT sum(pg_stat_get_numscans(i.indexrelid))::bigint FROM pg_index i"
           " WHERE i.indrelid = c.oid), " +
           time("pg_stat_get_last_vacuum_time(c.oid)") + ", " +
           time("pg_stat_get_last_autovacuum_time(c.oid)") + ", " +
           time("pg_stat_get_last_analyze_time(c.oid)") + ", " +
           time("pg_stat_get_last_autoanalyze_time(c.oid)") +
           ", age(c.relfrozenxid), mxid_age(c.relminmxid), coalesce(age(t.relfrozenxid), 0),"
           " array_to_string(c.reloptions, E'\\n')"
           " FROM watched c LEFT JOIN pg_class t ON t.oid = c.reltoastrelid"
           " ORDER BY bytes DESC, c.nspname, c.relname";
}

std::string roles() {
    return "SELECT r.rolname, r.rolcanlogin, r.rolsuper, r.rolcreaterole, r.rolcreatedb,"
           " r.rolreplication, r.rolbypassrls, r.rolconnlimit, " +
           time("r.rolvaliduntil") +
           ", array_to_string(ARRAY(SELECT DISTINCT g.rolname FROM pg_auth_members m"
           " JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid ORDER BY 1), E'\\n'),"
           " array_to_string(r.rolconfig, E'\\n')"
           " FROM pg_roles r WHERE r.rolname !~ '^pg_' ORDER BY r.rolname" +
           limit(rows_max);
}

std::string extensions() {
    return "SELECT extname || ' ' || extversion FROM pg_extension ORDER BY extname" +
           limit(rows_max);
}

std::string statements_view() {
    const auto has = [](const std::string& column) {
        return "EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = '" +
               column + "')";
    };
    return "SELECT format('%I.pg_stat_statements', n.nspname), " + has("total_exec_time") + ", " +
           has("wal_bytes") +
           " FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace"
           " JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'pg_stat_statements'"
           " WHERE e.extname = 'pg_stat_statements'";
}

std::string statements(const std::string& view, bool exec_time, bool wal) {
    const std::string suffix = exec_time ? "_exec_time" : "_time";
    return "SELECT s.queryid, pg_get_userbyid(s.userid), left(s.query, " +
           std::to_string(query_length_max) + "), s.calls, s.total" + suffix + ", s.mean" + suffix +
           ", s.rows, s.shared_blks_hit, s.shared_blks_read,"
           " s.temp_blks_read + s.temp_blks_written, " +
           (wal ? "s.wal_bytes" : "NULL") + " FROM " + view +
           " s JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = current_database()"
           " ORDER BY s.total" +
           suffix + " DESC, s.queryid" + limit(health::snapshot::statements_max);
}

std::string migrations_table() {
    return "SELECT format('%I.%I', n.nspname, c.relname), has_table_privilege(c.oid, 'SELECT')"
           " AND has_schema_privilege(n.oid, 'USAGE')"
           " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
           " WHERE c.relname = 'schema_migrations' AND c.relkind IN ('r', 'p') AND EXISTS"
           " (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'version')"
           // dbmate's own place first.
           " ORDER BY n.nspname <> 'public', n.nspname LIMIT 1";
}

std::string migrations(const std::string& table) {
    return "SELECT version::text FROM " + table + " ORDER BY version::text COLLATE \"C\"" +
           limit(migrations_max);
}

}  // namespace tallyfs::postgres::queries
