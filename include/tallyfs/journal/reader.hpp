// Follows a stream from a position: whole lines, in order, across segments.
// Format: docs/formats.md, "Segments".
#pragma once

#include <tallyfs/base/error.hpp>
#include <tallyfs/base/file.hpp>
#include <tallyfs/journal/error.hpp>
#include <tallyfs/journal/segment.hpp>
#include <tallyfs/journal/stream.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::journal {

/// Complete lines of one segment: `text` ends with a newline, or is empty when there is no more.
struct batch {
    segment_id segment;
    std::uint64_t offset = 0;  ///< of the first byte of `text`
    std::string_view text;     ///< valid until the next call of the reader
};

/// Not thread-safe; any one thread. The stream outlives the reader.
class reader {
  public:
    /// Begins at `from`; a default position is the oldest line there is. A position in a segment
    /// that retention has deleted moves to the next one that exists.
    explicit reader(const stream& source, position from = {});

    /// The next lines, at most about `bytes_max`, never past what had been appended when it was
    /// called; an empty text when the reader has reached the end. Errors: those of open and read,
    /// and journal_errc::position_unknown; the reader then stands where it stood. A closed segment
    /// whose file is gone is passed over.
    result<batch> next(std::size_t bytes_max = std::size_t{1} << 20);

    /// After the last line that next() returned; also, once next() has returned an empty text, at
    /// the beginning of the segments that have begun since without a line.
    [[nodiscard]] position at() const noexcept { return at_; }
    /// How many bytes of lines are still to come.
    [[nodiscard]] std::uint64_t bytes_behind() const { return source_.bytes_after(at_); }

  private:
    error_code open_segment(const segment_status& segment);
    result<std::size_t> read_lines(const segment_status& segment, std::size_t bytes_max);

    const stream& source_;
    position at_;
    unique_fd file_;
    std::optional<segment_id> file_segment_;
    std::string buffer_;
};

}  // namespace tallyfs::journal
