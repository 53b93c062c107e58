// A stream of the journal: append-only JSON lines in one segment a day. The only appender.
// Format: docs/formats.md, "Segments". Durability: docs/architecture.md, "Journal".
#pragma once

#include <tallyfs/base/clock.hpp>
#include <tallyfs/base/error.hpp>
#include <tallyfs/base/file.hpp>
#include <tallyfs/journal/segment.hpp>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace tallyfs::journal {

/// What an operator wants to know of a stream. Counts are since the start of the process.
struct stream_status {
    position end;  ///< after the last complete line
    std::uint64_t lines_appended = 0;
    std::uint64_t lines_lost = 0;       ///< append failed: not recorded anywhere
    std::uint64_t segments_sealed = 0;  ///< because of an I/O error
    std::uint64_t torn_bytes_cut = 0;   ///< at start, kept aside in <segment>.torn
    std::uint64_t change_count = 0;     ///< grows with every append and turn of the day
    std::string last_error;             ///< "" or what failed last, with path and reason
    bool failing = false;               ///< the last append or sync failed
};

/// The system calls a stream makes on its segments, so that a test can let them fail.
class file_operations {
  public:
    virtual ~file_operations() = default;
    virtual ::ssize_t write(int fd, const void* data, std::size_t bytes);
    virtual int fdatasync(int fd);
    virtual int ftruncate(int fd, ::off_t length);
};

class stream {
  public:
    /// Opens or creates `directory`, cuts a torn tail off the newest segment (kept aside in
    /// `<segment>.torn`) and goes on in it if its day is not over. Throws startup_error.
    /// `clock` and `operations` outlive the stream.
    stream(std::filesystem::path directory, const clock_source& clock,
           file_operations* operations = nullptr);
    ~stream();
    stream(const stream&) = delete;
    stream& operator=(const stream&) = delete;

    /// Writes one line's bytes, with its newline, into its argument: given the time of the append.
    using line_writer = std::function<void(std::string& out, wall_time now)>;

    /// Appends the line that `write_line` makes, with one write(2), and returns where it begins.
    /// The line is in the page cache when this returns: it survives the death of the process, and
    /// after the next sync() that of the machine. Any thread; `write_line` runs under the lock.
    /// Errors: message_size (over limits::line_bytes_max, or not exactly one line) and those of
    /// write(2), ENOSPC among them; then nothing of the line remains and it counts as lost.
    result<position> append(const line_writer& write_line);

    /// Begins today's segment if midnight has passed, also without a line. Any thread; called
    /// by the live tick once a second, so that today's file exists from midnight.
    void turn_day();

    /// Makes what was appended survive a power cut. Any thread but the proxy's. After a failure
    /// the segment is sealed and a new part begun, because the kernel may have dropped its pages.
    result<void> sync();

    /// Any thread.
    [[nodiscard]] stream_status status() const;
    [[nodiscard]] position end() const;
    /// All segments, oldest first. The newest one is open.
    [[nodiscard]] std::vector<segment_status> segments() const;
    /// Grows with every append and every turn of the day; lock-free.
    [[nodiscard]] std::uint64_t change_count() const noexcept;

    /// Calls `listener` after each append and turn, on the appending thread, without the lock.
    /// It must return at once and must not append. Set before the first append.
    void on_change(std::function<void()> listener);

    [[nodiscard]] const std::filesystem::path& directory() const noexcept { return directory_; }

  private:
    struct implementation;  // segments and descriptor: needs no header of its own here
    std::filesystem::path directory_;
    std::unique_ptr<implementation> implementation_;
};

}  // namespace tallyfs::journal
