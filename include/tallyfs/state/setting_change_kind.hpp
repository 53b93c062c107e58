// The kind of request by which a setting changes that nobody changes alone.
// Format: docs/approvals.md, "Changing a setting".
#pragma once

#include <tallyfs/state/approvals.hpp>
#include <tallyfs/state/settings.hpp>

namespace tallyfs::state {

/// "setting-change", of settings whose `by_request` is given and that hold one value. It is not
/// carried out where the setting was changed after the request was opened. Both outlive the kind.
[[nodiscard]] approval_kind setting_change_kind(settings& in_force, action_log& actions);

}  // namespace tallyfs::state
