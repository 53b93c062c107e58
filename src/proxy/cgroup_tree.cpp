#include "proxy/cgroup_tree.hpp"

#include <sys/stat.h>

#include <fcntl.h>
#include <sstream>
#include <unistd.h>

namespace tallyfs::proxy {
namespace {

constexpr std::chrono::milliseconds between_reads_min{250};
constexpr std::chrono::milliseconds read_max{20};
/// A host with 500 containers has some 2,000 groups; the map stays below a few megabytes.
constexpr std::size_t groups_max = 20'000;
constexpr int depth_max = 16;

/// Where the version 2 tree is mounted: the fifth field of a line of mountinfo whose type, the
/// first field after the dash, is cgroup2 (proc(5)).
unique_fd open_root() {
    constexpr std::size_t mounts_bytes_max = 1 << 20;
    const auto self = process_directory::open(::getpid());
    if (!self) return {};
    std::istringstream lines(self->read("mountinfo", mounts_bytes_max));
    for (std::string line; std::getline(lines, line);) {
        if (line.find(" - cgroup2 ") == std::string::npos) continue;
        std::istringstream fields(line);
        std::string skipped;
        std::string mount_point;
        fields >> skipped >> skipped >> skipped >> skipped >> mount_point;
        unique_fd root(::open(mount_point.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (root) return root;
    }
    return {};
}

}  // namespace

cgroup_tree::cgroup_tree() : root_(open_root()) {}

std::optional<std::string> cgroup_tree::path(std::uint64_t id) {
    // An id is never used again while the machine runs, so what was found stays true.
    auto known = paths_.find(id);
    const auto now = std::chrono::steady_clock::now();
    if (known == paths_.end() && (!last_read_ || now - *last_read_ >= between_reads_min)) {
        read_tree();
        last_read_ = std::chrono::steady_clock::now();
        known = paths_.find(id);
    }
    if (known == paths_.end()) return std::nullopt;
    return known->second;
}

void cgroup_tree::read_tree() {
    paths_.clear();
    struct stat status {};
    if (!root_ || ::fstat(root_.get(), &status) != 0) return;
    paths_.emplace(status.st_ino, "/");
    read_below(root_.get(), "", 0, std::chrono::steady_clock::now() + read_max);
}

void cgroup_tree::read_below(int parent, const std::string& path, int depth,
                             std::chrono::steady_clock::time_point deadline) {
    if (depth == depth_max) return;
    std::vector<std::string> groups;
    directory_names names(parent, ".");
    while (const dirent* entry = names.next()) {
        if (entry->d_type != DT_DIR) continue;
        if (paths_.size() >= groups_max || std::chrono::steady_clock::now() >= deadline) return;
        paths_.emplace(entry->d_ino, path + '/' + entry->d_name);
        groups.emplace_back(entry->d_name);
    }
    for (const auto& group : groups) {
        const unique_fd directory(
            ::openat(parent, group.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (directory) read_below(directory.get(), path + '/' + group, depth + 1, deadline);
    }
}

std::vector<std::int64_t> cgroup_tree::processes(const std::string& path) const {
    constexpr std::size_t list_bytes_max = 4096;  // some 600 processes: beyond, it saves nothing
    if (!root_) return {};
    const std::string file = "." + path + (path.ends_with('/') ? "" : "/") + "cgroup.procs";
    const unique_fd list(::openat(root_.get(), file.c_str(), O_RDONLY | O_CLOEXEC));
    std::string content(list_bytes_max, '\0');
    const ssize_t bytes = list ? ::read(list.get(), content.data(), content.size()) : -1;
    if (bytes <= 0 || static_cast<std::size_t>(bytes) == content.size()) return {};
    content.resize(static_cast<std::size_t>(bytes));
    std::vector<std::int64_t> found;
    std::istringstream lines(content);
    for (std::string line; std::getline(lines, line);)
        if (const auto pid = parse_pid(line)) found.push_back(*pid);
    return found;
}

}  // namespace tallyfs::proxy
