#include "fuzz/wire.hpp"

#include "fuzz/fuzz.hpp"

#include <algorithm>
#include <charconv>

namespace tallyfs::fuzz {

namespace {

bool is_token_character(char c) {
    constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           others.find(c) != others.npos;
}

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
}

bool is_token(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, is_token_character);
}

bool same_name(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::ranges::equal(a, b, {}, lower, lower);
}

/// The line that `bytes` begins with, taken off with its CR LF; nullopt if it has none.
std::optional<std::string_view> take_line(std::string_view& bytes) {
    const auto end = bytes.find("\r\n");
    if (end == bytes.npos) return std::nullopt;
    const auto line = bytes.substr(0, end);
    bytes.remove_prefix(end + 2);
    return line;
}

}  // namespace

std::size_t strict_head::count(std::string_view name) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        fields, [&](const auto& field) { return same_name(field.first, name); }));
}

std::string_view strict_head::value(std::string_view name) const {
    for (const auto& [field, value] : fields)
        if (same_name(field, name)) return value;
    return {};
}

strict_head read_head_strictly(std::string_view bytes) {
    strict_head head;
    auto rest = bytes;
    const auto first = take_line(rest);
    require(first.has_value() && !first->empty(), "a head begins with a line");
    require(std::ranges::none_of(*first, is_control), "the first line has no control characters");
    head.first_line = *first;
    for (;;) {
        const auto line = take_line(rest);
        require(line.has_value(), "a head ends with a blank line");
        if (line->empty()) break;
        const auto colon = line->find(':');
        require(colon != line->npos, "a field has a colon");
        const auto name = line->substr(0, colon);
        auto value = line->substr(colon + 1);
        require(is_token(name), "the name of a field is a token");
        const bool clean =
            std::ranges::none_of(value, [](char c) { return c != '\t' && is_control(c); });
        require(clean, "the value of a field has no control characters");
        value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
        head.fields.emplace_back(name, value.substr(0, value.find_last_not_of(" \t") + 1));
    }
    head.bytes = bytes.size() - rest.size();
    return head;
}

request_line split_request_line(std::string_view line) {
    constexpr std::string_view version = " HTTP/1.1";
    require(line.ends_with(version), "a request ends its first line with the version");
    line.remove_suffix(version.size());
    const auto space = line.find(' ');
    require(space != line.npos, "a request has a method and a target");
    const request_line split{line.substr(0, space), line.substr(space + 1)};
    require(is_token(split.method), "a method is a token");
    require(!split.target.empty() && split.target.find(' ') == line.npos, "a target has no blanks");
    return split;
}

int status_of_line(std::string_view line) {
    require(line.starts_with("HTTP/1.1 ") && line.size() >= 13 && line[12] == ' ',
            "a response begins with version, status and a space");
    int status = 0;
    const auto* const digits = line.data() + 9;
    const auto [end, error] = std::from_chars(digits, digits + 3, status);
    require(error == std::errc() && end == digits + 3, "a status has three digits");
    return status;
}

strict_framing framing_of(const strict_head& head) {
    const auto lengths = head.count("Content-Length");
    const auto codings = head.count("Transfer-Encoding");
    require(lengths + codings <= 1, "a body is framed in one way");
    strict_framing framing;
    framing.chunked = codings == 1;
    if (codings == 1)
        require(same_name(head.value("Transfer-Encoding"), "chunked"), "the coding is chunked");
    if (lengths == 0) return framing;
    const auto text = head.value("Content-Length");
    std::uint64_t length = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    require(error == std::errc() && end == text.data() + text.size(), "a length is digits");
    framing.length = length;
    return framing;
}

std::optional<chunked_body> read_chunks(std::string_view bytes) {
    chunked_body body;
    auto rest = bytes;
    for (;;) {
        const auto line = take_line(rest);
        if (!line) return std::nullopt;
        std::uint64_t size = 0;
        const auto [end, error] =
            std::from_chars(line->data(), line->data() + line->size(), size, 16);
        if (error != std::errc()) return std::nullopt;
        // What follows the size is an extension, after blanks that old servers write.
        const auto extension = line->substr(static_cast<std::size_t>(end - line->data()));
        const auto begin = extension.find_first_not_of(" \t");
        if (begin != extension.npos && extension[begin] != ';') return std::nullopt;
        if (size == 0) break;
        if (rest.size() < size || !rest.substr(size).starts_with("\r\n")) return std::nullopt;
        body.content += rest.substr(0, size);
        rest.remove_prefix(size + 2);
    }
    for (;;) {  // trailers
        const auto line = take_line(rest);
        if (!line) return std::nullopt;
        if (line->empty()) break;
    }
    body.bytes = bytes.size() - rest.size();
    return body;
}

}  // namespace tallyfs::fuzz
