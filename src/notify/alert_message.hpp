// What people are told of an alert of the audit.
// Format: docs/notify.md, "What is said".
#pragma once

#include <tallyfs/notify/message.hpp>
#include <tallyfs/record/action.hpp>

namespace tallyfs::notify {

/// False where nobody is told: the rule's alerts are in the digest, or nothing new pages.
[[nodiscard]] bool fill_alert(message& m, const record::action& action);

}  // namespace tallyfs::notify
