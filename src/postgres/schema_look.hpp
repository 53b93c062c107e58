// A database's schema and what its migrations table says, without the rest of a full snapshot.
// Source: PostgreSQL 12 to 17, "System Catalogs"; the table is dbmate's.
#pragma once

#include "postgres/connection.hpp"

#include <tallyfs/health/snapshot.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::postgres {

/// schema_migrations(version): public's, else the only one there is.
struct migrations_table {
    bool exists = false;
    std::string schema = "public";  ///< where it is, or would be made
    std::vector<std::string> versions;

    [[nodiscard]] std::string name() const;  ///< as an SQL name
    [[nodiscard]] bool has(std::string_view version) const;
};
[[nodiscard]] outcome<migrations_table> look_at_migrations(connection& on);

/// A snapshot with `schema`, `schema_fingerprint` and what is applied, and nothing else. Where the
/// migrations cannot be read, that is in `missing`.
[[nodiscard]] outcome<health::snapshot> look_at_schema(connection& on, wall_time now);

}  // namespace tallyfs::postgres
