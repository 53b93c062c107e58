// Whom a migration touches: what depends on the tables that it names, and who uses them now.
// Source: PostgreSQL, pg_depend, pg_locks, pg_stat_statements; docs/databases.md, "Evidence".
#pragma once

#include "postgres/connection.hpp"

#include <string>
#include <string_view>

namespace tallyfs::postgres {

/// For people, at most `bytes_max` bytes. What cannot be asked is said. Texts of statements are
/// masked.
[[nodiscard]] std::string evidence_of(connection& on, std::string_view sql, std::size_t bytes_max);

/// Sessions that hold or want a lock on a table that `sql` names: "" if there are none.
[[nodiscard]] std::string sessions_on(connection& on, std::string_view sql);

}  // namespace tallyfs::postgres
