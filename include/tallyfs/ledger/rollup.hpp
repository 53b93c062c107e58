// What is kept of a day whose lines are deleted: everything that sums show of it.
// Format: docs/formats.md, "Rollups".
#pragma once

#include <tallyfs/ledger/ledger.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::ledger {

/// Rows name their group by its place in `groups`.
struct rollup {
    struct group_row {
        tallyfs::ledger::group group;
        std::int64_t prompts = 0;  ///< calls with a prompt hash
        std::int64_t repeats = 0;  ///< those but the first of each prompt
        record::duration repeat_busy{};
        bool operator==(const group_row&) const = default;
    };
    struct quarter_row {
        std::int64_t quarter = 0;  ///< counts from 00:00 UTC of the day
        std::size_t group = 0;
        tallyfs::ledger::sums sums;
        bool operator==(const quarter_row&) const = default;
    };
    /// A service, or a model.
    struct name_row {
        bool model = false;
        std::string name;
        wall_time last_call{};
        bool operator==(const name_row&) const = default;
    };
    struct swap_row {
        std::size_t group = 0;
        std::string evicted_model;
        std::int64_t swaps = 0;
        bool operator==(const swap_row&) const = default;
    };
    struct departure_row {
        std::size_t group = 0;
        std::string destination;
        std::int64_t calls = 0;
        std::int64_t request_bytes = 0;
        std::int64_t refused = 0;
        bool operator==(const departure_row&) const = default;
    };

    day date;
    wall_time made{};
    stamp calls;
    std::int64_t unreadable_lines = 0;
    std::vector<group_row> groups;  ///< in the order in which the ledger numbers them
    std::vector<quarter_row> quarters;
    std::vector<name_row> names;
    std::vector<swap_row> swaps;
    std::vector<departure_row> departures;
    std::map<std::string, std::string> loaded;  ///< models at the day's end, with their options
    bool operator==(const rollup&) const = default;
};

/// The lines of its file, with the end mark. Error: message_size, a line would be too long.
[[nodiscard]] result<std::string> to_lines(const rollup& kept);

/// Reads a whole file. Returns "", or where and why it cannot be believed ("line 17: not JSON");
/// what is in `to` is then of no use.
[[nodiscard]] std::string parse_rollup(std::string_view text, rollup& to);

}  // namespace tallyfs::ledger
