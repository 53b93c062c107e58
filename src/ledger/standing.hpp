// Where the ledger stands: what it keeps in memory, and what a batch of lines changes in it.
// Format of what is stored: docs/formats.md, "Ledger".
#pragma once

#include "ledger/names.hpp"
#include "ledger/prompts.hpp"

#include <tallyfs/ledger/ledger.hpp>

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace tallyfs::ledger {

/// Lines of a segment that are one row of the index of ids.
inline constexpr std::int64_t block_lines_max = 256;

/// The first 8 bytes of an id as a number with the order of the ids.
[[nodiscard]] std::int64_t id_prefix(const uuid& id) noexcept;

/// The lowest and the highest id of some lines, by their prefixes.
struct id_range {
    std::int64_t min = std::numeric_limits<std::int64_t>::max();
    std::int64_t max = std::numeric_limits<std::int64_t>::min();
    void add(const id_range& other) {
        min = std::min(min, other.min);
        max = std::max(max, other.max);
    }
    [[nodiscard]] bool holds(std::int64_t prefix) const { return min <= prefix && prefix <= max; }
};

/// A run of lines of one segment.
struct block {
    journal::segment_id segment;
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
    std::int64_t lines = 0;
    id_range ids;
};
/// What is known of a day: enough to tell whether an id can be in it.
struct day_lines {
    stamp lines;
    id_range ids;
    std::int64_t unreadable = 0;  ///< lines that are not among `lines`
};

/// The last line before the checkpoint, to see whether the journal still holds it there.
struct line_mark {
    std::uint64_t bytes = 0;
    std::uint64_t hash = 0;
};

/// Calls by quarter hour and group: the quarter counts from 00:00 UTC of the segment's day.
struct quarter_key {
    std::int64_t quarter = 0;
    group_id of = 0;
    auto operator<=>(const quarter_key&) const = default;
};
struct quarter_hash {
    std::size_t operator()(const quarter_key& key) const noexcept {
        return static_cast<std::size_t>(key.quarter) * 0x9e3779b97f4a7c15U ^ key.of;
    }
};
using quarter_sums = std::unordered_map<quarter_key, sums, quarter_hash>;
inline constexpr std::chrono::minutes quarter_hour{15};

struct cold_start_row {
    wall_time time{};
    uuid id;
    group_id of = 0;
    record::duration waited{};
    std::string options;
    std::string evicted_model;
};
struct swap_row {
    cold_start_row start;
    std::string cause;
};

/// A call whose data leaves the house, or would have.
struct leaving_row {
    group_id of = 0;
    std::string destination;
    std::int64_t request_bytes = 0;
    bool refused = false;
};

/// Options with which models are loaded, as far as lines tell. nullopt: known to be unloaded.
using loaded_models = std::map<std::string, std::optional<std::string>>;

/// What is in memory. Figures of the open day, which is that of the checkpoint, are here only;
/// the file holds the quarter hours and the log from which they are made again.
struct standing {
    journal::position checkpoint;
    line_mark last_line;
    stamp all;
    std::int64_t unreadable_lines = 0;
    name_table names;
    std::vector<stamp> name_stamps;  ///< by name_id; of services and models
    std::map<day, day_lines> days;
    std::map<day, wall_time> rolled;  ///< days whose lines are gone, and when they were summed up
    std::unordered_map<group_id, sums> open_day;
    prompts_of_day prompts;
    loaded_models loaded;
    block open_block;
};

/// What one batch adds.
struct changes {
    journal::position end;
    line_mark last_line;
    stamp all;
    id_range ids;
    std::int64_t unreadable_lines = 0;
    name_table::size names_before;
    std::vector<stamp> name_stamps;  ///< by name_id; no lines: not touched
    quarter_sums quarters;
    std::string prompt_log;
    loaded_models loaded;
    std::vector<block> blocks;  ///< the first may replace the one that was open
    std::vector<cold_start_row> cold_starts;
    std::vector<swap_row> swaps;
    std::vector<leaving_row> leaving;
    std::vector<group_id> groups;  ///< of a rollup: by their places in it
};

/// Reads the lines of a batch. New names are entered in `now.names`; nothing else of `now` is
/// changed before accept().
[[nodiscard]] changes collect(standing& now, const journal::batch& lines);
/// True if the batch is of a later day than the open one.
[[nodiscard]] bool closes_day(const standing& now, const changes& batch) noexcept;
/// Takes over what has been stored.
void accept(standing& now, changes&& batch);

/// Puts `added` behind `into`.
void merge(stamp& into, const stamp& added);

}  // namespace tallyfs::ledger
