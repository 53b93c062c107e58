// A line that a person wrote, split into words, and the values in it.
// Format: docs/policies.md, "The language".
#pragma once

#include <tallyfs/policy/text_error.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::policy {

/// A line of a policy or budget: ten conditions with names of the longest kind stay below it.
inline constexpr std::size_t line_bytes_max = 2000;
/// Larger than any count of tokens, bytes or seconds in a day, and far from overflow when a
/// hundredfold raise multiplies it.
inline constexpr std::int64_t amount_max = 1'000'000'000'000'000;

struct word {
    std::string_view text;
    std::size_t column = 0;  ///< from 1
};

/// The words of one line without its comment; at least one. A newline may end the text.
[[nodiscard]] parsed<std::vector<word>> split_line(std::string_view text);

/// `key=value`, `key>value` and the like.
struct condition {
    word key;
    std::string_view comparison;  ///< = > < >= <=
    word value;
};
/// `keys` are those that may stand here: for the nearest one.
[[nodiscard]] parsed<condition> read_condition(word w, std::span<const std::string_view> keys);

/// `typed` in quotation marks, cut where it is long.
[[nodiscard]] std::string in_quotes(std::string_view typed);
[[nodiscard]] text_error error_at(const word& w, std::string reason, std::string_view nearest = {});
/// A whole number from 0 to amount_max.
[[nodiscard]] std::optional<std::int64_t> read_amount(std::string_view text);
/// Letters, digits, dots, dashes and underscores, at most 64, no dot first: a name of a file.
[[nodiscard]] bool is_plain_name(std::string_view name);

}  // namespace tallyfs::policy
