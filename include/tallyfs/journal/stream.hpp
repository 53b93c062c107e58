// A stream of the journal: append-only JSON lines in one segment a day. The only appender.
// Format: docs/formats.md, "Segments". Durability: docs/architecture.md, "Journal".
#pragma once

#include <tallyfs/base/clock.hpp>
#include <tallyfs/base/error.hpp>
#include <tallyfs/base/file.hpp>
#include <tallyfs/journal/segment.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
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
    /// Behind the last lines of segments that were closed before the start: readers pass them over.
    std::uint64_t torn_bytes_left = 0;
    std::uint64_t change_count = 0;  ///< grows with every append and turn of the day
    std::string last_error;          ///< "" or what failed last, with path and reason
    bool failing = false;            ///< the last append, begin of a segment or sync failed
};

/// The system calls that change segments, so that a test can let them fail.
class file_operations {
  public:
    file_operations() = default;
    file_operations(const file_operations&) = delete;
    file_operations& operator=(const file_operations&) = delete;
    virtual ~file_operations() = default;
    virtual ::ssize_t write(int fd, const void* data, std::size_t bytes);
    virtual int fdatasync(int fd);
    virtual int ftruncate(int fd, ::off_t length);
    virtual int rename(const char* from, const char* to);
    virtual int unlink(const char* path);
};

/// A line that was appended, and where it is.
struct placed_line {
    position at;
    std::uint64_t bytes = 0;  ///< with its newline
};

class stream {
  public:
    /// Opens or creates `directory`, cuts a torn tail off the newest segment (kept aside in
    /// `<segment>.torn`) and goes on in it if its day is not over; otherwise begins today's.
    /// A full disk does not stop the start: the stream is then failing until there is room.
    /// Throws startup_error, also where a segment cannot be read: going on without its lines would
    /// make every figure wrong. `clock` and `operations` outlive the stream.
    stream(std::filesystem::path directory, const clock_source& clock,
           file_operations* operations = nullptr);
    /// Does not sync: call sync() before, where its error can still be told.
    ~stream();
    stream(const stream&) = delete;
    stream& operator=(const stream&) = delete;

    /// Writes one line's bytes, with its newline, into its argument: given the time of the append.
    using line_writer = std::function<void(std::string& out, wall_time now)>;

    /// Appends the line that `write_line` makes, with one write(2), and returns where it begins.
    /// The line is in the page cache when this returns: it survives the death of the process, and
    /// after the next sync() that of the machine. Any thread; `write_line` runs under the lock.
    /// Errors: message_size (over limits::line_bytes_max, or not exactly one line) and those of
    /// open(2) and write(2), ENOSPC among them (a short write is that too); then nothing of the
    /// line remains and it counts as lost. The next append tries again.
    result<position> append(const line_writer& write_line);

    /// As line_writer, for line `i` of several: appends to what is in `out`.
    using lines_writer = std::function<void(std::size_t i, std::string& out, wall_time now)>;
    /// What one write(2) takes at most, and a line more: beyond it a system call for each line
    /// costs next to nothing.
    static constexpr std::size_t lines_bytes_max = 256 * 1024;

    /// Appends as many of `count` lines as lines_bytes_max takes, the first ones, with one write(2)
    /// and one time; `placed` gets each that was appended, also before an error. Durability,
    /// threads and errors as of append(): after a short write the lines that are whole stay, the
    /// rest is cut off. What is not appended counts as lost only where it is no line that fits
    /// (message_size, of the line behind those in `placed`): whoever has several can try again.
    result<void> append_lines(std::size_t count, const lines_writer& write_line,
                              std::vector<placed_line>& placed);

    /// Begins today's segment if midnight has passed, also without a line. Any thread; called
    /// by the live tick once a second, so that today's file exists from midnight. Until it succeeds
    /// the stream is failing.
    void turn_day();

    /// Makes what was appended survive a power cut. Any thread but the proxy's; appends go on
    /// meanwhile. After a failure the segment is sealed and a new part begun, because the kernel
    /// may have dropped its pages (at most 1,000 parts a day); the same if somebody deleted the
    /// open segment's file.
    result<void> sync();

    /// Deletes the segments of a day that is over, and what was kept aside of them; who has one
    /// open reads on. Any thread but the proxy's. Errors: invalid_argument for the newest day and
    /// later ones; those of unlink(2) and fsync(2): what is not deleted then remains, whole parts.
    result<void> remove_day(day date);

    /// Any thread; never waits for a system call, as the next five.
    [[nodiscard]] stream_status status() const;
    [[nodiscard]] position end() const;
    /// All segments, oldest first. The newest one is open, unless it was sealed and the disk
    /// refuses the next part.
    [[nodiscard]] std::vector<segment_status> segments() const;
    /// The first segment that is not before `id`.
    [[nodiscard]] std::optional<segment_status> segment_from(const segment_id& id) const;
    /// How many bytes of lines lie behind `at`.
    [[nodiscard]] std::uint64_t bytes_after(const position& at) const;
    /// Grows with every append and every turn of the day; lock-free.
    [[nodiscard]] std::uint64_t change_count() const noexcept;

    /// Calls `listener` after each append and turn, on the appending thread, without the lock.
    /// It must return at once and must not append. Set before the first append.
    void on_change(std::function<void()> listener);

    [[nodiscard]] const std::filesystem::path& directory() const noexcept { return directory_; }

  private:
    /// Shared with a sync() that runs while the day turns.
    struct segment_file {
        unique_fd fd;
        std::filesystem::path path;
    };
    using shared_file = std::shared_ptr<const segment_file>;

    void adopt_newest(wall_time now);
    void adopt_unsynced();
    [[nodiscard]] bool cut_torn_tail(const segment_file& file, std::uint64_t end);
    result<position> append_locked(const line_writer& write_line);
    error_code ensure_segment(wall_time now);
    error_code begin_segment(segment_id id, wall_time now);
    result<void> append_some(std::size_t count, const lines_writer& write_line,
                             std::vector<placed_line>& placed, std::uint64_t lost_by_disk);
    [[nodiscard]] bool make_lines(std::size_t count, const lines_writer& write_line, wall_time now);
    error_code append_made(wall_time now, std::vector<placed_line>& placed);
    error_code put(wall_time now, std::vector<placed_line>& placed);
    void publish(wall_time now, std::size_t written, std::vector<placed_line>& placed);
    void note_failed_append(const std::string& what, bool disk, std::uint64_t lines_lost);
    void close_newest();
    void seal();
    error_code sync_files(const shared_file& current, const std::vector<shared_file>& closed);
    error_code flush(const segment_file& file);
    void seal_after_failed_sync(const shared_file& file);
    void note_sync_failure(error_code reason, const std::filesystem::path& path);
    error_code remove_file(const std::filesystem::path& path);
    void forget(const std::vector<segment_status>& gone);
    void notify() const;

    std::filesystem::path directory_;
    const clock_source& clock_;
    file_operations& operations_;
    std::function<void()> listener_;
    std::atomic<std::uint64_t> change_count_{0};

    // Taken in this order. state_mutex_ is never held across a system call, so that who only
    // looks does not wait for the disk.
    std::mutex sync_mutex_;
    std::mutex append_mutex_;
    mutable std::mutex state_mutex_;

    // Under append_mutex_.
    std::string lines_;              ///< that are being appended
    std::vector<std::size_t> ends_;  ///< of each of them, in lines_
    std::string failed_step_;        ///< what could not be done, with the path
    segment_id current_;             ///< part 0: the day's first segment could not be created yet
    wall_time next_midnight_{};

    // Under state_mutex_; written under append_mutex_ or sync_mutex_ as well.
    std::vector<segment_status> segments_;
    shared_file file_;  ///< of current_; null: sealed, and the next part not created yet
    std::vector<shared_file> closed_unsynced_;
    bool unsynced_ = false;  ///< file_ has lines that are not synced
    bool directory_unsynced_ = false;
    bool append_failing_ = false;  ///< until a line is appended
    bool sync_failing_ = false;
    bool begin_failing_ = false;  ///< until there is a segment to append to
    stream_status counts_;        ///< end, change_count and failing are filled in by status()
};

}  // namespace tallyfs::journal
