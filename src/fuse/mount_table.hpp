// What is mounted where, as this process sees it.
// Format: /proc/self/mountinfo, proc(5).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::fuse {

/// The type that our mounts have there: "fuse" and the subtype.
inline constexpr std::string_view filesystem_type = "fuse.tallyfs";

struct mounted {
    std::uint64_t number = 0;  ///< of the mount: never two at a time
    std::string type;
};

/// The mount on top at exactly this path (absolute, canonical).
[[nodiscard]] std::optional<mounted> top_mount(const std::filesystem::path& path);
/// The same, from the text of mountinfo.
[[nodiscard]] std::optional<mounted> top_mount(std::string_view mountinfo, std::string_view path);

/// Absolute and canonical; the last name need not exist, and may be a dead mount.
/// Throws startup_error if the directory above does not exist.
[[nodiscard]] std::filesystem::path locate(const std::filesystem::path& mountpoint);

}  // namespace tallyfs::fuse
