#include <tallyfs/base/text.hpp>
#include <tallyfs/policy/text_error.hpp>

#include <algorithm>
#include <numeric>
#include <vector>

namespace tallyfs::policy {

namespace {

constexpr std::size_t comparable_bytes_max = 32;  // longer than any word of the language

/// Letters put in, left out, exchanged, or swapped with their neighbours (optimal string
/// alignment).
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    std::vector<std::size_t> next(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        next[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t exchanged = row[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U);
            next[j] = std::min({row[j] + 1, next[j - 1] + 1, exchanged});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                next[j] = std::min(next[j], before[j - 2] + 1);
            }
        }
        std::swap(before, row);
        std::swap(row, next);
    }
    return row[b.size()];
}

}  // namespace

std::string_view nearest_word(std::string_view word, std::span<const std::string_view> words) {
    if (word.size() > comparable_bytes_max) return {};
    const std::string typed = to_lower(word);
    std::string_view nearest;
    std::size_t least = std::min<std::size_t>(2, std::max<std::size_t>(typed.size(), 2) / 2) + 1;
    for (const std::string_view candidate : words) {
        const std::size_t apart = distance(typed, candidate);
        if (apart < least) {
            least = apart;
            nearest = candidate;
        }
    }
    return nearest;
}

std::string text_error::message() const {
    std::string out;
    if (!name.empty()) out += name + ": ";
    if (position > 0) out += "column " + std::to_string(position) + ": ";
    out += reason;
    if (!nearest.empty()) out += ", did you mean \"" + nearest + "\"?";
    // What was typed is quoted in the reason, and a log or a terminal shows this.
    for (char& c : out) {
        const auto value = static_cast<unsigned char>(c);
        if (value < 0x20 || value >= 0x7f) c = '?';
    }
    return out;
}

}  // namespace tallyfs::policy
