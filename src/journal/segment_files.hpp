// The files of a stream as a start finds them: which there are, where their lines end.
// Format: docs/formats.md, "Segments".
#pragma once

#include <tallyfs/base/error.hpp>
#include <tallyfs/journal/segment.hpp>

#include <cstdint>
#include <filesystem>
#include <vector>

namespace tallyfs::journal {

struct segment_list {
    std::vector<segment_status> segments;  ///< oldest first, all marked closed
    std::uint64_t torn_bytes_left = 0;     ///< behind the last lines of all but the newest
};
/// Names that are none of segments are passed over, and so is what lies behind a last line; the
/// log names both. Throws startup_error with the path of what cannot be read.
[[nodiscard]] segment_list list_segments(const std::filesystem::path& directory);

/// Where the last complete line of a file of `bytes` bytes ends: behind its last newline.
[[nodiscard]] result<std::uint64_t> end_of_lines(int fd, std::uint64_t bytes);

/// Appends what lies from `begin` to the end of the file to `aside`, with a newline, and syncs it.
/// Errors: those of open(2), write(2) and fsync(2); not_supported if `aside` is there and is no
/// file. What had been kept in it stays.
[[nodiscard]] result<void> keep_aside(int fd, std::uint64_t begin,
                                      const std::filesystem::path& aside);

}  // namespace tallyfs::journal
