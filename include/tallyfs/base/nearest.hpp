// The right word for a mistyped one: for errors that name it.
// Source: optimal string alignment distance (insert, delete, replace, swap neighbours).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace tallyfs {

/// How many keystrokes lie between two words, ASCII case ignored; of the first 64 bytes.
[[nodiscard]] std::size_t typing_distance(std::string_view a, std::string_view b);

/// The candidate that is nearest; "" where none is near (a third of its letters, at least one).
[[nodiscard]] std::string_view nearest(std::string_view word,
                                       std::span<const std::string_view> candidates);
[[nodiscard]] std::string_view nearest(std::string_view word,
                                       std::span<const std::string> candidates);

/// "; did you mean NAME?", or nothing where no candidate is near.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       std::span<const std::string_view> candidates);
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       std::span<const std::string> candidates);

}  // namespace tallyfs
