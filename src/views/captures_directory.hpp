// calls/captures: what was kept of calls, a directory a day and one a call.
// Format: docs/formats.md, "Captures".
#pragma once

#include <tallyfs/capture/shelf.hpp>
#include <tallyfs/tree/node.hpp>

#include <filesystem>

namespace tallyfs::views {

/// Every file and directory of it is for the daemon's user alone: it holds what people wrote.
[[nodiscard]] std::shared_ptr<const tree::directory> make_captures_directory(
    const std::filesystem::path& directory);
/// Adds the files of a call's capture, if there is one.
void add_capture(tree::fixed_directory& to, const std::filesystem::path& directory, const uuid& id);

}  // namespace tallyfs::views
