// The ledger: sums and indexes over the `calls` stream, in SQLite. A view of the journal: it can
// be deleted and is then rebuilt. Schema: docs/formats.md, "Ledger".
#pragma once

#include <tallyfs/base/day.hpp>
#include <tallyfs/base/error.hpp>
#include <tallyfs/base/uuid.hpp>
#include <tallyfs/journal/reader.hpp>
#include <tallyfs/record/call.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::ledger {

/// Sums over calls. Every figure of usage/ is made of these.
struct sums {
    std::int64_t calls = 0;
    std::int64_t errors = 0;  ///< outcome other than ok and client_gone
    std::int64_t client_gone = 0;
    std::int64_t prompt_tokens = 0;
    std::int64_t output_tokens = 0;
    std::int64_t estimated_calls = 0;  ///< whose tokens are estimates
    record::duration busy{};           ///< record::busy()
    record::duration duration{};
    record::duration first_token{};  ///< over first_token_calls
    std::int64_t first_token_calls = 0;
    record::duration eval{};
    std::int64_t eval_tokens = 0;  ///< output tokens of calls that report eval_ms
    std::int64_t cold_starts = 0;
    record::duration cold_load{};  ///< load_ms of cold starts (first_byte_ms where unknown)
    record::duration queue{};
    std::int64_t prompts_cut = 0;
    std::int64_t request_bytes = 0;
    std::int64_t response_bytes = 0;
    /// Calls whose service was named by each record::service_source, in its order.
    std::array<std::int64_t, record::service_sources> by_source{};
    sums& operator+=(const sums& other);
    bool operator==(const sums&) const = default;
};

/// What rows are grouped by. An empty string stands for "none" (no task, no model).
struct group {
    std::string service;
    std::string task;
    std::string model;
    std::string endpoint;
    auto operator<=>(const group&) const = default;
};
struct usage_row {
    wall_time from{};  ///< start of the quarter hour, or of the day; the default when not asked for
    day date;          ///< of the segment; the default when days are summed
    ledger::group group;
    ledger::sums sums;
};

enum class resolution { whole, days, quarter_hours };

/// Which calls: days are those of the segments (a line belongs to the day it was appended in).
struct usage_query {
    std::optional<day> first;  ///< inclusive; none: from the beginning
    std::optional<day> last;   ///< inclusive
    std::optional<std::string> service;
    std::optional<std::string> model;
    resolution by = resolution::whole;
};

/// Stands for everything a set of lines shows: equal stamps, equal figures.
struct stamp {
    std::int64_t lines = 0;
    wall_time changed{};  ///< time of the last line; the default when there is none
    bool operator==(const stamp&) const = default;
};

struct cold_start {
    wall_time time{};
    uuid id;
    ledger::group group;
    record::duration waited{};  ///< load_ms; first_byte_ms where load_ms is unknown
    std::string options;
    std::string evicted_model;  ///< "" if none
};
/// A cold start that pushed another model out, or the same model with other options.
struct swap {
    wall_time time{};
    uuid id;
    std::string evicted_model;
    std::string loaded_model;
    std::string service;
    std::string task;
    std::string options;
    record::duration waited{};
    std::string cause;  ///< "model", or "options" when both names are the same
};
/// How often one model pushed out another, or itself with other options.
struct swap_count {
    std::string evicted_model;
    std::string loaded_model;
    std::int64_t swaps = 0;
};
/// Calls whose data left the house, or would have.
struct departure {
    ledger::group group;
    std::string destination;         ///< "https://ollama.com:443", "web", "model registry"
    std::int64_t calls = 0;          ///< that went there
    std::int64_t request_bytes = 0;  ///< bodies of these
    std::int64_t refused = 0;        ///< that were not let out
};
/// Calls of one day with the same prompt, model and endpoint from the same service and task.
struct duplicate {
    day date;
    ledger::group group;
    std::string prompt_hash;
    std::int64_t calls = 0;          ///< all of them, the first one included
    record::duration repeat_busy{};  ///< busy of all but the first
    std::int64_t repeat_tokens = 0;  ///< prompt and output tokens of all but the first
    wall_time first{};
    wall_time last{};
};
/// Repetition by service, task and model: what the status screen shows.
struct repetition {
    ledger::group group;       ///< endpoint empty
    std::int64_t calls = 0;    ///< with a prompt hash
    std::int64_t repeats = 0;  ///< calls but the first of each prompt
    record::duration busy{};   ///< of the repeats
};

struct rollup;  // <tallyfs/ledger/rollup.hpp>

/// Where a call's line is.
struct place {
    journal::segment_id segment;
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
};

/// Errors of SQLite: the value is an extended result code, https://www.sqlite.org/rescode.html.
[[nodiscard]] const boost::system::error_category& sqlite_category() noexcept;
/// True if an error means that the ledger's file is damaged. What to do then: clear(), and apply
/// the journal from the beginning.
[[nodiscard]] bool is_damage(const error_code& error) noexcept;

/// Not thread-safe: the view thread owns it.
class ledger {
  public:
    /// Opens or creates the ledger file. One of another schema version, that is damaged or cannot
    /// be used is deleted and begun anew (`was_reset()` tells, with the reason). Where not even
    /// that is possible, on a full disk say, broken() tells and clear() may help later. Throws
    /// startup_error if another process has the file open.
    explicit ledger(std::filesystem::path file);
    ~ledger();
    ledger(const ledger&) = delete;
    ledger& operator=(const ledger&) = delete;

    /// Why the file was begun anew when it was opened; "" if it was not.
    [[nodiscard]] const std::string& was_reset() const noexcept;
    /// True if there was no file when it was opened: of a journal with lines it was deleted.
    [[nodiscard]] bool was_created() const noexcept;

    /// Why nothing but clear() helps: apply() or a query has come upon damage, or no file is open.
    /// No error while the ledger works.
    [[nodiscard]] error_code broken() const noexcept;

    /// The next line to apply: stored in the same transaction as what was applied.
    [[nodiscard]] journal::position checkpoint() const;
    /// Applies lines in order and moves the checkpoint behind them, in one transaction: all or
    /// nothing. A line that cannot be read is counted and skipped (`unreadable_lines()`). Errors:
    /// SQLite's, in sqlite_category(); the ledger then stands where it stood, and the same lines
    /// can be tried again. invalid_argument: the batch begins neither at the checkpoint nor at the
    /// start of a later segment, so that lines would count twice or be missed, or it does not end
    /// with a newline.
    /// It costs one transaction: a rebuild wants batches of 1 MiB and more.
    result<void> apply(const journal::batch& lines);
    /// Forgets everything, by deleting the file and making a new one: the next checkpoint is the
    /// beginning. Also the way out of a damaged file. After an error no file is open, and all
    /// that need it fail with SQLITE_CANTOPEN until clear() succeeds.
    result<void> clear();
    /// Compares the checkpoint with the journal, before the first line is applied or appended:
    /// `segments` is what journal::stream::segments() tells. If the checkpoint's segment does not
    /// exist any more, ends before the checkpoint (a power cut took lines away that the ledger
    /// has), holds another line there or cannot be read, everything is cleared, and the reason
    /// returned; "" if the two agree. Errors: those of clear().
    result<std::string> reconcile(const std::vector<journal::segment_status>& segments);
    [[nodiscard]] std::int64_t unreadable_lines() const noexcept;

    // Days whose lines are deleted: docs/architecture.md, "Retention".
    /// Closes the open day, of which no line comes any more; `next` is where a later one begins.
    /// Errors: SQLite's; invalid_argument if `next` is not behind the open day.
    result<void> turn_to(const journal::position& next);
    /// All that is kept of a closed day; `made` is now. Errors: SQLite's; invalid_argument for a
    /// day that is not closed.
    [[nodiscard]] result<rollup> roll_up(day date, wall_time made) const;
    /// Forgets what points to the lines of a closed day, so that they can be deleted: it stands on
    /// the disk when this returns. Nothing happens where that has been done. Errors: SQLite's;
    /// invalid_argument if the day is not closed or has other calls.
    result<void> forget_lines(const rollup& kept);
    /// Takes a day from its rollup, where the checkpoint is at its beginning or before. Errors:
    /// those of apply().
    result<void> apply(const rollup& kept);
    /// Days whose lines are forgotten, oldest first; in memory.
    [[nodiscard]] std::vector<day> rolled_days() const;
    /// When the last of them was summed up; the default if there is none.
    [[nodiscard]] wall_time last_rolled() const;

    [[nodiscard]] result<std::vector<usage_row>> usage(const usage_query& query) const;
    /// The same rows in the same order, one after the other: a year by days would fill 50 MB.
    /// After an error no row was shown. `show` must not use the ledger.
    result<void> for_each_usage(const usage_query& query,
                                const std::function<void(const usage_row&)>& show) const;
    /// Days that have lines, oldest first; in memory.
    [[nodiscard]] std::vector<day> days() const;
    /// Names that have lines, sorted; in memory.
    [[nodiscard]] std::vector<std::string> services() const;
    [[nodiscard]] std::vector<std::string> models() const;
    /// Stamps, from memory: of everything, a day, a service, a model.
    [[nodiscard]] stamp stamp_of_all() const;
    [[nodiscard]] stamp stamp_of_day(day date) const;
    [[nodiscard]] stamp stamp_of_service(const std::string& service) const;
    [[nodiscard]] stamp stamp_of_model(const std::string& model) const;
    /// The newest `rows_max`, newest first.
    [[nodiscard]] result<std::vector<cold_start>> cold_starts(std::size_t rows_max) const;
    [[nodiscard]] result<std::vector<swap>> swaps(std::size_t rows_max) const;
    /// Since that day, by group and destination; the most calls first.
    [[nodiscard]] result<std::vector<departure>> departures(day first) const;
    /// All swaps that the calls made which a query names: of a model those that loaded it. `by` is
    /// not used. By models, in their order.
    [[nodiscard]] result<std::vector<swap_count>> swap_counts(const usage_query& query) const;
    /// Prompts that were repeated, the costliest first, of the days given. (Of the prompts of one
    /// day the first million is told apart.)
    [[nodiscard]] result<std::vector<duplicate>> duplicates(std::optional<day> first,
                                                            std::size_t rows_max) const;
    /// Of one day, the most time in repeats first.
    [[nodiscard]] result<std::vector<repetition>> repetitions(day date) const;
    /// The line of a call; nullopt if the ledger knows none. Reads the journal's segments below
    /// `calls_directory` to find it among the few blocks that may hold it.
    [[nodiscard]] result<std::optional<place>> locate(
        const uuid& id, const std::filesystem::path& calls_directory) const;

  private:
    struct implementation;  // sqlite3.h stays out of headers
    std::unique_ptr<implementation> implementation_;
};

}  // namespace tallyfs::ledger
