// The word that was probably meant: for errors that name the right one.
// Source: the Levenshtein distance.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs {

/// How many letters must be changed, added or removed to make `b` of `a`.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The word of `words` that `word` is nearest to; "" if none shares half of its letters.
[[nodiscard]] std::string nearest(std::string_view word, const std::vector<std::string>& words);

}  // namespace tallyfs
