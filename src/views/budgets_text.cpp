#include "views/budgets_text.hpp"

#include <tallyfs/base/readable.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace tallyfs::views {

namespace {

struct row {
    std::string text;
    double share = 0;
};

row row_of(const policy::budget_state& state, const policy::budget_level& level) {
    row made;
    made.share =
        level.limit > 0 ? static_cast<double>(level.used) / static_cast<double>(level.limit) : 1;
    made.text = fmt::format("{} {} {:>11} {:>11} {:>7} {:>8}{}\n", column(level.budget, 16),
                            column(to_string(level.measure), 16), grouped(level.used),
                            grouped(level.limit), percent_text(level.used, level.limit),
                            grouped(state.refused_today), state.raised ? " raised" : "");
    return made;
}

}  // namespace

std::string budgets_text(const std::vector<policy::budget_state>& all) {
    std::vector<row> rows;
    for (const auto& state : all) {
        for (const auto& level : state.levels) rows.push_back(row_of(state, level));
    }
    if (rows.empty()) {
        return "There are no budgets. To make one:\n"
               "echo 'principal=uid:1001 tokens_per_day=200000' > control/budgets/NAME\n";
    }
    std::ranges::stable_sort(rows, std::greater{}, &row::share);
    std::string text =
        "BUDGET           LIMIT                   USED          OF    FULL  REFUSED\n";
    for (const auto& one : rows) text += one.text;
    return text + "\nMore for today: a request of the kind budget-raise, approvals/README.md\n";
}

}  // namespace tallyfs::views
