// notify/status.txt and status.json: how it goes with each target.
// Format: docs/formats.md, "The tree".
#pragma once

#include <tallyfs/notify/notifier.hpp>

#include <optional>
#include <string>
#include <vector>

namespace tallyfs::notify {

[[nodiscard]] std::string status_text(const std::vector<target_status>& targets,
                                      const std::optional<target_status>& heartbeat, wall_time now);
[[nodiscard]] std::string status_json(const std::vector<target_status>& targets,
                                      const std::optional<target_status>& heartbeat, wall_time now);

}  // namespace tallyfs::notify
