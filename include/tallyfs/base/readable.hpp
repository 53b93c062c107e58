// Figures and names as people read them, in at most 80 columns of ASCII.
// Examples of each: tests/base/readable.cpp.
#pragma once

#include <tallyfs/base/clock.hpp>
#include <tallyfs/base/day.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace tallyfs {

inline constexpr std::size_t columns_max = 80;

/// 1284 -> "1,284"
[[nodiscard]] std::string grouped(std::int64_t value);
/// 412, "9.6k", "31.8k", "412k", "1.2M", "3.4G": three significant digits
[[nodiscard]] std::string short_count(std::int64_t value);
/// "812 B", "9.0 GB": powers of 1,000
[[nodiscard]] std::string bytes_text(std::uint64_t bytes);
/// Seconds as a bare number: "0.34", "4.1", "48", "1,392"
[[nodiscard]] std::string seconds_text(std::chrono::microseconds value);
/// "340 ms", "4.1 s", "170 s", "58 min", "2 h 15 min", "3 days"
[[nodiscard]] std::string duration_text(std::chrono::microseconds value);
/// "40.0%"; "-" of nothing
[[nodiscard]] std::string percent_text(std::int64_t part, std::int64_t whole);
/// Printable ASCII: anything else becomes '?'.
[[nodiscard]] std::string ascii(std::string_view text);
/// `text` in exactly `width` columns, left-aligned; a longer one is cut and ends in '~'.
[[nodiscard]] std::string column(std::string_view text, std::size_t width);
/// "Fri 2026-11-20"
[[nodiscard]] std::string day_text(tallyfs::day date);
/// "08:55"
[[nodiscard]] std::string clock_text(wall_time time);
/// `text` in lines of at most 80 columns, each behind `indent`.
[[nodiscard]] std::string wrapped(std::string_view text, std::string_view indent);
/// "1 call", "2 calls", "1,284 calls"
[[nodiscard]] std::string counted(std::int64_t count, std::string_view noun);

}  // namespace tallyfs
