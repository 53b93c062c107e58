// What is wrong with the configured people and chains, for `tallyfs check-config`.
// Format: sentences in plain English, one a problem; docs/approvals.md, "People" and "Chains".
#pragma once

#include <tallyfs/approval/chain.hpp>
#include <tallyfs/approval/people.hpp>

#include <string>
#include <vector>

namespace tallyfs::approval {

/// Empty: nothing is wrong. `only_one_uid`: no other user reaches the mount (no --allow-other).
[[nodiscard]] std::vector<std::string> check(const people& who, const chains& configured,
                                             bool only_one_uid);

}  // namespace tallyfs::approval
