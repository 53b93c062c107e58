// Patterns in which * stands for any text: names of callers, models, people and objects.
// Formats: docs/policies.md, "Names"; docs/audit.md, "People and programs".
#pragma once

#include <cstdint>
#include <string_view>

namespace tallyfs {

enum class wildcards : std::uint8_t {
    star,           ///< `*` is any text, also none; every other character is itself
    star_and_mark,  ///< and `?` is one character of UTF-8
};

/// Whether all of `text` is as `pattern` says, with case. Any bytes; no allocation; the steps are
/// at most the product of the two lengths.
[[nodiscard]] bool matches(std::string_view text, std::string_view pattern,
                           wildcards known = wildcards::star) noexcept;

/// Whether `*` is in it: else it stands for itself alone.
[[nodiscard]] bool is_pattern(std::string_view text) noexcept;

}  // namespace tallyfs
