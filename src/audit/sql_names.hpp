// Names, texts and remarks as parts of a script for psql: quoted, never pasted.
// Source: PostgreSQL 15, "Lexical Structure"; psql(1), "Meta-Commands".
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::audit {

/// `name` as an identifier, its case kept: always in double quotes.
[[nodiscard]] std::string quoted_identifier(std::string_view name);
/// `text` as a literal, whether standard_conforming_strings is on or off.
[[nodiscard]] std::string quoted_literal(std::string_view text);
/// "\connect …" to another database of the same server; nullopt for a name that cannot stand on
/// psql's line.
[[nodiscard]] std::optional<std::string> connect_command(std::string_view database);
/// `text` as lines of comment, of at most 80 columns where its words allow it.
[[nodiscard]] std::string comment(std::string_view text);

}  // namespace tallyfs::audit
