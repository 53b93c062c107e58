#include "postgres/queries_audit.hpp"

#include "postgres/queries.hpp"

namespace tallyfs::postgres::queries {

namespace {

std::string time(const std::string& what) {
    return "(extract(epoch FROM " + what + ") * 1000000)::bigint";
}

/// Settings that decide what is logged of a role.
std::string about_audit(const std::string& name) {
    return "(" + name + " LIKE 'pgaudit.%' OR " + name + " = 'log_min_messages')";
}

constexpr auto provider_roles = "('rds_superuser', 'cloudsqlsuperuser', 'azure_pg_admin')";

}  // namespace

std::string audit_server() {
    return "SELECT " + time("clock_timestamp()") +
           ", current_setting('server_version_num'),"
           " EXISTS (SELECT FROM pg_settings WHERE name = 'pgaudit.log'), " +
           time("pg_conf_load_time()") +
           ", (SELECT sum(xact_commit + xact_rollback)::bigint FROM pg_stat_database),"
           " (SELECT min(rolname::text) FROM pg_roles WHERE rolname IN " +
           provider_roles +
           "), current_database(), pg_has_role('pg_read_all_stats', 'USAGE'),"
           " pg_has_role('pg_read_all_settings', 'USAGE')";
}

std::string audit_server_settings() {
    // What was set for our role, our database or all roles is none of the server's.
    return "SELECT name, reset_val FROM pg_settings WHERE (name LIKE 'pgaudit.%' OR name LIKE"
           " 'log\\_%' OR name LIKE 'logging\\_%' OR name = 'shared_preload_libraries')"
           " AND source IN ('default', 'environment variable', 'configuration file',"
           " 'command line', 'override')";
}

std::string audit_role_settings() {
    return "SELECT d.datname, r.rolname, c.one FROM pg_db_role_setting s"
           " CROSS JOIN LATERAL unnest(s.setconfig) AS c(one)"
           " LEFT JOIN pg_database d ON d.oid = s.setdatabase"
           " LEFT JOIN pg_roles r ON r.oid = s.setrole WHERE " +
           about_audit("split_part(c.one, '=', 1)") +
           // What is left of a role or a database that was dropped is nobody's.
           " AND (s.setdatabase = 0 OR d.oid IS NOT NULL) AND (s.setrole = 0 OR r.oid IS NOT NULL)"
           " LIMIT " +
           std::to_string(audit_settings_max + 1);
}

std::string audit_roles(std::int32_t version) {
    // From 16 on, being a member does not always mean that one can become what one is in.
    const std::string become = version >= 160'000 ? "'SET'" : "'MEMBER'";
    const std::string may_set =
        version >= 150'000 ? "has_parameter_privilege(r.oid, 'pgaudit.log', 'SET')"
                             " OR has_parameter_privilege(r.oid, 'log_min_messages', 'SET')"
                           : "false";
    return "SELECT r.rolname, r.rolsuper,"
           " (SELECT min(s.rolname::text) FROM pg_roles s WHERE s.rolsuper AND s.oid <> r.oid"
           " AND pg_has_role(r.oid, s.oid, " +
           become + ")), (SELECT min(s.rolname::text) FROM pg_roles s WHERE s.rolname IN " +
           provider_roles + " AND s.oid <> r.oid AND pg_has_role(r.oid, s.oid, 'MEMBER')), " +
           may_set + " FROM pg_roles r WHERE r.rolcanlogin ORDER BY r.rolname LIMIT " +
           std::to_string(audit_roles_max + 1);
}

std::string audit_group_settings() {
    return "WITH RECURSIVE set AS (SELECT s.setrole AS role, split_part(c.one, '=', 1) AS name"
           " FROM pg_db_role_setting s CROSS JOIN LATERAL unnest(s.setconfig) AS c(one)"
           " WHERE s.setrole <> 0 AND " +
           about_audit("split_part(c.one, '=', 1)") +
           "), under AS (SELECT m.roleid AS role, m.member FROM pg_auth_members m"
           " WHERE m.roleid IN (SELECT role FROM set)"
           " UNION SELECT u.role, m.member FROM under u JOIN pg_auth_members m"
           " ON m.roleid = u.member)"
           " SELECT DISTINCT r.rolname, g.rolname, s.name FROM under u JOIN set s ON s.role = "
           "u.role"
           " JOIN pg_roles r ON r.oid = u.member AND r.rolcanlogin"
           " JOIN pg_roles g ON g.oid = u.role ORDER BY 1, 2, 3 LIMIT " +
           std::to_string(audit_settings_max);
}

std::string audit_sessions() {
    return "SELECT pid, usename, datname, " + time("backend_start") + ", " + time("query_start") +
           ", CASE WHEN state LIKE 'idle%' THEN " + time("state_change") +
           " END, state LIKE 'idle in transaction%', state = 'disabled', left(query, " +
           std::to_string(query_length_max) +
           ") FROM pg_stat_activity WHERE backend_type = 'client backend'"
           " AND pid <> pg_backend_pid()"
           " AND NOT (usename = current_user AND application_name = 'tallyfs') ORDER BY pid "
           "LIMIT " +
           std::to_string(sessions_max);
}

std::string audit_databases() {
    // Those of a provider nobody else gets into.
    return "SELECT datname, has_database_privilege(oid, 'CONNECT') FROM pg_database"
           " WHERE datallowconn AND NOT datistemplate AND datname NOT IN"
           " ('rdsadmin', 'cloudsqladmin', 'azure_maintenance', 'azure_sys') ORDER BY datname"
           " LIMIT " +
           std::to_string(rows_max);
}

std::string audit_extension() {
    return "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pgaudit')";
}

}  // namespace tallyfs::postgres::queries
