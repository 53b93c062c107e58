// Databases and remarks as parts of a script for psql.
// Source: psql(1), "Meta-Commands".
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::audit {

/// "\connect …" to another database of the same server; nullopt for a name that cannot stand on
/// psql's line.
[[nodiscard]] std::optional<std::string> connect_command(std::string_view database);
/// `text` as lines of comment, of at most 80 columns where its words allow it.
[[nodiscard]] std::string comment(std::string_view text);

}  // namespace tallyfs::audit
