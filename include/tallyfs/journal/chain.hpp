// A stream whose lines carry the hash of the line before: what was changed, removed, inserted or
// cut off is found. Format and what it protects against: docs/formats.md, "Chains".
#pragma once

#include <tallyfs/journal/stream.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::journal {

/// The end of a chain: what has to be kept elsewhere to prove that nothing was cut off.
struct chain_head {
    std::uint64_t lines = 0;
    std::string hash;  ///< SHA-256 of the last line: 64 digits; of 64 zeros while there is none

    /// "17:9f86d081…": as it travels in notifications and is given to `verify --head`.
    [[nodiscard]] std::string to_string() const;
    [[nodiscard]] static std::optional<chain_head> parse(std::string_view text);
    bool operator==(const chain_head&) const = default;
};

/// Where a chain does not hold, for people.
struct chain_break {
    std::string file;        ///< of the segment; "" where no line is there to show
    std::uint64_t line = 0;  ///< in the file, from 1
    std::string what;
};

struct chain_report {
    chain_head end;  ///< computed from the lines
    std::uint64_t segments = 0;
    std::uint64_t deleted_lines = 0;     ///< before the first one that is there
    std::uint64_t lines_after_head = 0;  ///< appended when the head could not be written any more
    std::vector<chain_break> breaks;     ///< the first 100
    std::uint64_t breaks_found = 0;
    [[nodiscard]] bool intact() const noexcept { return breaks_found == 0; }
};

/// Reads the segments of `directory` in order, without opening the stream: also beside a running
/// daemon. Every head of `known` has to be met. `each_line` (may be null) gets every line, without
/// its newline. `bases` are the ends of what was deleted on purpose: the first line there is has
/// to follow one of them, or lead to one, unless it is line 1. Throws startup_error with the path
/// of what cannot be read.
[[nodiscard]] chain_report verify_chain(
    const std::filesystem::path& directory, const std::vector<chain_head>& known,
    const std::function<void(std::string_view line)>& each_line = nullptr,
    const std::vector<chain_head>& bases = {});

/// The head that is kept in a file. nullopt if there is no file; an error if it cannot be read.
[[nodiscard]] result<std::optional<chain_head>> read_chain_head(const std::filesystem::path& file);

/// What is known of a chain when it is opened.
struct chain_past {
    std::vector<chain_head> bases;  ///< as for verify_chain()
    /// False: reads no more than the segments from the one on that has the line of the kept head.
    /// For a stream that takes minutes to read whole: `tallyfs verify` does.
    bool whole = true;
};

/// One of several lines that were appended together.
struct batch_line {
    std::uint64_t number = 0;
    position at;
    std::uint64_t bytes = 0;  ///< with its newline
};

/// The only appender of its stream. Any thread.
class chain {
  public:
    /// Verifies what is there, and goes on behind it; behind the head that is kept in `head_file`
    /// if more is known than there is, so that a cut stays visible. `each_line` as above.
    /// Throws startup_error if the segments or the head cannot be read. `lines` outlives the chain.
    chain(stream& lines, std::filesystem::path head_file,
          const std::function<void(std::string_view line)>& each_line = nullptr,
          const chain_past& past = {});

    struct appended {
        std::uint64_t number = 0;
        bool durable = false;  ///< false: in the file, but not yet on the disk: a sync failed
    };
    /// Writes one line's bytes, with its newline, into its first argument.
    using line_writer = std::function<void(std::string& out, wall_time now, std::uint64_t number,
                                           std::string_view previous)>;
    /// Appends, syncs, and keeps the new head: when this returns the line survives a power cut.
    /// Errors: those of stream::append(); then there is no line.
    result<appended> append(const line_writer& write_line);

    /// The same for line `i` of several: appends to what is in `out`.
    using batch_writer = std::function<void(std::size_t i, std::string& out, wall_time now,
                                            std::uint64_t number, std::string_view previous)>;
    /// Appends `count` lines with few system calls, then syncs and keeps the head, once; with
    /// `sync` false whoever calls does that within a second, by sync(). `lines` gets each line
    /// that was appended: after an error those before it, which stay. Returns the number of the
    /// last line of the chain. Errors: those of stream::append_lines(), of the line behind the last
    /// of `lines`; of sync(), where all of them are in `lines`.
    result<std::uint64_t> append_all(std::size_t count, const batch_writer& write_line,
                                     std::vector<batch_line>& lines, bool sync = true);
    /// Syncs what was appended, and keeps its head if that is another one than is kept. Errors:
    /// those of stream::sync() and of replacing the head; the next one tries both again.
    result<void> sync();

    [[nodiscard]] chain_head head() const;
    /// What the constructor found.
    [[nodiscard]] const chain_report& found() const noexcept { return found_; }

  private:
    void set_head(chain_head head);
    result<void> keep_head(const chain_head& head);

    stream& lines_;
    const std::filesystem::path head_file_;
    chain_report found_;
    std::mutex append_mutex_;          ///< one appender at a time
    std::vector<std::string> hashes_;  ///< of the lines that are being appended
    std::vector<placed_line> placed_;  ///< those of them that are in the stream
    std::mutex sync_mutex_;            ///< no head is replaced by an older one
    chain_head kept_;                  ///< in the file, as far as is known
    mutable std::mutex head_mutex_;
    chain_head head_;
};

}  // namespace tallyfs::journal
