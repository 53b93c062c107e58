// The segments of a made-up year: which days, how many calls at which times.
// Format: docs/formats.md, "Segments".
#pragma once

#include "year/profiles.hpp"

#include <tallyfs/base/day.hpp>

#include <atomic>
#include <filesystem>
#include <vector>

namespace tallyfs::year {

/// A day to be made.
struct planned_day {
    day date;
    std::uint64_t calls = 0;
    wall_time until{};  ///< its calls end before this
};

/// `days` days up to the one of `until`, with together `calls` calls: fewer at weekends.
[[nodiscard]] std::vector<planned_day> plan(std::uint64_t calls, unsigned days, wall_time until);

/// Writes the segment of a day, whole or not at all: it is renamed when it is complete. Counts
/// calls in `made` as it goes. Returns its bytes; throws startup_error.
std::uint64_t write_segment(const std::filesystem::path& directory, const shape& wanted,
                            const planned_day& of, std::atomic<std::uint64_t>& made);

}  // namespace tallyfs::year
