// Civil days and the zone in which they turn. A segment of the journal is named by its day.
// Source of the rules: tzdata through glibc (localtime_r, mktime), see tzset(3).
#pragma once

#include <tallyfs/base/clock.hpp>

#include <chrono>
#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace tallyfs {

/// A civil date, written "2026-11-20".
class day {
  public:
    constexpr day() = default;
    constexpr explicit day(std::chrono::sys_days date) : date_(date) {}
    /// "2026-11-20", a valid date between 1970 and 9999; nullopt for anything else.
    [[nodiscard]] static std::optional<day> parse(std::string_view text);
    [[nodiscard]] std::string to_string() const;
    /// "2026-11"
    [[nodiscard]] std::string month() const { return to_string().substr(0, 7); }
    [[nodiscard]] constexpr std::chrono::sys_days date() const { return date_; }
    [[nodiscard]] constexpr day next() const { return day(date_ + std::chrono::days(1)); }
    /// Days since 1970-01-01: how a day is stored in the ledger.
    [[nodiscard]] constexpr int number() const {
        return static_cast<int>(date_.time_since_epoch().count());
    }
    auto operator<=>(const day&) const = default;

  private:
    std::chrono::sys_days date_{};
};

/// A wall time as a clock on the wall of the zone shows it.
struct local_time {
    day date;
    int hour = 0;              ///< 0 to 23
    int minute = 0;            ///< 0 to 59
    int second = 0;            ///< 0 to 60
    std::string abbreviation;  ///< "CET"
};

/// The time zone of the process ("day_zone" of the configuration). It is the TZ of the whole
/// process because glibc has one zone a process: set it once, before any thread starts.
class zone {
  public:
    /// Makes `name` ("Europe/Berlin", "UTC") the zone of the process. Throws startup_error if
    /// the system's tzdata does not know it.
    static void use(const std::string& name);
    /// The name of the host's zone, from TZ, /etc/timezone or /etc/localtime; "UTC" if none tells.
    [[nodiscard]] static std::string host_name();
    /// Any thread.
    [[nodiscard]] static local_time local(wall_time time);
    [[nodiscard]] static day day_of(wall_time time) { return local(time).date; }
    /// The first moment of a day: midnight, or the end of a gap that swallows midnight.
    [[nodiscard]] static wall_time start_of(day date);
};

}  // namespace tallyfs
