#include "proxy/socket_diag.hpp"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <cstring>

namespace tallyfs::proxy {
namespace {

/// INET_DIAG_CGROUP_ID: its name is missing from headers older than Linux 5.9.
constexpr std::uint16_t cgroup_id_attribute = 21;

inet_diag_sockid socket_id(const socket_ends& ends) {
    inet_diag_sockid id{};
    id.idiag_sport = htons(ends.source_port);
    id.idiag_dport = htons(ends.destination_port);
    std::memcpy(id.idiag_src, ends.source.bytes().data(), ends.source.size());
    std::memcpy(id.idiag_dst, ends.destination.bytes().data(), ends.destination.size());
    id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
    id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    return id;
}

/// Whether an address of an answer is this one. A socket of the IPv6 family with IPv4 ends is
/// reported in the mapped form, which parsing text would have made IPv4.
bool same_address(const std::uint32_t (&reported)[4], std::uint8_t family,
                  const ip_address& address) {
    if (family == AF_INET || address.is_v6())
        return std::memcmp(reported, address.bytes().data(), address.size()) == 0;
    return reported[0] == 0 && reported[1] == 0 && reported[2] == htonl(0xffff) &&
           std::memcmp(&reported[3], address.bytes().data(), address.size()) == 0;
}

/// The kernel looks for a listening socket where it finds no connected one: not what we asked.
bool is_the_connection(const inet_diag_msg& socket, const socket_ends& ends) {
    return socket.id.idiag_sport == htons(ends.source_port) &&
           socket.id.idiag_dport == htons(ends.destination_port) &&
           same_address(socket.id.idiag_src, socket.idiag_family, ends.source) &&
           same_address(socket.id.idiag_dst, socket.idiag_family, ends.destination) &&
           socket.idiag_state != TCP_LISTEN && socket.idiag_state != TCP_TIME_WAIT;
}

}  // namespace

result<socket_diag> socket_diag::open() {
    auto socket = netlink_socket::open(NETLINK_SOCK_DIAG);
    if (!socket) return socket.error();
    return socket_diag(std::move(*socket));
}

result<std::optional<socket_owner>> socket_diag::owner(const socket_ends& ends) {
    if (ends.source.is_v6() != ends.destination.is_v6()) return std::optional<socket_owner>();
    inet_diag_req_v2 question{};
    question.sdiag_family = ends.source.is_v6() ? AF_INET6 : AF_INET;
    question.sdiag_protocol = IPPROTO_TCP;
    question.idiag_states = ~std::uint32_t{0};
    question.id = socket_id(ends);
    netlink_request request(SOCK_DIAG_BY_FAMILY, 0);
    request.add(question);

    const auto answer = socket_.ask(request);
    if (!answer) {
        if (answer.error() == boost::system::errc::no_such_file_or_directory)
            return std::optional<socket_owner>();
        return answer.error();
    }
    const auto socket = read_value<inet_diag_msg>(*answer);
    if (!socket || !is_the_connection(*socket, ends) || socket->idiag_inode == 0)
        return std::optional<socket_owner>();
    socket_owner owner;
    owner.uid = socket->idiag_uid;
    owner.inode = socket->idiag_inode;
    if (const auto id = find_attribute(after(*answer, sizeof(inet_diag_msg)), cgroup_id_attribute))
        owner.cgroup_id = read_value<std::uint64_t>(*id);
    return std::optional<socket_owner>(owner);
}

}  // namespace tallyfs::proxy
