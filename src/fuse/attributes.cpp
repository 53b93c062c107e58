#include "fuse/attributes.hpp"

#include "fuse/context.hpp"

#include <sys/stat.h>

#include <chrono>

namespace tallyfs::fuse {

namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr std::uint64_t stat_block_bytes = 512;  // stat(2), st_blocks
constexpr std::uint64_t block_bytes = 4096;

/// A rendering, a link's target and a closed log never change under their number.
constexpr double for_long_seconds = 86'400;
/// A name may appear or be replaced: one second, as a directory tree changes rarely, and a
/// time-out of 0 makes walking 10,000 entries 20 times slower.
constexpr double for_names_seconds = 1;

timespec to_timespec(wall_time time) noexcept {
    const auto whole = std::chrono::floor<seconds>(time);
    return {static_cast<time_t>(whole.time_since_epoch().count()),
            static_cast<long>(nanoseconds(time - whole).count())};
}

std::uint64_t size_of(const inode& node) noexcept {
    if (const auto* text = std::get_if<text_content>(&node.content)) return text->bytes;
    if (const auto* log = std::get_if<log_content>(&node.content)) return log->published;
    if (const auto* link = std::get_if<link_content>(&node.content)) return link->target.size();
    return 0;
}

mode_t mode_of(const inode& node) noexcept {
    const mode_t given = node.access.mode;
    if (std::holds_alternative<directory_content>(node.content)) {
        return S_IFDIR | (given != 0 ? given : 0555);
    }
    if (std::holds_alternative<link_content>(node.content)) return S_IFLNK | 0777;
    if (given != 0) return S_IFREG | given;
    return S_IFREG | (node.writable() != nullptr ? 0644 : 0444);
}

}  // namespace

struct stat status_of(const context& served, const inode& node) {
    struct stat status {};
    const bool directory = std::holds_alternative<directory_content>(node.content);
    const bool link = std::holds_alternative<link_content>(node.content);
    const std::uint64_t size = size_of(node);
    status.st_ino = tree::inode_of(node.path);
    status.st_mode = mode_of(node);
    status.st_nlink = directory ? 2 : 1;
    status.st_uid = node.access.owner.value_or(served.uid);
    status.st_gid = node.access.group.value_or(served.gid);
    status.st_size = static_cast<off_t>(size);
    status.st_blksize = static_cast<blksize_t>(block_bytes);
    // Rounded up to blocks as on a disk: du would say 0 otherwise. Short links take none there.
    const std::uint64_t blocks = link ? 0 : (size + block_bytes - 1) / block_bytes;
    status.st_blocks = static_cast<blkcnt_t>(blocks * (block_bytes / stat_block_bytes));
    status.st_mtim = to_timespec(node.changed);
    status.st_atim = status.st_mtim;
    // tar reports a directory whose ctime moves while it reads it, and exits 1. A rendering
    // within moves only its mtime.
    status.st_ctim = directory ? to_timespec(served.started) : status.st_mtim;
    return status;
}

double attribute_seconds(const inode& node) noexcept {
    if (std::holds_alternative<directory_content>(node.content)) return for_names_seconds;
    return node.growing_log() != nullptr ? 0 : for_long_seconds;
}

double entry_seconds(const inode& node) noexcept {
    if (std::holds_alternative<directory_content>(node.content)) return for_names_seconds;
    const auto* log = std::get_if<log_content>(&node.content);
    return log != nullptr && log->closed ? for_names_seconds : 0;
}

fuse_entry_param entry_parameters(const context& served, const inode& node) {
    fuse_entry_param entry{};
    entry.ino = node.number;
    entry.attr = status_of(served, node);
    entry.attr_timeout = attribute_seconds(node);
    entry.entry_timeout = entry_seconds(node);
    return entry;
}

wall_time changed_on_disk(const log_content& log, wall_time otherwise) noexcept {
    struct stat status {};
    if (::stat(log.path.c_str(), &status) != 0) return otherwise;
    return wall_time(std::chrono::floor<microseconds>(seconds(status.st_mtim.tv_sec) +
                                                      nanoseconds(status.st_mtim.tv_nsec)));
}

}  // namespace tallyfs::fuse
