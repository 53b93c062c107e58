// The kind of request by which a policy is written, changed or removed.
// Format: docs/approvals.md, "Changing a policy".
#pragma once

#include <tallyfs/state/approvals.hpp>
#include <tallyfs/state/settings.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::state {

/// What a plan says: the file, the text that is in it now, and the one that will be; a diff.
struct policy_change {
    std::string policy;               ///< "10-night"
    std::optional<std::string> from;  ///< none: there is no such policy
    std::optional<std::string> to;    ///< none: it is removed
    bool operator==(const policy_change&) const = default;
};
/// "control/policies/10-night", then a line "- TEXT" and a line "+ TEXT", as there are.
[[nodiscard]] std::string to_plan(const policy_change& change);
/// Reads it back; nullopt for anything else.
[[nodiscard]] std::optional<policy_change> parse_plan(std::string_view plan);

/// "policy-change": does what `echo … > control/policies/NAME` or rm does, unless the policy was
/// changed after the request was opened. Both outlive the kind.
[[nodiscard]] approval_kind policy_change_kind(settings& in_force, action_log& actions);

}  // namespace tallyfs::state
