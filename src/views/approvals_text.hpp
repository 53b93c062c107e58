// The texts of approvals/: who waits for whom, and what a request is, for people and programs.
// Format: docs/formats.md, "Approvals".
#pragma once

#include <tallyfs/state/approvals.hpp>

#include <string>
#include <vector>

namespace tallyfs::views {

/// README.md, with the kinds that can be asked for.
[[nodiscard]] std::string approvals_readme(const state::approvals& approvals);
/// What waits for whom, oldest first.
[[nodiscard]] std::string waiting_text(const std::vector<approval::entry>& all,
                                       const approval::context& at);
[[nodiscard]] std::string request_json(const approval::entry& e);
/// `effect`: what was measured of it later, an object of JSON; "" for nothing.
[[nodiscard]] std::string result_json(const approval::entry& e, const std::string& effect);
[[nodiscard]] std::string objections_text(const approval::entry& e);
/// `state`: the word, and what can be written there.
[[nodiscard]] std::string state_text(const approval::entry& e);
/// Of a step, from 1: who can decide it, or who did.
[[nodiscard]] std::string role_text(const approval::entry& e, std::uint32_t step,
                                    const approval::context& at);
[[nodiscard]] std::string decision_text(const approval::entry& e, std::uint32_t step);

}  // namespace tallyfs::views
