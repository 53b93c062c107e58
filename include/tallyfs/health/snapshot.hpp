// What a full look at one database showed: its tables, statements, roles and schema.
// Source: PostgreSQL 12 to 17; the queries are in src/postgres/queries_*.cpp.
#pragma once

#include <tallyfs/health/sample.hpp>

#include <string>
#include <vector>

namespace tallyfs::health {

/// What autovacuum compares with, and where that comes from.
struct threshold_setting {
    double value = 0;
    bool from_table = false;  ///< a reloption; else the server's setting
};

/// A table, a materialized view or a partition. A partitioned parent has no rows of its own: it is
/// the `root` of its children. Counters count since the statistics were reset.
struct table {
    std::uint32_t oid = 0;
    std::string schema;
    std::string name;
    std::string root;         ///< "schema.name" of the topmost parent; "" if it is no partition
    double row_estimate = 0;  ///< pg_class.reltuples; −1: never vacuumed or analyzed
    std::int64_t bytes = 0;   ///< with indexes and TOAST
    std::int64_t live_rows = 0;
    std::int64_t dead_rows = 0;
    count inserted_since_vacuum;  ///< 13 and newer
    std::int64_t changed_since_analyze = 0;
    std::int64_t inserted = 0;
    std::int64_t updated = 0;
    std::int64_t deleted = 0;
    std::int64_t updated_hot = 0;
    std::int64_t sequential_scans = 0;
    std::int64_t index_scans = 0;
    moment last_vacuum;
    moment last_autovacuum;
    moment last_analyze;
    moment last_autoanalyze;
    std::int64_t xid_age = 0;
    std::int64_t mxid_age = 0;
    std::int64_t toast_xid_age = 0;    ///< 0: it has no TOAST table
    std::vector<std::string> options;  ///< reloptions: "autovacuum_enabled=false"
    /// Since when it is over its threshold (dead rows, or inserted ones) without a break between
    /// snapshots; nullopt: it is not. Kept by carry_over().
    moment due_since;

    [[nodiscard]] std::string full_name() const { return schema + "." + name; }
};

/// A row of pg_stat_statements, times in milliseconds.
struct statement {
    std::int64_t id = 0;
    std::string user;
    std::string query;  ///< literals masked, at most 2,000 bytes
    std::int64_t calls = 0;
    double total_ms = 0;
    double mean_ms = 0;
    std::int64_t rows = 0;
    std::int64_t blocks_hit = 0;
    std::int64_t blocks_read = 0;
    std::int64_t temporary_blocks = 0;
    count wal_bytes;
};

struct role {
    std::string name;
    bool can_login = false;
    bool superuser = false;
    bool creates_roles = false;
    bool creates_databases = false;
    bool replicates = false;
    bool bypasses_row_security = false;
    std::int32_t connections_max = -1;  ///< −1: as many as it likes
    moment valid_until;
    std::vector<std::string> member_of;
    std::vector<std::string> settings;  ///< rolconfig: "search_path=app"
};

/// One thing of the schema and how it is defined: what the fingerprint is made of, and what a
/// difference shows.
struct schema_item {
    std::string
        kind;  ///< "column", "constraint", "function", "index", "relation", "trigger", "view"
    std::string name;
    std::string definition;

    auto operator<=>(const schema_item&) const = default;
};

struct snapshot {
    wall_time taken{};
    std::string database;
    std::int64_t bytes = 0;             ///< pg_database_size
    std::vector<table> tables;          ///< the largest first, at most tables_max
    std::int64_t tables_total = 0;      ///< as many as there are
    std::vector<statement> statements;  ///< by total time, at most statements_max
    std::vector<role> roles;
    std::vector<schema_item> schema;              ///< sorted
    std::string schema_fingerprint;               ///< SHA-256; "" if the schema could not be read
    std::vector<std::string> applied_migrations;  ///< of schema_migrations, sorted
    bool has_migrations_table = false;
    std::vector<std::string> extensions;  ///< "pg_stat_statements 1.10"
    std::vector<std::string> settings;    ///< of this database: "work_mem=64MB"
    std::vector<std::string> missing;     ///< as sample::missing

    /// Where a server has more, the rest is counted and not kept.
    static constexpr std::size_t tables_max = 5'000;
    static constexpr std::size_t statements_max = 100;
};

}  // namespace tallyfs::health
