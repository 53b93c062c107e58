// A time zone by its name, apart from the one of the process (day.hpp): how far its clocks are from
// UTC at a moment. Format of tzdata's files: RFC 8536; of the rule at their end: POSIX, "TZ".
#pragma once

#include <tallyfs/base/clock.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs {

/// A day of each year on which clocks change, and the second of that day.
struct yearly_change {
    enum class kind : std::uint8_t { weekday_of_month, day_without_leap, day } how{};
    int month = 0;    ///< 1 to 12
    int week = 0;     ///< 1 to 5, where 5 is the last
    int weekday = 0;  ///< 0 is Sunday
    int day = 0;      ///< of the year: 1 to 365, or from 0 on
    std::int64_t second = 0;

    bool operator==(const yearly_change&) const = default;
};

/// What holds after the last change that a file lists.
struct zone_rule {
    std::int64_t standard = 0;             ///< seconds east of UTC
    std::optional<std::int64_t> daylight;  ///< nullopt: clocks do not change
    yearly_change begins;                  ///< in standard time
    yearly_change ends;                    ///< in daylight saving time

    bool operator==(const zone_rule&) const = default;
};

/// Immutable. Any thread.
class named_zone {
  public:
    /// "Europe/Berlin", as tzdata names it; nullopt for a name that it does not have, or a file
    /// that is none. UTC is known without tzdata. Reads a file.
    [[nodiscard]] static std::optional<named_zone> find(const std::string& name);
    /// The same from the bytes of a file of tzdata; nullopt where they are none.
    [[nodiscard]] static std::optional<named_zone> parse(std::string name, std::string_view bytes);
    /// All names, for "did you mean"; empty without tzdata. Reads directories.
    [[nodiscard]] static std::vector<std::string> names();

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    /// What has to be added to UTC, daylight saving included.
    [[nodiscard]] std::chrono::seconds offset_at(wall_time time) const;

  private:
    struct change {
        std::int64_t from = 0;  ///< seconds since 1970, UTC
        std::int64_t offset = 0;
    };
    std::string name_;
    std::int64_t first_offset_ = 0;  ///< before the first change
    std::vector<change> changes_;
    std::optional<zone_rule> rule_;
};

/// "CET-1CEST,M3.5.0,M10.5.0/3"; nullopt for what is none.
[[nodiscard]] std::optional<zone_rule> parse_zone_rule(std::string_view text);
/// Seconds east of UTC at a moment, by such a rule.
[[nodiscard]] std::int64_t offset_by(const zone_rule& rule, std::int64_t seconds) noexcept;

}  // namespace tallyfs
