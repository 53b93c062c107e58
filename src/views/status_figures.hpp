// What both forms of the status screen show: today's sums, and what a person should look at.
// Sample: docs/formats.md, "Status".
#pragma once

#include <tallyfs/views/sources.hpp>

#include <string>
#include <vector>

namespace tallyfs::views {

/// One line of the screen's top: "look  n8n/contracts  2 prompts cut by Ollama".
struct concern {
    /// "approve" what waits for a word, "mend" what does not work, "look" what works and costs
    std::string kind;
    std::string who;
    std::string what;
};

struct today_figures {
    day date;
    bool known = false;  ///< not while the ledger is rebuilt or does not follow
    std::vector<ledger::usage_row> rows;
    std::vector<ledger::repetition> repetitions;
    ledger::sums total;
};

/// The screen is shown in any case: without figures where the ledger has none.
[[nodiscard]] today_figures figures_of_today(const sources& from);
/// The most urgent first.
[[nodiscard]] std::vector<concern> concerns_of(const sources& from, const today_figures& today);

}  // namespace tallyfs::views
