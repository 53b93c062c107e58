// The nearest right name for a mistyped one.
// Source: optimal string alignment distance (insert, delete, replace, swap neighbours).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace tallyfs::approval {

/// How many keystrokes lie between two words, ASCII case ignored.
[[nodiscard]] std::size_t typing_distance(std::string_view a, std::string_view b);

/// "; did you mean NAME?", or nothing where no candidate is near (a third of its letters, at
/// least one).
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       std::span<const std::string_view> candidates);
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       std::span<const std::string> candidates);

}  // namespace tallyfs::approval
