#include "dialect/escapes.hpp"

#include <charconv>
#include <optional>

namespace tallyfs::dialect {
namespace {

constexpr std::size_t escape_bytes = 6;  // backslash, u, four hex digits

enum class surrogate : unsigned char { none, leading, trailing };

surrogate kind_of(std::string_view escape) {
    unsigned code = 0;
    const auto digits = escape.substr(2);
    const auto [end, error] = std::from_chars(digits.begin(), digits.end(), code, 16);
    if (error != std::errc() || end != digits.end()) return surrogate::none;
    if (code >= 0xD800 && code < 0xDC00) return surrogate::leading;
    if (code >= 0xDC00 && code < 0xE000) return surrogate::trailing;
    return surrogate::none;
}

bool is_trailing(std::string_view escape) {
    return escape.starts_with("\\u") && kind_of(escape) == surrogate::trailing;
}

}  // namespace

std::size_t escape_repair::sound_bytes(std::string_view bytes) {
    std::size_t position = 0;
    while ((position = bytes.find('\\', position)) != std::string_view::npos) {
        const auto rest = bytes.substr(position);
        if (rest.size() < 2) return position;
        if (rest[1] != 'u') {
            position += 2;
            continue;
        }
        if (rest.size() < escape_bytes) return position;
        const auto first = kind_of(rest.substr(0, escape_bytes));
        if (first == surrogate::none) {
            position += escape_bytes;
            continue;
        }
        const bool pair = first == surrogate::leading && rest.size() >= 2 * escape_bytes &&
                          is_trailing(rest.substr(escape_bytes, escape_bytes));
        if (!pair) return position;
        position += 2 * escape_bytes;
    }
    return bytes.size();
}

std::size_t escape_repair::settle() {
    constexpr std::string_view replacement = "\\ufffd";
    if (held_.empty()) return 0;
    if (held_.front() != '\\') return held_.find('\\') == std::string::npos ? held_.size() : 1;
    if (held_.size() < 2) return 0;
    if (held_[1] != 'u') return 2;
    if (held_.size() < escape_bytes) return 0;
    const auto first = kind_of(std::string_view(held_).substr(0, escape_bytes));
    if (first == surrogate::none) return escape_bytes;
    if (first == surrogate::trailing) {
        held_.replace(0, escape_bytes, replacement);
        return escape_bytes;
    }
    // A leading surrogate: it stands only if a trailing one follows it.
    const auto follower = std::string_view(held_).substr(escape_bytes);
    const bool can_be_pair = follower.empty() || follower[0] == '\\';
    const bool still_pair = can_be_pair && (follower.size() < 2 || follower[1] == 'u');
    if (still_pair && follower.size() < escape_bytes) return 0;
    if (still_pair && is_trailing(follower)) return 2 * escape_bytes;
    held_.replace(0, escape_bytes, replacement);
    return escape_bytes;
}

}  // namespace tallyfs::dialect
