// Finds the process that holds a socket, by its inode.
// Format: proc(5), /proc/<pid>/fd.
#pragma once

#include "proxy/process_files.hpp"
#include "proxy/socket_diag.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace tallyfs::proxy {

/// One thread.
class process_table {
  public:
    using time_point = std::chrono::steady_clock::time_point;

    /// Tries the processes found before, then `likely` ones (those of the socket's cgroup), then
    /// all that run as the socket's owner, then the rest, until `deadline`. nullopt if none of
    /// them holds the socket, or none that we may look at.
    [[nodiscard]] std::optional<process_directory> holder(const socket_owner& socket,
                                                          const std::vector<std::int64_t>& likely,
                                                          time_point deadline);

  private:
    /// Services connect again and again: mostly the same process, mostly the same descriptor.
    struct recent_holder {
        std::int64_t pid;
        std::uint32_t uid;
        std::string descriptor;  ///< "fd/7"
    };
    class socket_search;
    std::deque<recent_holder> recent_;  ///< the last one found first
};

}  // namespace tallyfs::proxy
