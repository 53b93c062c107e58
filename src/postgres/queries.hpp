// The questions to a server, as SQL: for PostgreSQL 12 to 18, primaries and standbys, superusers
// and roles that are shown less. Source: "Monitoring Database Activity", "System Catalogs".
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

/// Each gives the fields of its struct in include/tallyfs/health, in that order; times are
/// microseconds since 1970, what a version lacks is NULL. Names of the server's own are not
/// qualified: search_path is pg_catalog (connection.hpp). `version` is server_version_num.
namespace tallyfs::postgres::queries {

/// Where a server has more, the rest is left out.
inline constexpr std::size_t sessions_max = 10'000;
/// Waiting sessions of which pg_blocking_pids is asked: it holds up all who lock meanwhile.
inline constexpr std::size_t waiters_max = 200;
inline constexpr std::size_t rows_max = 2'000;  ///< of slots, databases, prepared transactions, …
inline constexpr std::size_t schema_items_max = 200'000;
inline constexpr std::size_t migrations_max = 20'000;
/// Characters of a query that are fetched, to be masked and cut here.
inline constexpr std::size_t query_length_max = 4'000;

/// Version, flavour, standby, start, connections; then whether we are shown what others do.
[[nodiscard]] std::string server();
[[nodiscard]] std::string settings();  ///< name, value
[[nodiscard]] std::string sessions(std::int32_t version);
[[nodiscard]] std::string prepared();
[[nodiscard]] std::string slots(std::int32_t version);
[[nodiscard]] std::string standbys();
[[nodiscard]] std::string databases();
[[nodiscard]] std::string vacuums();
[[nodiscard]] std::string waits();

/// Name, tables_total; then what ALTER DATABASE … SET says.
[[nodiscard]] std::string database();
[[nodiscard]] std::string database_bytes();
/// Sizes that are `exact` can wait for a lock; others are those of the last vacuum or analyze.
[[nodiscard]] std::string tables(std::int32_t version, bool exact);
[[nodiscard]] std::string roles();
[[nodiscard]] std::string extensions();
/// The view's quoted name, whether it has total_exec_time (1.8), whether wal_bytes; no row if it
/// is not installed.
[[nodiscard]] std::string statements_view();
[[nodiscard]] std::string statements(const std::string& view, bool exec_time, bool wal);
/// Kind, name, definition.
[[nodiscard]] std::string schema_items();
/// The quoted name of the schema_migrations to read, and whether we may.
[[nodiscard]] std::string migrations_table();
[[nodiscard]] std::string migrations(const std::string& table);

}  // namespace tallyfs::postgres::queries
