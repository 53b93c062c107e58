// usage/budgets.txt: how each budget stands today.
// Format: docs/policies.md, "Budgets".
#pragma once

#include <tallyfs/policy/budget.hpp>

#include <string>
#include <vector>

namespace tallyfs::views {

/// The fullest first.
[[nodiscard]] std::string budgets_text(const std::vector<policy::budget_state>& all);

}  // namespace tallyfs::views
