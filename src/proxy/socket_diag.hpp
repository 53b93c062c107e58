// Who made a TCP socket, asked of the kernel by the socket's two ends.
// Protocol: sock_diag(7), and include/uapi/linux/inet_diag.h of the kernel.
#pragma once

#include "proxy/caller_address.hpp"
#include "proxy/netlink.hpp"

#include <tallyfs/base/error.hpp>

#include <cstdint>
#include <optional>

namespace tallyfs::proxy {

struct socket_owner {
    std::uint32_t uid = 0;
    std::uint32_t inode = 0;                 ///< the number in "socket:[…]" of /proc/<pid>/fd
    std::optional<std::uint64_t> cgroup_id;  ///< since Linux 5.9; as a directory: its inode
};

/// Of the network namespace in which it is opened. One thread; holds the namespace alive.
class socket_diag {
  public:
    [[nodiscard]] static result<socket_diag> open();
    /// The process's end of a connection. nullopt if there is none here, or none that a process
    /// still holds: of a socket that was closed the kernel reports uid 0, whoever had made it.
    [[nodiscard]] result<std::optional<socket_owner>> owner(const socket_ends& ends);

  private:
    explicit socket_diag(netlink_socket socket) : socket_(std::move(socket)) {}
    netlink_socket socket_;
};

}  // namespace tallyfs::proxy
