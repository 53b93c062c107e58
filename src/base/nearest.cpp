#include <tallyfs/base/nearest.hpp>
#include <tallyfs/base/text.hpp>

#include <algorithm>
#include <vector>

namespace tallyfs {

namespace {

constexpr std::size_t compared_bytes_max = 64;  // the work grows with the square

template <class Name>
std::string_view nearest_of(std::string_view word, std::span<const Name> candidates) {
    std::string_view best;
    std::size_t best_distance = compared_bytes_max;
    for (const auto& candidate : candidates) {
        const auto distance = typing_distance(word, candidate);
        if (distance >= best_distance) continue;
        best = candidate;
        best_distance = distance;
    }
    const bool near = best_distance <= std::max<std::size_t>(1, best.size() / 3);
    return near ? best : std::string_view();
}

std::string question(std::string_view word) {
    return word.empty() ? std::string() : "; did you mean " + std::string(word) + "?";
}

}  // namespace

std::size_t typing_distance(std::string_view a, std::string_view b) {
    const auto left = to_lower(a.substr(0, compared_bytes_max));
    const auto right = to_lower(b.substr(0, compared_bytes_max));
    std::vector<std::vector<std::size_t>> cost(left.size() + 1,
                                               std::vector<std::size_t>(right.size() + 1));
    for (std::size_t i = 0; i <= left.size(); ++i) {
        for (std::size_t j = 0; j <= right.size(); ++j) {
            if (i == 0 || j == 0) {
                cost[i][j] = i + j;
                continue;
            }
            const std::size_t replaced = left[i - 1] == right[j - 1] ? 0 : 1;
            cost[i][j] =
                std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + replaced});
            const bool swapped =
                i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
            if (swapped) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    }
    return cost[left.size()][right.size()];
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
    return nearest_of(word, candidates);
}
std::string_view nearest(std::string_view word, std::span<const std::string> candidates) {
    return nearest_of(word, candidates);
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
    return question(nearest(word, candidates));
}
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates) {
    return question(nearest(word, candidates));
}

}  // namespace tallyfs
