// The settings that belong to the daemon as a whole.
// Meaning of each: control/README.md, which is made from them.
#pragma once

#include "mountd/options.hpp"

#include <tallyfs/state/budgets.hpp>
#include <tallyfs/state/proxy_settings.hpp>
#include <tallyfs/state/settings.hpp>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace tallyfs::mountd {

// What is referenced outlives the settings.
[[nodiscard]] std::vector<state::setting_definition> daemon_settings(const options& given,
                                                                     state::proxy_settings& proxy);
[[nodiscard]] state::setting_definition cancel_on_rm(std::function<void(bool)> allow);
/// `texts` are the budgets in force, by name.
[[nodiscard]] state::setting_definition budget_setting(state::budgets& budgets,
                                                       std::map<std::string, std::string>& texts);

}  // namespace tallyfs::mountd
