#include <tallyfs/base/hex.hpp>
#include <tallyfs/base/text.hpp>

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace tallyfs {

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::size_t name_bytes_max = 255;  // NAME_MAX of Linux
constexpr std::size_t hash_bytes = 6;        // of a name that was cut: 48 bits tell 1,000 apart

constexpr std::array<bool, 256> plain_in_json = [] {
    std::array<bool, 256> plain{};
    for (std::size_t value = 0x20; value < 0x7f; ++value) {
        plain[value] = value != '"' && value != '\\';
    }
    return plain;
}();

unsigned byte_at(std::string_view text, std::size_t at) {
    return static_cast<unsigned char>(text[at]);
}

void append_control_escape(std::string& out, unsigned value) {
    switch (value) {
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            break;
    }
    out += "\\u00";
    out += hex_digits[value >> 4];
    out += hex_digits[value & 15];
}

/// A valid UTF-8 character as an escape of four digits, or as two of them beyond 0xffff.
void append_unicode_escape(std::string& out, std::string_view character) {
    unsigned value = byte_at(character, 0) & (0xffU >> (character.size() + 1));
    for (std::size_t i = 1; i < character.size(); ++i) {
        value = value << 6 | (byte_at(character, i) & 0x3fU);
    }
    const auto append_unit = [&out](unsigned unit) {
        out += "\\u";
        for (int shift = 12; shift >= 0; shift -= 4) out += hex_digits[unit >> shift & 15];
    };
    if (value >= 0x10000) {
        append_unit(0xd800 + ((value - 0x10000) >> 10));
        value = 0xdc00 + (value & 0x3ff);
    }
    append_unit(value);
}

void append_percent(std::string& out, unsigned value) {
    out += '%';
    out += "0123456789ABCDEF"[value >> 4];
    out += "0123456789ABCDEF"[value & 15];
}

std::string short_hash(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
    std::string hex;
    for (std::size_t i = 0; i < hash_bytes; ++i) {
        hex += hex_digits[digest[i] >> 4];
        hex += hex_digits[digest[i] & 15];
    }
    return hex;
}

}  // namespace

std::size_t plain_json_bytes(std::string_view text) noexcept {
    const auto* const first = std::find_if_not(text.begin(), text.end(), [](char c) {
        return plain_in_json[static_cast<unsigned char>(c)];
    });
    return static_cast<std::size_t>(first - text.begin());
}

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    std::size_t plain_from = 0;
    std::size_t at = 0;
    const auto flush_plain = [&] { out.append(text, plain_from, at - plain_from); };
    while (at < text.size()) {
        at += plain_json_bytes(text.substr(at));
        if (at == text.size()) break;
        const unsigned value = byte_at(text, at);
        const std::size_t length = value < 0x80 ? 0 : utf8_length(text, at);
        const bool escaped = length > 0 && is_invisible(text.substr(at, length));
        if (length > 0 && !escaped) {
            at += length;
            continue;
        }
        flush_plain();
        if (escaped) {
            append_unicode_escape(out, text.substr(at, length));
            at += length - 1;
        } else if (value == '"' || value == '\\') {
            out += '\\';
            out += text[at];
        } else if (value < 0x80) {
            append_control_escape(out, value);
        } else {
            out += "\xef\xbf\xbd";
        }
        plain_from = ++at;
    }
    flush_plain();
    out += '"';
}

std::size_t utf8_length(std::string_view text, std::size_t at) noexcept {
    const unsigned lead = byte_at(text, at);
    if (lead < 0x80) return 1;
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || at + length > text.size()) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte_at(text, at + i) & 0xc0) != 0x80) return 0;
    }
    const unsigned second = byte_at(text, at + 1);
    const bool overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
    const bool surrogate = lead == 0xed && second >= 0xa0;
    const bool beyond = lead == 0xf4 && second >= 0x90;
    return overlong || surrogate || beyond ? 0 : length;
}

bool is_invisible(std::string_view character) noexcept {
    const auto within = [&](std::string_view first, std::string_view last) {
        return character.size() == first.size() && character >= first && character <= last;
    };
    return within("\xc2\x80", "\xc2\x9f") || character == "\xc2\xad" || character == "\xd8\x9c" ||
           character == "\xe1\xa0\x8e" || within("\xe2\x80\x8b", "\xe2\x80\x8f") ||
           within("\xe2\x80\xa8", "\xe2\x80\xae") || within("\xe2\x81\xa0", "\xe2\x81\xaf") ||
           character == "\xef\xbb\xbf" || within("\xf3\xa0\x80\x80", "\xf3\xa0\x81\xbf");
}

bool is_utf8(std::string_view text) noexcept {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = utf8_length(text, at);
        if (length == 0) return false;
        at += length;
    }
    return true;
}

std::string_view clip_utf8(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return text;
    std::size_t end = bytes_max;
    // At most three continuation bytes belong to one character.
    for (int back = 0; back < 3 && end > 0 && (byte_at(text, end) & 0xc0) == 0x80; ++back) --end;
    return text.substr(0, end);
}

void append_csv_field(std::string& out, std::string_view text) {
    // A spreadsheet calculates what begins like this, also where the name is a stranger's.
    constexpr std::string_view begins_formula = "=+-@\t\r";
    const bool formula = !text.empty() && begins_formula.find(text.front()) != text.npos;
    if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
        if (formula) out += '\'';
        out += text;
        return;
    }
    out += '"';
    if (formula) out += '\'';
    for (const char c : text) {
        if (c == '"') out += '"';
        out += c;
    }
    out += '"';
}

std::string encode_name(std::string_view name) {
    if (name.empty()) return "%";
    std::string encoded;
    for (std::size_t at = 0; at < name.size();) {
        const unsigned value = byte_at(name, at);
        const std::size_t length = utf8_length(name, at);
        const bool control = value < 0x20 || value == 0x7f;
        const bool leading_dot = value == '.' && at == 0;
        const auto character = name.substr(at, std::max<std::size_t>(length, 1));
        if (length == 0 || control || value == '/' || value == '%' || leading_dot ||
            is_invisible(character)) {
            for (std::size_t i = 0; i < character.size(); ++i) {
                append_percent(encoded, byte_at(character, i));
            }
        } else {
            encoded += character;
        }
        at += character.size();
    }
    if (encoded.size() <= name_bytes_max) return encoded;
    const auto kept = clip_utf8(encoded, name_bytes_max - 1 - 2 * hash_bytes);
    return std::string(kept) + "~" + short_hash(name);
}

std::string decode_percent(std::string_view text) {
    std::string decoded;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool is_code = text[at] == '%' && at + 2 < text.size();
        const int value = is_code ? hex_value(text[at + 1]) << 4 | hex_value(text[at + 2]) : -1;
        decoded += value < 0 ? text[at] : static_cast<char>(value);
        if (value >= 0) at += 2;
    }
    return decoded;
}

std::string to_lower(std::string_view text) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    });
    return lower;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace tallyfs
