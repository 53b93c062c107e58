#include <tallyfs/base/nearest.hpp>

#include <algorithm>
#include <numeric>

namespace tallyfs {

namespace {

/// Longer words are not compared: the work grows with the square of the length.
constexpr std::size_t word_bytes_max = 256;

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), 0);
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const auto changed = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({row[j] + 1, diagonal + 1, changed});
        }
    }
    return row.back();
}

std::string nearest(std::string_view word, const std::vector<std::string>& words) {
    if (word.empty() || word.size() > word_bytes_max) return {};
    std::string best;
    std::size_t best_distance = word.size();
    for (const auto& candidate : words) {
        const auto distance = edit_distance(word, candidate);
        const auto longer = std::max(word.size(), candidate.size());
        if (distance * 2 <= longer && (best.empty() || distance < best_distance)) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

}  // namespace tallyfs
