// Finds the process that holds a socket, by its inode.
// Format: proc(5), /proc/<pid>/fd.
#pragma once

#include "proxy/process_files.hpp"
#include "proxy/socket_diag.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tallyfs::proxy {

/// One thread.
class process_table {
  public:
    using time_point = std::chrono::steady_clock::time_point;

    /// Tries the processes found before, then `likely` ones (those of the socket's cgroup), then
    /// all that run as the socket's owner, then the rest, until `deadline`. nullopt if none of
    /// them holds the socket, or none that we may look at. After all were tried in vain, the next
    /// full search for the same user and cgroup waits four times as long as this one took: what
    /// cannot be found (in a container of its own, say) costs at most a fifth of a processor.
    [[nodiscard]] std::optional<process_directory> holder(const socket_owner& socket,
                                                          const std::vector<std::int64_t>& likely,
                                                          time_point deadline);

  private:
    /// Services connect again and again: mostly the same process, mostly the same descriptor.
    struct recent_holder {
        std::int64_t pid;
        std::uint32_t uid;
        int descriptor;
    };
    using owner_key = std::pair<std::uint32_t, std::optional<std::uint64_t>>;  ///< user and cgroup
    class socket_search;
    [[nodiscard]] std::optional<process_directory> search_all(socket_search& search,
                                                              const socket_owner& socket);
    std::deque<recent_holder> recent_;  ///< the last one found first
    std::map<owner_key, time_point> not_before_;
};

}  // namespace tallyfs::proxy
