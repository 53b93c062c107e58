// The time, as something that a test can set: the wall clock in UTC and the steady clock.
// Format of times in lines: RFC 3339, always UTC, microseconds.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace tallyfs {

/// Microseconds since 1970-01-01T00:00:00Z. The wall clock can step in both directions.
using wall_time = std::chrono::sys_time<std::chrono::microseconds>;
using steady_time = std::chrono::steady_clock::time_point;

/// Where the time comes from. Any thread.
class clock_source {
  public:
    clock_source() = default;
    clock_source(const clock_source&) = delete;
    clock_source& operator=(const clock_source&) = delete;
    virtual ~clock_source() = default;
    [[nodiscard]] virtual wall_time wall() const noexcept = 0;
    [[nodiscard]] virtual steady_time steady() const noexcept = 0;
};

/// The operating system's clocks. Lives as long as the program.
[[nodiscard]] const clock_source& system_clock_source() noexcept;

/// "2026-11-20T07:55:04.123456Z": always 27 characters.
[[nodiscard]] std::array<char, 27> rfc3339_text(wall_time time) noexcept;
[[nodiscard]] std::string to_rfc3339(wall_time time);
/// Accepts any RFC 3339 time with an offset and 0 to 9 fractional digits; nothing else.
[[nodiscard]] std::optional<wall_time> parse_rfc3339(std::string_view text);

}  // namespace tallyfs
