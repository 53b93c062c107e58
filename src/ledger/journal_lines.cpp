#include "ledger/journal_lines.hpp"

#include <tallyfs/base/file.hpp>

#include <algorithm>
#include <fcntl.h>

namespace tallyfs::ledger {

namespace {

/// The `bytes` before `end`.
result<std::string> read_before(const std::filesystem::path& path, std::uint64_t end,
                                std::uint64_t bytes) {
    const auto file = open_file(path, O_RDONLY);
    if (!file) return file.error();
    return read_at(file->get(), end - bytes, bytes);
}

}  // namespace

bool is_next(const journal::position& checkpoint, const journal::position& begin) {
    return begin.segment == checkpoint.segment
               ? begin.offset == checkpoint.offset
               : begin.segment > checkpoint.segment && begin.offset == 0;
}

std::string find_disagreement(const journal::position& checkpoint, std::uint64_t bytes,
                              const std::vector<journal::segment_status>& segments,
                              const std::function<bool(std::string_view line)>& is_last) {
    // Of the segment in which it goes on it may have read nothing.
    if (checkpoint.offset == 0) return "";
    const auto segment = std::ranges::find(segments, checkpoint.segment,
                                           [](const auto& status) { return status.id; });
    if (segment == segments.end()) {
        return "its last line is in " + checkpoint.segment.date.to_string() +
               ", of which the journal has no such segment";
    }
    if (segment->bytes < checkpoint.offset) {
        return "it goes further than " + segment->path.string();
    }
    // A damaged mark must not reach before the segment's start.
    const auto line =
        read_before(segment->path, checkpoint.offset, std::min(bytes, checkpoint.offset));
    if (!line) return "cannot read " + segment->path.string() + ": " + line.error().message();
    if (is_last(*line)) return "";
    return "its last line is not the one in " + segment->path.string();
}

result<std::string> read_block(const place& block, const std::filesystem::path& directory) {
    const auto path = directory / block.segment.file_name();
    std::error_code missing;
    const auto size = std::filesystem::file_size(path, missing);
    if (missing == std::errc::no_such_file_or_directory) return std::string();
    // Also keeps a damaged row from asking for more memory than the segment has bytes.
    if (!missing && (block.offset > size || block.bytes > size - block.offset)) {
        return std::string();
    }
    const auto file = open_file(path, O_RDONLY);
    if (!file) return file.error();
    return read_at(file->get(), block.offset, block.bytes);
}

}  // namespace tallyfs::ledger
