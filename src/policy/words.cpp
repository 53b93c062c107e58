#include "policy/words.hpp"

#include <tallyfs/base/nearest.hpp>
#include <tallyfs/base/text.hpp>

#include <algorithm>
#include <charconv>

namespace tallyfs::policy {

namespace {

constexpr std::size_t name_bytes_max = 64;    // a name that fits on a line of 80 with its reason
constexpr std::size_t quoted_bytes_max = 40;  // of what was typed, in a message

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

}  // namespace

std::string in_quotes(std::string_view typed) {
    const auto shown = clip_utf8(typed, quoted_bytes_max);
    return '"' + std::string(shown) + (shown.size() < typed.size() ? "...\"" : "\"");
}

text_error error_at(const word& w, std::string reason, std::string_view nearest) {
    return {.name = {},
            .position = w.column,
            .reason = std::move(reason),
            .nearest = std::string(nearest)};
}

parsed<std::vector<word>> split_line(std::string_view text) {
    if (text.size() > line_bytes_max) {
        return error_at({}, "longer than " + std::to_string(line_bytes_max) + " bytes");
    }
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
    std::vector<word> words;
    for (std::size_t at = 0; at < text.size();) {
        if (is_blank(text[at])) {
            ++at;
            continue;
        }
        const word begins{.text = text.substr(at, 1), .column = at + 1};
        if (text[at] == '\n' || text[at] == '\r') {
            return error_at(begins, "a second line begins here, one line is allowed");
        }
        if (text[at] == '#') break;
        const std::size_t from = at;
        while (at < text.size() && !is_blank(text[at]) && text[at] != '\n' && text[at] != '\r') {
            const auto value = static_cast<unsigned char>(text[at]);
            if (value < 0x20 || value == 0x7f) {
                return error_at({.text = {}, .column = at + 1}, "a control character");
            }
            ++at;
        }
        words.push_back({.text = text.substr(from, at - from), .column = from + 1});
    }
    // A second line behind a comment would be lost without a word.
    if (const auto line = text.find_first_of("\r\n"); line != std::string_view::npos) {
        return error_at({.text = {}, .column = line + 1},
                        "a second line begins here, one line is allowed");
    }
    if (words.empty()) return error_at({.text = {}, .column = 1}, "nothing is written here");
    return words;
}

parsed<condition> read_condition(word w, std::span<const std::string_view> keys) {
    const auto split = w.text.find_first_of("=<>");
    const word key{.text = w.text.substr(0, split), .column = w.column};
    if (std::ranges::find(keys, key.text) == keys.end()) {
        return error_at(key, "unknown condition " + in_quotes(key.text),
                        tallyfs::nearest(key.text, keys));
    }
    if (split == std::string_view::npos) {
        return error_at(w,
                        in_quotes(w.text) + " has no value, write " + std::string(w.text) + "=...");
    }
    std::size_t value_at = split + 1;
    if (w.text[split] != '=' && value_at < w.text.size() && w.text[value_at] == '=') ++value_at;
    condition read{.key = key,
                   .comparison = w.text.substr(split, value_at - split),
                   .value = {.text = w.text.substr(value_at), .column = w.column + value_at}};
    if (read.value.text.empty()) {
        return error_at(read.value, in_quotes(w.text) + " has no value");
    }
    return read;
}

std::optional<std::int64_t> read_amount(std::string_view text) {
    std::int64_t value = 0;
    const auto* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || stopped != end || value < 0 || value > amount_max) {
        return std::nullopt;
    }
    return text.front() == '-' ? std::nullopt : std::optional(value);
}

bool is_plain_name(std::string_view name) {
    const bool plain = std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    });
    return plain && !name.empty() && name.size() <= name_bytes_max && name.front() != '.';
}

}  // namespace tallyfs::policy
