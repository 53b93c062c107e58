#include "fuse/device.hpp"

#include "fuse/helper.hpp"
#include "fuse/mount_table.hpp"

#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <unistd.h>

namespace tallyfs::fuse {

namespace {

constexpr const char* device_path = "/dev/fuse";

bool is_root() noexcept {
    return ::geteuid() == 0;
}

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& why) {
    throw startup_error("cannot mount at " + path.string() + ": " + why);
}

/// fusermount3 refuses allow_other as well, but says so in passing and exits like for any error.
bool others_are_allowed() {
    std::ifstream configuration("/etc/fuse.conf");
    std::string line;
    while (std::getline(configuration, line)) {
        const std::size_t start = line.find_first_not_of(" \t");
        if (start == std::string::npos) continue;
        line = line.substr(start, line.find_last_not_of(" \t\r") + 1 - start);
        if (line == "user_allow_other") return true;
    }
    return false;
}

std::string permission_options(const mount_options& options) {
    // allow_other alone would let everyone read what the modes forbid.
    return options.allow_other ? "default_permissions,allow_other" : "default_permissions";
}

/// An empty descriptor if this root may not mount (a container): fusermount3 may be able to.
unique_fd mount_directly(const std::filesystem::path& path, const mount_options& options) {
    auto device = open_file(device_path, O_RDWR);
    if (!device && (device.error().value() == ENOENT || device.error().value() == ENODEV)) {
        fail(path,
             "there is no /dev/fuse. Load it with: modprobe fuse. In a container, start it "
             "with --device /dev/fuse --cap-add SYS_ADMIN.");
    }
    if (!device) return {};
    const std::string data = "fd=" + std::to_string(device->get()) +
                             ",rootmode=40000,user_id=" + std::to_string(::getuid()) +
                             ",group_id=" + std::to_string(::getgid()) + "," +
                             permission_options(options);
    if (::mount(options.name.c_str(), path.c_str(), std::string(filesystem_type).c_str(),
                MS_NOSUID | MS_NODEV, data.c_str()) == 0) {
        return std::move(*device);
    }
    if (errno == EPERM) return {};
    fail(path, std::string(std::strerror(errno)) +
                   (errno == ENODEV ? ". Load FUSE with: modprobe fuse." : "."));
}

unique_fd mount_with_helper(const std::filesystem::path& path, const mount_options& options) {
    const std::string list = "rw,nosuid,nodev,fsname=" + options.name + ",subtype=tallyfs," +
                             permission_options(options);
    auto helped = run_helper({"-o", list, "--", path.string()}, true);
    if (!helped.found) {
        fail(path, "fusermount3 is not installed. Install it with: apt install fuse3.");
    }
    if (helped.device) return std::move(helped.device);
    const std::string why = helped.complaint.empty()
                                ? "fusermount3 exited with " + std::to_string(helped.exit_code)
                                : helped.complaint;
    if (::access(device_path, F_OK) != 0) {
        fail(path, "there is no /dev/fuse (" + why + "). Load it with: modprobe fuse.");
    }
    fail(path, why +
                   ". You must own the directory, and this process must be allowed to gain "
                   "privileges (no_new_privs off).");
}

}  // namespace

void check_mountpoint(const std::filesystem::path& path) {
    if (const auto there = top_mount(path); there && there->type == filesystem_type) {
        fail(path, "a tallyfs is mounted there already. Stop that one, or name another directory.");
    }
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        const int failure = errno;
        if (failure == ENOENT) {
            fail(path,
                 "the directory does not exist. Create it with: mkdir '" + path.string() + "'");
        }
        fail(path, std::strerror(failure));
    }
    if (!S_ISDIR(status.st_mode)) fail(path, "it is not a directory. Name an empty directory.");
    std::error_code failure;
    const bool empty = std::filesystem::is_empty(path, failure);
    if (failure) fail(path, failure.message() + ". Name a directory that you can read.");
    if (!empty) {
        fail(path,
             "the directory is not empty, and what is in it would be hidden. Name an empty "
             "directory.");
    }
}

unique_fd open_mounted(const std::filesystem::path& path, const mount_options& options) {
    if (options.name.find_first_of(",\\") != std::string::npos) {
        throw startup_error("the mount's name must not hold a comma or a backslash", 2);
    }
    if (is_root()) {
        if (auto device = mount_directly(path, options)) return device;
    } else if (options.allow_other && !others_are_allowed()) {
        fail(path,
             "others may read it only if root allows it: add a line user_allow_other to "
             "/etc/fuse.conf, or start without --allow-other.");
    }
    return mount_with_helper(path, options);
}

std::optional<std::string> unmount(const std::filesystem::path& path) {
    if (is_root() && ::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
        return std::nullopt;
    const int failure = errno;
    const auto helped = run_helper({"-u", "-z", "--", path.string()}, false);
    if (helped.exit_code == 0) return std::nullopt;
    if (is_root()) return std::strerror(failure);
    return helped.found ? helped.complaint : "fusermount3 is not installed";
}

std::optional<std::string> unmount_own(const std::filesystem::path& path, std::uint64_t number) {
    const auto there = top_mount(path);
    if (!there || there->number != number) return std::nullopt;
    return unmount(path);
}

}  // namespace tallyfs::fuse
