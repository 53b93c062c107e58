// Looks for a socket in the network namespaces of other processes: in containers.
// Source: network_namespaces(7), setns(2), proc(5).
#pragma once

#include "proxy/process_files.hpp"
#include "proxy/socket_diag.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tallyfs::proxy {

/// Made and used on one thread, which enters other namespaces for moments and is always back in
/// its own when a function returns. Should going back ever fail, is_lost() says so and the thread
/// must not open anything any more.
class network_namespaces {
  public:
    using time_point = std::chrono::steady_clock::time_point;

    network_namespaces();
    /// The namespaces in which a peer was found before come first. nullopt if it is in none of
    /// them, or entering them is not permitted (CAP_SYS_ADMIN).
    [[nodiscard]] std::optional<socket_owner> owner(const socket_ends& ends, time_point deadline);
    [[nodiscard]] bool is_lost() const { return is_lost_; }

  private:
    struct known_namespace {
        std::uint64_t id;  ///< inode of the namespace
        std::int64_t pid;  ///< one process in it
    };
    void read_processes(time_point deadline);
    [[nodiscard]] std::optional<socket_owner> owner_in(const known_namespace& place,
                                                       const socket_ends& ends);
    unique_fd own_;
    std::uint64_t own_id_ = 0;
    bool is_lost_ = false;
    bool is_permitted_ = true;
    std::vector<known_namespace> known_;
    std::optional<time_point> last_read_;
    std::map<std::string, std::uint64_t> id_of_address_;
};

}  // namespace tallyfs::proxy
