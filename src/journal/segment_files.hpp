// The files of a stream as a start finds them: which there are, where their lines end.
// Format: docs/formats.md, "Segments".
#pragma once

#include <tallyfs/base/error.hpp>
#include <tallyfs/journal/segment.hpp>

#include <cstdint>
#include <filesystem>
#include <vector>

namespace tallyfs::journal {

/// The segments in `directory`, oldest first, all marked closed. Names that are none are passed
/// over; the log names them. Errors: those of reading the directory and the segments' ends.
[[nodiscard]] result<std::vector<segment_status>> list_segments(
    const std::filesystem::path& directory);

/// Where the last complete line of a file of `bytes` bytes ends: behind its last newline.
[[nodiscard]] result<std::uint64_t> end_of_lines(int fd, std::uint64_t bytes);

/// Appends what lies from `begin` to the end of the file to `aside`, with a newline, and syncs it.
[[nodiscard]] result<void> keep_aside(int fd, std::uint64_t begin,
                                      const std::filesystem::path& aside);

}  // namespace tallyfs::journal
