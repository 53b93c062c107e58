#include "notify/place.hpp"

#include <charconv>

namespace tallyfs::notify {

namespace {

/// The word at the front of `text`, up to `end`, which is taken as well.
std::optional<std::string_view> take(std::string_view& text, char end) {
    const auto at = text.find(end);
    if (at == std::string_view::npos) return std::nullopt;
    const auto word = text.substr(0, at);
    text.remove_prefix(at + 1);
    return word;
}

std::optional<std::uint64_t> number_of(std::optional<std::string_view> word) {
    if (!word || word->empty()) return std::nullopt;
    std::uint64_t value = 0;
    const auto* const end = word->data() + word->size();
    const auto read = std::from_chars(word->data(), end, value);
    if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
    return value;
}

}  // namespace

std::string to_text(const place& p) {
    return p.at.segment.file_name() + " " + std::to_string(p.at.offset) + " " +
           std::to_string(p.number) + "\n";
}

std::optional<place> parse_place(std::string_view text) {
    const auto name = take(text, ' ');
    const auto segment = name ? journal::segment_id::parse(*name) : std::nullopt;
    const auto offset = number_of(take(text, ' '));
    const auto number = number_of(take(text, '\n'));
    if (!segment || !offset || !number || !text.empty()) return std::nullopt;
    return place{{*segment, *offset}, *number};
}

}  // namespace tallyfs::notify
