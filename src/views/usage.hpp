// A period of usage, rendered for people (.txt) and for programs (.json, .csv).
// Format: docs/formats.md, "Usage".
#pragma once

#include <tallyfs/ledger/ledger.hpp>

#include <optional>
#include <string>

namespace tallyfs::views {

/// Which calls a file sums, and how its heading names them.
struct usage_period {
    std::string title;       ///< "Fri 2026-11-20", "November 2026", "since 2026-01-03"
    std::string empty_hint;  ///< what makes this file fill
    ledger::usage_query query;
    wall_time last_change{};  ///< of the newest line in it; the default when there is none
    bool one_day = false;
    bool open = false;  ///< more calls can still come
};

/// All of these throw boost::system::system_error when the ledger cannot be read.
[[nodiscard]] std::string usage_text(const ledger::ledger& from, const usage_period& period);
[[nodiscard]] std::string usage_json(const ledger::ledger& from, const usage_period& period);
/// One row a group: by quarter hour for a day, by day for a longer period.
[[nodiscard]] std::string usage_csv(const ledger::ledger& from, const usage_period& period);
/// One row a day that has calls.
[[nodiscard]] std::string days_csv(const ledger::ledger& from, const ledger::usage_query& query);
/// One row a task (or, of a model, a service and task) over all days.
[[nodiscard]] std::string tasks_csv(const ledger::ledger& from, const ledger::usage_query& query);
[[nodiscard]] std::string cold_starts_csv(const ledger::ledger& from);
[[nodiscard]] std::string swaps_csv(const ledger::ledger& from);
[[nodiscard]] std::string duplicates_csv(const ledger::ledger& from);

}  // namespace tallyfs::views
