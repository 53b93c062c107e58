// An index over the `audit` stream: in which blocks of lines a user, an object, a class stands. A
// view of the journal, in an SQLite file of its own. Schema: docs/formats.md, "Audit index".
#pragma once

#include <tallyfs/base/error.hpp>
#include <tallyfs/journal/reader.hpp>
#include <tallyfs/record/audit_event.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::ledger {

/// A line that was just appended, and where it is.
struct indexed_event {
    const record::audit_event* event = nullptr;
    journal::position at;
    std::uint64_t bytes = 0;  ///< with its newline
};

/// What to look for: all that is given has to match. Names exactly, case and all.
struct audit_query {
    std::optional<std::string> cluster;
    std::optional<std::string> user;
    std::optional<std::string> database;
    std::optional<std::string> object;
    std::optional<std::string> class_name;
    std::optional<std::string> command;
    std::optional<std::string> kind;
    std::optional<std::string> rule;  ///< among the event's rules
    std::optional<wall_time> from;    ///< logged at or after
    std::optional<wall_time> until;   ///< logged before
    std::size_t events_max = 10'000;  ///< the newest of them; 24 bytes of memory each
    /// Lines that are looked through, the newest blocks first: then it ends with `more`.
    std::uint64_t lines_read_max = std::numeric_limits<std::uint64_t>::max();
};

struct audit_found {
    std::uint64_t events = 0;
    bool more = false;             ///< there are older ones, or may be
    std::uint64_t lines_read = 0;  ///< what it cost: lines of the blocks that were looked through
};

/// Any thread: calls wait for each other; find() only for what it asks the file.
class audit_index {
  public:
    /// Names that get a number of their own, 40 bytes of memory each: clients can invent them. The
    /// blocks of others are found as those of "(other)".
    static constexpr std::size_t names_max = 1'000'000;

    /// As ledger::ledger: a file of another version or that is damaged is begun anew. Throws
    /// startup_error if another process has it open.
    explicit audit_index(std::filesystem::path file, std::size_t names = names_max);
    /// Writes what stands in memory, as far as that is possible.
    ~audit_index();
    audit_index(const audit_index&) = delete;
    audit_index& operator=(const audit_index&) = delete;

    /// Why the file was begun anew, when it was opened or since; "" if it was not.
    [[nodiscard]] std::string was_reset() const;
    /// How often it was begun anew, in add(), find() or anywhere else: then it lacks lines.
    /// Lock-free.
    [[nodiscard]] std::uint64_t resets() const noexcept;
    /// Behind the last line that it has; the beginning after it was begun anew.
    [[nodiscard]] journal::position checkpoint() const;
    /// Events in the order of their lines, the first of them at the checkpoint or at the start of a
    /// later segment; one transaction, at most one a second: what is younger stands in memory, is
    /// found as well, and after a crash read again. An event has the `number` and `previous` of its
    /// line: by these reconcile() knows it. Errors: SQLite's; invalid_argument for a line that is
    /// not next. After an error nothing of `events` was taken: go on with apply() from the
    /// checkpoint, which is the beginning where the file was found to be damaged.
    result<void> add(const std::vector<indexed_event>& events);
    /// The same from the lines themselves; one that cannot be read is counted and passed over.
    result<void> apply(const journal::batch& lines);
    /// Writes what stands in memory. Called once a second where no events may come.
    result<void> flush();
    /// As ledger::ledger::reconcile().
    result<std::string> reconcile(const std::vector<journal::segment_status>& segments);
    /// Forgets everything: the next checkpoint is the beginning.
    result<void> clear();
    /// Forgets the lines of a day, which are deleted; a checkpoint in it or before moves behind it.
    /// On the disk when it returns.
    result<void> forget_day(day date);
    /// The last day that was forgotten: lines of it that are still there are to be deleted.
    [[nodiscard]] std::optional<day> last_forgotten() const;
    /// The first day of which it has lines.
    [[nodiscard]] std::optional<day> oldest_day() const;

    /// Oldest first. `show` gets the line without its newline, and the event. `segments` is
    /// journal/audit; lines that were deleted meanwhile are passed over. Errors: SQLite's, those of
    /// reading segments; resource_unavailable_try_again if it was begun anew meanwhile.
    result<audit_found> find(
        const audit_query& query, const std::filesystem::path& segments,
        const std::function<void(std::string_view line, const record::audit_event&)>& show) const;

    /// Lines, names and bytes of the file: for tests and the bench.
    struct figures {
        std::uint64_t lines = 0;  ///< with those that cannot be read
        std::uint64_t unreadable_lines = 0;
        std::uint64_t names = 0;
        std::uint64_t file_bytes = 0;
    };
    [[nodiscard]] figures count() const;

  private:
    struct implementation;
    std::unique_ptr<implementation> implementation_;
};

}  // namespace tallyfs::ledger
