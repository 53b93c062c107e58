// The strings, keys and numbers of a JSON text, in order, with everything between them.
// Format: RFC 8259; several documents may follow one another.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace tallyfs::policy {

enum class json_piece : std::uint8_t {
    other,   ///< punctuation, blanks, true, false, null
    key,     ///< with its quotation marks
    text,    ///< a string that is a value, with its quotation marks
    number,  ///< as written
};

/// Calls `each` with pieces that together are the text. False if it is not JSON: then `each` has
/// seen the part in front of the mistake. Iterative: no nesting is too deep. Invalid UTF-8 and
/// lone surrogates are let through, as Go does.
[[nodiscard]] bool walk_json(std::string_view text,
                             const std::function<void(json_piece, std::string_view)>& each);
/// The same of a broken or cut text: what stands between quotation marks is a text, also where
/// the last one is missing; the rest is `other`.
void walk_broken_json(std::string_view text,
                      const std::function<void(json_piece, std::string_view)>& each);
/// What the string says: escapes read, a lone surrogate or an unknown escape kept as U+FFFD or as
/// it is written. `quoted` begins with a quotation mark; the last one may be missing.
[[nodiscard]] std::string read_json_string(std::string_view quoted);

}  // namespace tallyfs::policy
