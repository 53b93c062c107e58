// Answers from the file and from what stands in memory.
// Format: docs/formats.md, "Ledger".
#pragma once

#include "ledger/schema.hpp"
#include "ledger/standing.hpp"

#include <tallyfs/ledger/rollup.hpp>

namespace tallyfs::ledger {

/// Reads usage: whole and by day from the day sums (the open day's from memory), by quarter hour
/// from the quarter sums. Rows are in the order of time, then of their group's names.
[[nodiscard]] result<void> read_usage(database& owner, const standing& now,
                                      const usage_query& query,
                                      const std::function<void(const usage_row&)>& show);
[[nodiscard]] result<std::vector<cold_start>> read_cold_starts(database& owner, const standing& now,
                                                               std::size_t rows_max);
[[nodiscard]] result<std::vector<swap>> read_swaps(database& owner, const standing& now,
                                                   std::size_t rows_max);
[[nodiscard]] result<std::vector<departure>> read_departures(database& owner, const standing& now,
                                                             day first);
/// From the sums of swaps: of days, or of everything.
[[nodiscard]] result<std::vector<swap_count>> read_swap_counts(database& owner, const standing& now,
                                                               const usage_query& query);
[[nodiscard]] result<std::vector<duplicate>> read_duplicates(database& owner, const standing& now,
                                                             std::optional<day> first,
                                                             std::size_t rows_max);
[[nodiscard]] result<std::vector<repetition>> read_repetitions(database& owner, const standing& now,
                                                               day date);
/// All that is kept of a closed day.
[[nodiscard]] result<rollup> read_rollup(database& owner, const standing& now, day date);
[[nodiscard]] result<std::optional<place>> find_line(database& owner, const standing& now,
                                                     const uuid& id,
                                                     const std::filesystem::path& directory);

}  // namespace tallyfs::ledger
