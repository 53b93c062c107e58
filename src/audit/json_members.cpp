#include "audit/json_members.hpp"

#include <tallyfs/base/hex.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>

namespace tallyfs::audit {

namespace {

constexpr std::size_t unicode_escape_bytes = 6;  // \u0041

void append_utf8(std::string& out, std::uint32_t value) {
    const auto continuation = [&](int shift) {
        out += static_cast<char>(0x80 | (value >> shift & 0x3f));
    };
    if (value < 0x80) {
        out += static_cast<char>(value);
    } else if (value < 0x800) {
        out += static_cast<char>(0xc0 | value >> 6);
        continuation(0);
    } else if (value < 0x10000) {
        out += static_cast<char>(0xe0 | value >> 12);
        continuation(6);
        continuation(0);
    } else {
        out += static_cast<char>(0xf0 | value >> 18);
        continuation(12);
        continuation(6);
        continuation(0);
    }
}

/// Of "\u0041…"; nullopt where it is none.
std::optional<std::uint32_t> unicode_escape(std::string_view text) {
    if (text.size() < unicode_escape_bytes || text[0] != '\\' || text[1] != 'u')
        return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t i = 2; i < unicode_escape_bytes; ++i) {
        const int digit = hex_value(text[i]);
        if (digit < 0) return std::nullopt;
        value = value << 4 | static_cast<std::uint32_t>(digit);
    }
    return value;
}

bool is_high_half(std::uint32_t value) {
    return value >= 0xd800 && value < 0xdc00;
}
bool is_low_half(std::uint32_t value) {
    return value >= 0xdc00 && value < 0xe000;
}

/// At "\u": appends the character and returns its bytes; 0: none.
std::size_t append_unicode(std::string& out, std::string_view text) {
    constexpr std::uint32_t replacement = 0xfffd;
    const auto value = unicode_escape(text);
    if (!value) return 0;
    if (is_high_half(*value)) {
        const auto low = unicode_escape(text.substr(unicode_escape_bytes));
        if (low && is_low_half(*low)) {
            append_utf8(out, 0x10000 + ((*value - 0xd800) << 10) + (*low - 0xdc00));
            return 2 * unicode_escape_bytes;
        }
    }
    const bool half = is_high_half(*value) || is_low_half(*value);
    append_utf8(out, half ? replacement : *value);
    return unicode_escape_bytes;
}

}  // namespace

void json_members::skip_blanks() {
    const auto end = rest_.find_first_not_of(" \t\r");
    rest_.remove_prefix(std::min(end, rest_.size()));
}

bool json_members::take(char expected) {
    skip_blanks();
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(1);
    return true;
}

bool json_members::take_text(std::string_view& text, bool& has_escapes) {
    if (!take('"')) return false;
    std::size_t end = 0;
    for (;;) {
        end = rest_.find('"', end);
        if (end == rest_.npos) break;
        std::size_t escapes = 0;
        while (escapes < end && rest_[end - escapes - 1] == '\\') ++escapes;
        if (escapes % 2 == 0) break;
        ++end;
    }
    if (end == rest_.npos && !cut_) return false;
    text = rest_.substr(0, end);
    has_escapes = text.find('\\') != text.npos;
    rest_.remove_prefix(end == rest_.npos ? rest_.size() : end + 1);
    return true;
}

bool json_members::take_scalar(std::string_view& text) {
    const auto is_part = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '+' ||
               c == '.' || c == 'E';
    };
    const auto* const end = std::find_if_not(rest_.begin(), rest_.end(), is_part);
    text = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(text.size());
    return !text.empty();
}

bool json_members::end() {
    skip_blanks();
    good_ = rest_.empty();
    return false;
}

bool json_members::next(json_member& into) {
    if (!begun_) {
        if (!take('{')) return false;
        begun_ = true;
        if (take('}')) return end();
    } else {
        if (take('}')) return end();
        if (!take(',')) {
            good_ = cut_ && rest_.empty();
            return false;
        }
    }
    bool name_has_escapes = false;
    skip_blanks();
    const bool named = take_text(into.name, name_has_escapes) && take(':');
    skip_blanks();
    if (!named || rest_.empty()) {
        good_ = cut_ && rest_.empty();
        return false;
    }
    into.is_text = rest_.starts_with('"');
    into.has_escapes = false;
    return into.is_text ? take_text(into.value, into.has_escapes) : take_scalar(into.value);
}

bool append_unescaped(std::string& out, std::string_view text) {
    for (;;) {
        const auto escape = text.find('\\');
        out += text.substr(0, escape);
        if (escape == text.npos) return true;
        text.remove_prefix(escape);
        if (text.size() < 2) return true;
        constexpr std::string_view letters = "\"\\/bfnrt";
        constexpr std::string_view meant = "\"\\/\b\f\n\r\t";
        if (text[1] == 'u') {
            const auto size = append_unicode(out, text);
            if (size == 0) return text.size() < unicode_escape_bytes;
            text.remove_prefix(size);
            continue;
        }
        const auto letter = letters.find(text[1]);
        if (letter == letters.npos) return false;
        out += meant[letter];
        text.remove_prefix(2);
    }
}

}  // namespace tallyfs::audit
