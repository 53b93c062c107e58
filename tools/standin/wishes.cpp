#include "wishes.hpp"

#include <charconv>

namespace tallyfs::standin {
namespace {

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::int64_t number(std::string_view text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

void apply(std::string_view name, std::int64_t value, wishes& wanted) {
    if (name == "die-after") wanted.die_after = value;
    if (name == "stall-after") wanted.stall_after = value;
    if (name == "error-after") wanted.error_after = value;
    if (name == "cut-after") wanted.cut_after = value;
    if (name == "tokens") wanted.tokens = value;
    if (name == "status") wanted.status = static_cast<int>(value);
    if (name == "delay-ms") wanted.delay_ms = value;
    if (name == "chunk-bytes") wanted.chunk_bytes = static_cast<std::size_t>(value);
    if (name == "gate") wanted.gate = true;
    if (name == "coalesce") wanted.coalesce = true;
    if (name == "close") wanted.close = true;
    if (name == "until-close") wanted.until_close = true;
    if (name == "trailer") wanted.trailer = true;
}

}  // namespace

void read_wishes(std::string_view text, wishes& wanted) {
    while (!text.empty()) {
        const auto comma = text.find(',');
        const auto item = trimmed(text.substr(0, comma));
        const auto equals = item.find('=');
        const auto value =
            equals == std::string_view::npos ? std::string_view() : item.substr(equals + 1);
        apply(item.substr(0, equals), number(value), wanted);
        if (comma == std::string_view::npos) break;
        text.remove_prefix(comma + 1);
    }
}

}  // namespace tallyfs::standin
