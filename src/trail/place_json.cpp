#include "trail/place_json.hpp"

#include <stdexcept>

namespace tallyfs::trail::place_json {

namespace {

/// A file system's longest name.
constexpr std::size_t name_bytes_max = 255;

}  // namespace

void refuse(const std::string& what) {
    throw std::invalid_argument("is no place in a log: " + what);
}

/// Names are bytes, and JSON has characters: each byte is one of the first 256.
std::string as_characters(const std::string& name) {
    std::string text;
    for (const char c : name) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            text += c;
        } else {
            text += static_cast<char>(0xc0 | (byte >> 6));
            text += static_cast<char>(0x80 | (byte & 0x3f));
        }
    }
    return text;
}

std::string as_bytes(const std::string& text) {
    std::string name;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto byte = static_cast<unsigned char>(text[at]);
        if (byte < 0x80) {
            name += text[at];
            continue;
        }
        if ((byte & 0xfc) != 0xc0 || at + 1 == text.size()) refuse("a name");
        const auto rest = static_cast<unsigned char>(text[++at]);
        name += static_cast<char>(((byte & 0x03) << 6) | (rest & 0x3f));
    }
    return name;
}

const ordered_json& field(const ordered_json& of, const char* name) {
    if (!of.is_object() || !of.contains(name)) refuse(std::string("no ") + name);
    return of.at(name);
}

std::uint64_t number(const ordered_json& of, const char* name) {
    const auto& value = field(of, name);
    if (!value.is_number_unsigned()) refuse(name);
    return value.get<std::uint64_t>();
}

std::int64_t time(const ordered_json& of, const char* name) {
    const auto& value = field(of, name);
    const bool fits = value.is_number_integer() &&
                      (!value.is_number_unsigned() || value.get<std::uint64_t>() <= INT64_MAX);
    if (!fits) refuse(name);
    return value.get<std::int64_t>();
}

std::string text(const ordered_json& of, const char* name) {
    const auto& value = field(of, name);
    if (!value.is_string()) refuse(name);
    return value.get<std::string>();
}

std::string file_name(const ordered_json& of, const char* name) {
    auto made = as_bytes(text(of, name));
    if (made.empty() || made.size() > name_bytes_max ||
        made.find_first_of(std::string_view("/\0", 2)) != std::string::npos)
        refuse(name);
    return made;
}

ordered_json read_place(std::string_view text_of_place, std::size_t bytes_max, int version) {
    if (text_of_place.size() > bytes_max) refuse("it is too long");
    auto read = ordered_json::parse(text_of_place, nullptr, false);
    if (read.is_discarded()) refuse("it is not JSON");
    if (number(read, "v") != static_cast<std::uint64_t>(version)) refuse("its version");
    return read;
}

}  // namespace tallyfs::trail::place_json
