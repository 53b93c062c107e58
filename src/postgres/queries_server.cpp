#include "postgres/queries.hpp"

namespace tallyfs::postgres::queries {

namespace {

std::string limit(std::size_t rows) {
    return " LIMIT " + std::to_string(rows);
}

/// Whole microseconds; NULL for infinity.
std::string time(const std::string& column) {
    return "CASE WHEN isfinite(" + column + ") THEN (extract(epoch FROM " + column +
           ") * 1000000)::bigint END";
}

/// The end of the WAL: a standby has none of its own.
constexpr auto wal_end =
    "CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END";

}  // namespace

std::string server() {
    return "SELECT current_setting('server_version_num'),"
           " split_part(current_setting('server_version'), ' ', 1),"
           // Products of clouds say that they are PostgreSQL; what they add to it tells.
           " CASE WHEN to_regproc('aurora_version') IS NOT NULL THEN 'Aurora PostgreSQL'"
           " WHEN current_setting('rds.extensions', true) IS NOT NULL THEN 'RDS PostgreSQL'"
           " WHEN current_setting('azure.extensions', true) IS NOT NULL THEN 'Azure PostgreSQL'"
           " WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = 'cloudsqlsuperuser')"
           " THEN 'Cloud SQL PostgreSQL'"
           " ELSE trim(substring(version() FROM '^[^0-9]*')) END,"
           " pg_is_in_recovery(), " +
           time("pg_postmaster_start_time()") +
           ", current_setting('max_connections'),"
           " current_setting('superuser_reserved_connections'),"
           " pg_has_role('pg_read_all_stats', 'USAGE')";
}

std::string settings() {
    // reset_val: our own session has other timeouts.
    return "SELECT name, reset_val FROM pg_settings WHERE name LIKE 'autovacuum%'"
           " OR name LIKE 'vacuum%' OR name LIKE '%_timeout' OR name LIKE 'max\\_wal%'"
           " OR name IN ('block_size', 'checkpoint_completion_target', 'fsync', 'full_page_writes',"
           " 'hot_standby_feedback', 'maintenance_work_mem', 'max_connections',"
           " 'max_prepared_transactions', 'max_slot_wal_keep_size', 'reserved_connections',"
           " 'shared_buffers', 'superuser_reserved_connections', 'synchronous_commit',"
           " 'synchronous_standby_names', 'track_activities', 'track_counts', 'wal_level')";
}

std::string sessions(std::int32_t version) {
    const std::string wait_start = version >= 140'000 ? "l.waitstart" : "NULL::timestamptz";
    // Locks are looked at only where somebody waits: the view copies the whole table of locks.
    return "WITH waiting AS MATERIALIZED (SELECT DISTINCT ON (l.pid) l.pid, l.mode, l.locktype, " +
           wait_start +
           " AS since,"
           " CASE WHEN l.relation IS NULL THEN coalesce(l.virtualxid, l.transactionid::text, '')"
           " WHEN l.database IN (0, (SELECT oid FROM pg_database WHERE datname ="
           " current_database())) THEN l.relation::regclass::text ELSE l.relation::text END AS what"
           " FROM pg_locks l WHERE NOT l.granted AND EXISTS (SELECT FROM pg_stat_activity"
           " WHERE wait_event_type = 'Lock') ORDER BY l.pid" +
           limit(waiters_max) +
           ") SELECT a.pid, a.datname, a.usename, a.application_name, host(a.client_addr),"
           " a.backend_type, a.state, a.wait_event_type, a.wait_event, " +
           time("a.backend_start") + ", " + time("a.xact_start") + ", " + time("a.query_start") +
           ", " + time("a.state_change") +
           ", age(a.backend_xmin), age(a.backend_xid), left(a.query, " +
           std::to_string(query_length_max) +
           "), CASE WHEN w.pid IS NOT NULL THEN array_to_string(pg_blocking_pids(a.pid), E'\\n') "
           "END, concat_ws(' ', w.locktype, nullif(w.what, '')) || ', ' || w.mode, " +
           time("coalesce(w.since, CASE WHEN w.pid IS NOT NULL THEN a.query_start END)") +
           " FROM pg_stat_activity a LEFT JOIN waiting w ON w.pid = a.pid ORDER BY a.pid" +
           limit(sessions_max);
}

std::string prepared() {
    return "SELECT gid, database, owner, " + time("prepared") +
           ", age(transaction) FROM pg_prepared_xacts ORDER BY age(transaction) DESC, gid" +
           limit(rows_max);
}

std::string slots(std::int32_t version) {
    const std::string wal_status = version >= 130'000 ? "wal_status" : "NULL";
    const std::string inactive = version >= 170'000 ? time("inactive_since") : "NULL";
    return "SELECT slot_name, slot_type, plugin, database, active, " + wal_status +
           ", CASE WHEN NOT pg_is_in_recovery() THEN"
           " pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint END,"
           " age(xmin), age(catalog_xmin), " +
           inactive + " FROM pg_replication_slots ORDER BY slot_name" + limit(rows_max);
}

std::string standbys() {
    return std::string(
               "SELECT application_name, host(client_addr), state, age(backend_xmin),"
               " pg_wal_lsn_diff(") +
           wal_end +
           ", replay_lsn)::bigint FROM pg_stat_replication ORDER BY application_name, pid" +
           limit(rows_max);
}

std::string databases() {
    return "SELECT d.datname, s.numbackends, s.xact_commit, s.xact_rollback, s.tup_inserted,"
           " s.tup_updated, s.tup_deleted, s.deadlocks, s.temp_bytes, s.blks_read, s.blks_hit,"
           " age(d.datfrozenxid), mxid_age(d.datminmxid), " +
           time("s.stats_reset") +
           " FROM pg_database d LEFT JOIN pg_stat_database s ON s.datid = d.oid"
           " ORDER BY d.datname" +
           limit(rows_max);
}

std::string vacuums() {
    return "SELECT v.pid, v.datname, CASE WHEN v.datname = current_database()"
           " THEN coalesce(n.nspname || '.' || c.relname, v.relid::text) ELSE v.relid::text END,"
           " v.phase, v.heap_blks_total, v.heap_blks_scanned, v.heap_blks_vacuumed,"
           " a.backend_type = 'autovacuum worker', " +
           time("a.xact_start") +
           " FROM pg_stat_progress_vacuum v LEFT JOIN pg_stat_activity a ON a.pid = v.pid"
           " LEFT JOIN pg_class c ON c.oid = v.relid AND v.datname = current_database()"
           " LEFT JOIN pg_namespace n ON n.oid = c.relnamespace ORDER BY v.pid" +
           limit(rows_max);
}

std::string waits() {
    // Autovacuum competes with clients for the same disks and processors; senders of WAL and the
    // server's own processes are "active" while they wait for work.
    return "SELECT datname, wait_event_type, wait_event FROM pg_stat_activity"
           " WHERE state = 'active' AND pid <> pg_backend_pid() AND backend_type IN"
           " ('client backend', 'parallel worker', 'autovacuum worker')" +
           limit(sessions_max);
}

}  // namespace tallyfs::postgres::queries
