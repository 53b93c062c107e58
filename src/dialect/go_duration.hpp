// Durations as Go writes them ("1h30m", "0s"): only whether one is zero matters here.
// Format: time.ParseDuration of Go's standard library.
#pragma once

#include <string_view>

namespace tallyfs::dialect {

/// Whether `text` is a valid duration of less than a nanosecond.
[[nodiscard]] bool is_zero_duration(std::string_view text) noexcept;

}  // namespace tallyfs::dialect
