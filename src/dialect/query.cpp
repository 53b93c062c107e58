#include <tallyfs/dialect/route.hpp>

#include <algorithm>
#include <charconv>

namespace tallyfs::dialect {

namespace {

/// As Go's url.QueryUnescape: nullopt for a % without two hexadecimal digits behind it.
std::optional<std::string> unescape(std::string_view text) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '%') {
            plain += text[at] == '+' ? ' ' : text[at];
            continue;
        }
        const auto digits = text.substr(at + 1, 2);
        unsigned value = 0;
        const auto* const end = digits.data() + digits.size();
        const auto [behind, error] = std::from_chars(digits.data(), end, value, 16);
        if (digits.size() != 2 || error != std::errc() || behind != end) return std::nullopt;
        plain += static_cast<char>(value);
        at += 2;
    }
    return plain;
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
