// Names and texts as parts of an SQL statement: quoted, never pasted.
// Source: PostgreSQL, "Lexical Structure"; quote_identifier() and quote_literal().
#pragma once

#include <string>
#include <string_view>

namespace tallyfs {

/// `name` as an identifier, its case kept: always in double quotes.
[[nodiscard]] std::string quoted_identifier(std::string_view name);
/// `text` as a literal, whether standard_conforming_strings is on or off.
[[nodiscard]] std::string quoted_literal(std::string_view text);

}  // namespace tallyfs
