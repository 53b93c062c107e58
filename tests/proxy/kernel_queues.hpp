// What the kernel holds of this machine's TCP connections: how far the other side has come.
// Source: proc_pid_net(5), /proc/net/tcp.
#pragma once

#include "proxy/support_net.hpp"

#include <fstream>
#include <sstream>

namespace tallyfs::test {

/// Bytes on their way from sockets of the port `from` to those of the port `to` (0: any) that
/// nobody has read yet.
[[nodiscard]] inline std::size_t unread_bytes(std::uint16_t from, std::uint16_t to) {
    const auto port_of = [](const std::string& end) {
        return std::stoul(end.substr(end.find(':') + 1), nullptr, 16);
    };
    const auto is = [](unsigned long port, std::uint16_t wanted) {
        return wanted == 0 || port == wanted;
    };
    std::size_t bytes = 0;
    std::ifstream table("/proc/net/tcp");
    std::string line;
    std::getline(table, line);  // the names of the columns
    while (std::getline(table, line)) {
        std::string number;
        std::string local;
        std::string remote;
        std::string state;
        std::string queues;
        std::istringstream(line) >> number >> local >> remote >> state >> queues;
        if (state != "01") continue;  // not connected: other meanings
        if (is(port_of(local), from) && is(port_of(remote), to)) {
            bytes += std::stoul(queues, nullptr, 16);
        }
        if (is(port_of(local), to) && is(port_of(remote), from)) bytes += port_of(queues);
    }
    return bytes;
}

[[nodiscard]] inline std::uint16_t port_of(const raw_socket& socket) {
    sockaddr_in at{};
    socklen_t length = sizeof at;
    ::getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&at), &length);
    return ntohs(at.sin_port);
}

}  // namespace tallyfs::test
