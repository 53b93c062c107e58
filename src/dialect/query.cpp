#include "dialect/percent.hpp"

#include <tallyfs/dialect/route.hpp>

#include <algorithm>

namespace tallyfs::dialect {

namespace {

/// As Go's url.QueryUnescape.
std::optional<std::string> unescape(std::string_view text) {
    std::string plain(text);
    std::ranges::replace(plain, '+', ' ');
    return decode_percent(plain);
}

}  // namespace

std::optional<std::string> query_value(std::string_view target, std::string_view name) {
    const auto begin = target.find('?');
    if (begin == std::string_view::npos) return std::nullopt;
    auto rest = target.substr(begin + 1);
    while (!rest.empty()) {
        const auto pair = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
        if (pair.find(';') != std::string_view::npos) continue;  // Go refuses it
        const auto equals = std::min(pair.find('='), pair.size());
        if (unescape(pair.substr(0, equals)) != name) continue;
        if (auto value = unescape(pair.substr(std::min(equals + 1, pair.size())))) return value;
    }
    return std::nullopt;
}

}  // namespace tallyfs::dialect
