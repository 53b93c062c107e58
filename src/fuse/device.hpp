// Mounting and unmounting: as root by the kernel's own calls, otherwise with fusermount3.
// Protocol: mount(2), umount2(2), fusermount3(1), mount.fuse3(8).
#pragma once

#include <tallyfs/base/file.hpp>
#include <tallyfs/fuse/mount.hpp>

#include <cstdint>
#include <optional>

namespace tallyfs::fuse {

/// Throws startup_error, with what to do, if nothing can be mounted at `path` (from locate()).
void check_mountpoint(const std::filesystem::path& path);

/// Mounts at `path` and returns the device to serve it through. Throws startup_error.
[[nodiscard]] unique_fd open_mounted(const std::filesystem::path& path,
                                     const mount_options& options);

/// Takes the mount on top at `path` away, even while files are open. Nothing if it succeeded;
/// otherwise why not.
[[nodiscard]] std::optional<std::string> unmount(const std::filesystem::path& path);

/// Unmounts if `number` is still on top at `path`: another mount there is not ours to remove.
[[nodiscard]] std::optional<std::string> unmount_own(const std::filesystem::path& path,
                                                     std::uint64_t number);

}  // namespace tallyfs::fuse
