// Hexadecimal digits, read by table: ids and hashes of millions of lines are.
// Source: ASCII.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace tallyfs {

namespace detail {
inline constexpr auto hex_values = [] {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    for (std::int8_t i = 0; i < 10; ++i) values[static_cast<std::size_t>('0' + i)] = i;
    for (std::int8_t i = 10; i < 16; ++i) {
        values[static_cast<std::size_t>('a' + i - 10)] = i;
        values[static_cast<std::size_t>('A' + i - 10)] = i;
    }
    return values;
}();
}  // namespace detail

/// The value of a digit in either case; negative for anything else. Of two values joined by |
/// the result is negative if one of them is.
[[nodiscard]] constexpr int hex_value(char digit) noexcept {
    return detail::hex_values[static_cast<unsigned char>(digit)];
}

/// Two lower-case digits a byte.
[[nodiscard]] inline std::string to_hex(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(2 * bytes.size());
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

}  // namespace tallyfs
