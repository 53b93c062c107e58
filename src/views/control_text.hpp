// The texts of control/: the table of the settings, and who changed what.
// Format: docs/formats.md, "Control".
#pragma once

#include <tallyfs/state/settings.hpp>

#include <string>

namespace tallyfs::views {

/// README.md, made from the definitions.
[[nodiscard]] std::string control_readme(const state::settings& settings);
/// The newest changes first.
[[nodiscard]] std::string history_text(const state::settings_snapshot& now);

}  // namespace tallyfs::views
