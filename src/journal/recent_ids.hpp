// The ids of the calls that were appended last: which open calls had their line already.
// Format: docs/formats.md, "Segments" and "A call's line".
#pragma once

#include <tallyfs/base/error.hpp>
#include <tallyfs/base/uuid.hpp>
#include <tallyfs/journal/stream.hpp>

#include <unordered_set>

namespace tallyfs::journal {

struct recent_lines {
    std::unordered_set<std::string> ids;  ///< as 36 characters
    wall_time newest{};                   ///< `time` of the last line; the default if there is none
};

/// Reads `calls` backwards from its end to before `since`, at least 4 MiB and at most 256 MiB of
/// lines. Errors: those of open and read.
[[nodiscard]] result<recent_lines> read_recent_lines(const stream& calls, wall_time since);

}  // namespace tallyfs::journal
