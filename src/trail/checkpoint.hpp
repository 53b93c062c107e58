// How far a server's log has got into the stream: what a restart goes on from.
// Format: docs/formats.md, "Audit checkpoints".
#pragma once

#include <tallyfs/audit/event_maker.hpp>
#include <tallyfs/base/clock.hpp>
#include <tallyfs/base/day.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::trail {

/// How many records were dropped, by day of the server's clock and reason.
using noise_counts = std::map<day, std::map<std::string, std::uint64_t, std::less<>>>;
/// Days that are kept of these.
inline constexpr std::size_t noise_days_max = 400;
/// Reasons of a day that are told apart: a person's rules have names of their own.
inline constexpr std::size_t noise_reasons_max = 100;

struct checkpoint {
    std::string log_place;       ///< log_source::place() of what is followed; "": nothing yet
    std::string archives_place;  ///< of the archives
    std::string segment;         ///< of the stream, and where in it: events before are done with
    std::uint64_t offset = 0;
    std::uint64_t number = 0;  ///< of the last line before that
    wall_time newest{};        ///< the newest entry's, by the server's clock
    /// Events before, but logged from here on, have to be counted again in windows.
    wall_time windows_from = wall_time::max();
    audit::session_lines sessions;
    /// Sessions that began before can have lines that nobody has seen; nullopt: any can.
    std::optional<wall_time> begun_until;
    noise_counts noise;
    std::uint64_t entries = 0;  ///< read so far, since the first start

    bool operator==(const checkpoint&) const = default;
};

[[nodiscard]] std::string to_json(const checkpoint& all);
/// nullopt for what is none: torn by a crash, of another version.
[[nodiscard]] std::optional<checkpoint> parse_checkpoint(std::string_view text);

}  // namespace tallyfs::trail
