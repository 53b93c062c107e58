// The directories of the tree's root, and the single files beside them.
// Format: docs/formats.md, "The tree".
#pragma once

#include <tallyfs/tree/node.hpp>
#include <tallyfs/views/sources.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace tallyfs::views {

// `from` outlives what these return.
[[nodiscard]] std::shared_ptr<const tree::directory> make_calls_directory(const sources& from);
[[nodiscard]] std::shared_ptr<const tree::directory> make_usage_directory(const sources& from);
[[nodiscard]] std::shared_ptr<const tree::directory> make_control_directory(const sources& from);
[[nodiscard]] std::shared_ptr<const tree::directory> make_approvals_directory(const sources& from);
[[nodiscard]] std::shared_ptr<const tree::directory> make_actions_directory(const sources& from);
[[nodiscard]] std::string status_text(const sources& from);
[[nodiscard]] std::string status_json(const sources& from);
[[nodiscard]] std::string metrics_text(const sources& from);

/// README.md of a directory.
extern const std::string_view root_readme;
extern const std::string_view calls_readme;
extern const std::string_view usage_readme;
extern const std::string_view actions_readme;

/// The day that is open, and when it began.
[[nodiscard]] day current_day(const sources& from);

}  // namespace tallyfs::views
