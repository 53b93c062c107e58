// The audit's index: its blocks, its file, and what of both stands in memory.
// Format: docs/formats.md, "Audit index".
#pragma once

#include "ledger/audit_names.hpp"
#include "ledger/view_file.hpp"

#include <tallyfs/ledger/ledger.hpp>

#include <atomic>
#include <chrono>
#include <deque>
#include <limits>
#include <mutex>

namespace tallyfs::ledger {

/// PRAGMA application_id: "tala" in ASCII.
inline constexpr view_format audit_index_format{0x74616c61, 1, "an index of the audit"};

inline constexpr std::int64_t audit_block_lines_max = 256;

/// Logged times of some lines, both included.
struct time_range {
    wall_time min = wall_time::max();
    wall_time max = wall_time::min();
    void add(const time_range& other) {
        min = std::min(min, other.min);
        max = std::max(max, other.max);
    }
    [[nodiscard]] bool meets(const audit_query& query) const {
        return (!query.from || max >= *query.from) && (!query.until || min < *query.until);
    }
};

/// A run of lines of one segment.
struct audit_block {
    std::int64_t id = 0;
    place where;
    std::int64_t lines = 0;
    std::int64_t unreadable = 0;  ///< of them
    time_range logged;
};

/// One that may still grow, or is not in the file yet.
struct young_block : audit_block {
    std::vector<audit_name_id> names;
    std::size_t names_written = 0;
};

/// The last line before the checkpoint, to see whether the journal still holds it there.
struct audit_line_mark {
    std::uint64_t bytes = 0;
    std::uint64_t number = 0;     ///< in the chain; 0: not known
    std::uint64_t link_hash = 0;  ///< of what it says of the line before
};

struct audit_standing {
    journal::position checkpoint;
    audit_line_mark last_line;
    std::int64_t lines = 0;
    std::int64_t unreadable = 0;
    std::optional<day> last_forgotten;
    std::int64_t next_block = 0;
};

/// The statements that are needed again and again, prepared once. `owner` outlives it, and errors
/// stay in it.
struct audit_statements {
    explicit audit_statements(database& owner);
    statement put_name;
    statement put_block;
    statement put_posting;
    statement put_checkpoint;
    statement find_posting;  ///< the last block up to one that has a name
    statement find_block;    ///< the last one up to a number
};

struct audit_session {
    audit_session(const std::filesystem::path& path, bool is_new) : file(path) {
        if (is_new) reserve_checksums(file);
        if (file.good()) configure(file);
    }
    database file;
    std::optional<audit_statements> statements;
};

[[nodiscard]] result<void> create_audit_tables(database& owner);
[[nodiscard]] audit_block read_audit_block(const statement& row);
/// The mark of a line that was just read or written.
[[nodiscard]] audit_line_mark mark_of(const record::audit_event& e, std::uint64_t bytes);

struct audit_index::implementation {
    implementation(std::filesystem::path path, std::size_t names_max)
        : file(std::move(path)), names(names_max) {}

    // Lifecycle: audit_index.cpp. Under the mutex, as all that follows.
    error_code open_existing();
    result<void> create();
    /// Takes note of an error: after damage the file is begun anew.
    error_code note(const error_code& failure);
    [[nodiscard]] error_code usable();

    // What is in the file: audit_store.cpp.
    result<void> load();
    result<void> write();
    /// Where a write is due.
    result<void> write_in_time();
    result<void> forget(day date);
    void write_rows();
    void write_checkpoint();

    // Taking lines: audit_take.cpp.
    void take(const record::audit_event& e, const journal::position& at, std::uint64_t bytes);
    void take_unreadable(const journal::position& at, std::uint64_t bytes);
    young_block& block_for(const journal::position& at, std::uint64_t bytes);
    void enter_names(young_block& block, const record::audit_event& e);

    // Finding: audit_candidates.cpp.
    struct wanted {
        struct name {
            audit_name_id id = 0;
            audit_name kind = audit_name::cluster;
        };
        std::vector<name> names;
        std::uint64_t epoch = 0;
        std::int64_t below = std::numeric_limits<std::int64_t>::max();
    };
    [[nodiscard]] wanted prepare(const audit_query& query) const;
    /// The newest blocks below `search.below` that may have what is looked for; it moves down.
    result<std::vector<audit_block>> candidates(const audit_query& query, wanted& search,
                                                std::size_t blocks_max);

    std::filesystem::path file;
    mutable std::mutex mutex;
    std::string reset_reason;
    std::atomic<std::uint64_t> epoch = 0;  ///< grows when the file is begun anew
    std::unique_ptr<audit_session> current;
    audit_standing now;
    audit_names names;
    std::vector<time_range> runs;   ///< of 256 blocks in the file each, by block / 256
    std::deque<young_block> young;  ///< the newest ones, their numbers without gaps
    std::chrono::steady_clock::time_point written{};
    journal::position written_to;  ///< the checkpoint in the file

  private:
    [[nodiscard]] bool skip_runs(const audit_query& query, std::int64_t& id) const;
    [[nodiscard]] bool skip_postings(const wanted& search, std::int64_t& id);
    [[nodiscard]] bool skip_to_name(const wanted::name& name, std::int64_t& id);
    void add_young(const audit_query& query, wanted& search, std::size_t blocks_max,
                   std::vector<audit_block>& found) const;
};

inline constexpr std::int64_t blocks_of_a_run = 256;

}  // namespace tallyfs::ledger
