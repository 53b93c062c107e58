// Where a server's log comes from: files that are rotated, archives of them, or a command. Bytes in
// order, and a place to go on from after a restart.
// Format of the configuration: docs/configuration.md, "Audit".
#pragma once

#include <tallyfs/base/clock.hpp>
#include <tallyfs/base/error.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::trail {

/// What a source gives at a time.
struct piece {
    std::string_view bytes;    ///< valid until the next call; "": nothing now
    std::string file;          ///< the name of the file they are of, without its directory
    bool begins_file = false;  ///< they are the first of another file than the bytes before
    bool is_over = false;      ///< nothing will come any more: the archives are at their end
};

/// Not thread-safe; its owner's thread.
class log_source {
  public:
    static constexpr std::size_t piece_bytes_max = std::size_t{1} << 20;
    log_source() = default;
    log_source(const log_source&) = delete;
    log_source& operator=(const log_source&) = delete;
    virtual ~log_source() = default;

    /// What comes next, at once; "" where nothing is there. Errors: those of read: it can be tried
    /// again, nothing was passed over. A file that cannot be opened is told by problem(), and holds
    /// up no other one.
    virtual result<piece> next() = 0;
    /// Where to go on from so that the last `pending` bytes of what next() gave come again: a text
    /// that begin_at() understands. Bounded; made at most once a second.
    [[nodiscard]] virtual std::string place(std::uint64_t pending) const = 0;
    /// What cannot be read now and what to do, in a sentence; "" while all is well. `no file is
    /// there` is a problem too.
    [[nodiscard]] virtual std::string problem() const = 0;
    /// Bytes that are there and were not given yet, as far as that is known.
    [[nodiscard]] virtual std::uint64_t bytes_behind() const = 0;
};

/// A log file, all logs of a directory, or a pattern ("/var/log/postgresql/*.csv"): the files in
/// the order of their names' age (modification, then name), each by its inode, through renames,
/// `copytruncate` and new files. Files that end in .gz or .zst, and formats other than the one
/// that is read, are passed over. `begin_at` is a place, or "" for the first time: then from the
/// beginning of the newest file on, or with `from_oldest` of the oldest one.
/// Throws std::invalid_argument for a place that is none.
[[nodiscard]] std::unique_ptr<log_source> follow_files(std::filesystem::path pattern,
                                                       const std::string& begin_at,
                                                       bool from_oldest);

/// Archives, once each, the oldest first: plain files or .gz, by a pattern. What was read whole is
/// in the place by its name, size and modification time.
[[nodiscard]] std::unique_ptr<log_source> read_archives(std::filesystem::path pattern,
                                                        const std::string& begin_at);

}  // namespace tallyfs::trail
