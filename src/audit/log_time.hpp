// Times as a PostgreSQL server writes them in its log, read quickly: most are of the second before.
// Format: PostgreSQL, "log_line_prefix", %m, %t and %n; zones: docs/audit.md, "What is read".
#pragma once

#include <tallyfs/base/clock.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace tallyfs::audit {

/// Not thread-safe: it remembers the last second.
class log_time {
  public:
    /// "2026-11-20 23:52:09.665 UTC" or "2026-11-20 23:52:09 +0530"; nullopt for anything else.
    [[nodiscard]] std::optional<wall_time> parse(std::string_view text);

  private:
    std::array<char, 19> second_{};  ///< the text of the last one, in its own zone
    std::chrono::sys_seconds value_{};
};

/// How many bytes at the front of `text` are such a time with its zone; 0 if none.
[[nodiscard]] std::size_t log_time_bytes(std::string_view text) noexcept;

/// "1795218729.665" or "1795218729"; nullopt for anything else.
[[nodiscard]] std::optional<wall_time> parse_epoch(std::string_view text) noexcept;

}  // namespace tallyfs::audit
