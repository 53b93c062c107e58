// The tree of control groups: from the id in a socket to a path, and the processes there.
// Format: cgroups(7), version 2. A group's id is the inode of its directory.
#pragma once

#include "proxy/process_files.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace tallyfs::proxy {

/// One thread. Needs no privileges. Without a mounted version 2 tree nothing is found.
class cgroup_tree {
  public:
    cgroup_tree();
    /// "/system.slice/n8n.service"; nullopt for an id that is not (or no longer) in the tree.
    /// The tree is read again for an unknown id, at most four times a second.
    [[nodiscard]] std::optional<std::string> path(std::uint64_t id);
    /// The processes in the group itself; none for one with very many.
    [[nodiscard]] std::vector<std::int64_t> processes(const std::string& path) const;

  private:
    void read_tree();
    void read_below(int parent, const std::string& path, int depth,
                    std::chrono::steady_clock::time_point deadline);
    unique_fd root_;
    std::unordered_map<std::uint64_t, std::string> paths_;
    std::optional<std::chrono::steady_clock::time_point> last_read_;
};

}  // namespace tallyfs::proxy
