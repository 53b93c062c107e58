// Names and places in the journal.
// Format: docs/formats.md, "Segments": <state>/journal/<stream>/<day>[.<part>].jsonl
#pragma once

#include <tallyfs/base/clock.hpp>
#include <tallyfs/base/day.hpp>

#include <compare>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::journal {

/// Parts of a day. More than a disk that fails now and then needs; one that fails always must not
/// fill the directory with files.
inline constexpr unsigned parts_max = 1000;

/// One file of a stream. Part 1 is `2026-11-20.jsonl`; after a segment was sealed because of an
/// I/O error the day goes on in part 2, `2026-11-20.2.jsonl`.
struct segment_id {
    day date;
    unsigned part = 1;

    [[nodiscard]] std::string file_name() const;
    [[nodiscard]] static std::optional<segment_id> parse(std::string_view file_name);
    auto operator<=>(const segment_id&) const = default;
};

/// Between two lines of a stream: everything before it has been written, in this order.
struct position {
    segment_id segment;
    std::uint64_t offset = 0;  ///< bytes from the start of the segment's file
    auto operator<=>(const position&) const = default;
};

/// A segment as it stands: `bytes` ends at a line's end.
struct segment_status {
    segment_id id;
    std::filesystem::path path;
    std::uint64_t bytes = 0;
    bool closed = false;  ///< no line will be added any more
    wall_time changed{};  ///< time of the last append; of the file where that was before start
};

}  // namespace tallyfs::journal
