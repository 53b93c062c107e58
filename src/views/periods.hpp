// Days, months and all time as files of usage/: which calls they sum, and when they changed.
// Format: docs/formats.md, "Usage".
#pragma once

#include "views/usage.hpp"

#include <tallyfs/tree/node.hpp>
#include <tallyfs/views/sources.hpp>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tallyfs::views {

/// A period has one file of each.
inline constexpr std::array<std::string_view, 3> extensions{"csv", "json", "txt"};

/// "2026-11-20.txt" -> the stem and one of the three extensions.
[[nodiscard]] std::optional<std::pair<std::string, std::string_view>> split_file_name(
    std::string_view name);

[[nodiscard]] day first_of_month(day date);
[[nodiscard]] ledger::stamp stamp_of_month(const sources& from, day first);

// `stamp` is of the lines that the period sums.
[[nodiscard]] usage_period day_period(const sources& from, day date, ledger::stamp stamp);
[[nodiscard]] usage_period month_period(const sources& from, day first, ledger::stamp stamp);
[[nodiscard]] usage_period total_period(const sources& from, ledger::stamp stamp);

/// The file of a period with the extension given.
[[nodiscard]] tree::node period_node(const sources& from, const usage_period& period,
                                     ledger::stamp stamp, std::string_view extension);

}  // namespace tallyfs::views
