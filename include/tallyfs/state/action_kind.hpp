// The kind of request by which an agent or a workflow asks for a person's word.
// Format: docs/approvals.md, "For programs".
#pragma once

#include <tallyfs/state/approvals.hpp>

namespace tallyfs::state {

/// "action". It has no effect of its own: who asked waits for the answer, and acts.
[[nodiscard]] approval_kind action_kind();

}  // namespace tallyfs::state
