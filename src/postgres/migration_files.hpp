// The directory of a database's migrations on this host, read with limits.
// Format: docs/databases.md, "Schema and migrations".
#pragma once

#include "postgres/connection.hpp"

#include <tallyfs/health/migrations.hpp>

#include <string>
#include <string_view>

namespace tallyfs::postgres {

/// All files of one directory together.
inline constexpr std::size_t migrations_bytes_max = 64 * 1024 * 1024;

/// All of them. Links are not followed, and what is no file is not waited for: neither is read.
/// "": none is known.
[[nodiscard]] health::migration_directory read_migrations(const std::string& directory);

struct migration_source {
    std::string path;
    std::string name;
    std::string sha256;
    std::string content;
};
/// The only file of this version; why there is none that could run.
[[nodiscard]] outcome<migration_source> find_migration(const std::string& directory,
                                                       std::string_view version);

}  // namespace tallyfs::postgres
