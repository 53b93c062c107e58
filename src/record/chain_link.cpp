#include <tallyfs/base/hex.hpp>
#include <tallyfs/record/chain_link.hpp>

#include <algorithm>
#include <charconv>

namespace tallyfs::record {

namespace {

constexpr std::string_view before_time = R"({"v":1,"time":")";
constexpr std::string_view before_number = R"(","n":)";
constexpr std::string_view before_hash = R"(,"prev":")";
constexpr std::size_t time_characters = 27;

bool take(std::string_view& line, std::string_view expected) {
    if (!line.starts_with(expected)) return false;
    line.remove_prefix(expected.size());
    return true;
}

bool is_lower_hex(std::string_view text) {
    return std::ranges::all_of(text,
                               [](char c) { return hex_value(c) >= 0 && !(c >= 'A' && c <= 'F'); });
}

}  // namespace

void append_chain_link(std::string& out, const chain_link& link) {
    const auto time = rfc3339_text(link.time);
    out += before_time;
    out.append(time.data(), time.size());
    out += before_number;
    out += std::to_string(link.number);
    out += before_hash;
    out += link.previous;
    out += '"';
}

std::optional<chain_link> read_chain_link(std::string_view line) {
    chain_link link;
    if (!take(line, before_time) || line.size() < time_characters) return std::nullopt;
    const auto time = parse_rfc3339(line.substr(0, time_characters));
    if (!time) return std::nullopt;
    link.time = *time;
    line.remove_prefix(time_characters);
    if (!take(line, before_number)) return std::nullopt;
    const auto number = std::from_chars(line.data(), line.data() + line.size(), link.number);
    if (number.ec != std::errc{}) return std::nullopt;
    line.remove_prefix(static_cast<std::size_t>(number.ptr - line.data()));
    if (!take(line, before_hash) || line.size() <= no_line_before.size()) return std::nullopt;
    link.previous = line.substr(0, no_line_before.size());
    if (!is_lower_hex(link.previous) || line[link.previous.size()] != '"') return std::nullopt;
    return link;
}

}  // namespace tallyfs::record
