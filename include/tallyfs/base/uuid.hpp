// Identifiers of calls: UUID version 7, sortable by time.
// Format: RFC 9562, section 5.7.
#pragma once

#include <tallyfs/base/clock.hpp>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tallyfs {

struct uuid {
    std::array<std::uint8_t, 16> bytes{};

    /// A new id whose first 48 bits are `time` in milliseconds. Any thread; the random bits
    /// come from getrandom(2), read ahead for each thread. Ids of one thread ascend as long as
    /// `time` does.
    [[nodiscard]] static uuid make(wall_time time);
    /// The 36-character form, any case; nullopt for anything else.
    [[nodiscard]] static std::optional<uuid> parse(std::string_view text);
    [[nodiscard]] std::array<char, 36> text() const noexcept;
    [[nodiscard]] std::string to_string() const;
    /// The time in a version 7 id, to the millisecond.
    [[nodiscard]] wall_time time() const;
    auto operator<=>(const uuid&) const = default;
};

}  // namespace tallyfs
