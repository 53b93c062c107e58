// Hexadecimal digits by table: ids and hashes of millions of lines are read with it.
// Source: ASCII.
#pragma once

#include <array>
#include <cstdint>

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

}  // namespace tallyfs
