// When to try again, and whether at all. Pure.
// Rules: docs/notify.md, "When a target does not answer"; Retry-After: RFC 9110, section 10.2.3.
#pragma once

#include <tallyfs/base/clock.hpp>

#include <chrono>
#include <optional>
#include <string_view>

namespace tallyfs::notify {

inline constexpr std::chrono::milliseconds pause_min{1000};
inline constexpr std::chrono::milliseconds pause_max{std::chrono::minutes(5)};
/// A target that asks for more is asked again after this: a mistake of it must not silence us.
inline constexpr std::chrono::seconds retry_after_max{std::chrono::hours(1)};

/// The pause after `failures` attempts in a row (from 1): doubled each time from pause_min to
/// pause_max. `random` is 0 to 1 and moves it by a quarter, so that many do not come back at once.
[[nodiscard]] std::chrono::milliseconds pause_after(unsigned failures, double random);

/// The value of Retry-After: seconds, or a date of HTTP; nullopt for anything else.
[[nodiscard]] std::optional<std::chrono::seconds> parse_retry_after(std::string_view text,
                                                                    wall_time now);

enum class verdict_on_status { delivered, again, refused };
/// Refused for good is what no second attempt can change: 4xx but for 408 and 429. A redirect is
/// not followed, and tried again: who corrects the address loses nothing.
[[nodiscard]] verdict_on_status judge_status(int status);

}  // namespace tallyfs::notify
