#include "fuse/device.hpp"
#include "fuse/mount_table.hpp"

#include <tallyfs/base/log.hpp>

#include <sys/statfs.h>

#include <cerrno>

namespace tallyfs::fuse {

namespace {

/// Killed daemons that were started again and again leave mounts on top of each other.
constexpr int stacked_max = 1000;

/// statfs(2) always asks the daemon: attributes may still be cached just after it died.
bool is_dead(const std::filesystem::path& path) {
    struct statfs status {};
    return ::statfs(path.c_str(), &status) != 0 && errno == ENOTCONN;
}

}  // namespace

bool recover_stale_mount(const std::filesystem::path& mountpoint) {
    const auto path = locate(mountpoint);
    bool recovered = false;
    for (int count = 0; count < stacked_max; ++count) {
        const auto there = top_mount(path);
        if (!there || there->type != filesystem_type || !is_dead(path)) return recovered;
        if (const auto failure = unmount(path)) {
            throw startup_error("a tallyfs that was killed left a dead mount at " + path.string() +
                                ", which cannot be removed: " + *failure +
                                ". Remove it with: fusermount3 -u -z '" + path.string() + "'");
        }
        spdlog::info("mount: removed what a killed daemon left at {}", path.string());
        recovered = true;
    }
    return recovered;
}

}  // namespace tallyfs::fuse
