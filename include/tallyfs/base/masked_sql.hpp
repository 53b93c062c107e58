// SQL that can be shown: its literals and comments are out, what it does stays readable.
// Source: PostgreSQL, "Lexical Structure"; examples: tests/base/masked_sql.cpp.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tallyfs {

/// String, bit, hexadecimal, dollar-quoted and numeric literals as `?`, a list of them after IN or
/// ARRAY as one, blanks and comments as one blank; identifiers and $1 stay. From a literal on that
/// does not end, that can be read in two ways (a backslash before a quote, which depends on
/// standard_conforming_strings), or that is the password of a role, nothing is shown: "? ...". At
/// most `bytes_max` bytes, cut ones end in "...". Time grows with the text, and no faster.
[[nodiscard]] std::string masked(std::string_view sql, std::size_t bytes_max);

}  // namespace tallyfs
