#include "proxy/peer_place.hpp"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <string_view>

namespace tallyfs::proxy {
namespace {

/// Kinds of interface behind which container engines put network namespaces.
constexpr std::array<std::string_view, 3> namespace_kinds{"bridge", "veth", "openvswitch"};

}  // namespace

result<route_table> route_table::open() {
    auto socket = netlink_socket::open(NETLINK_ROUTE);
    if (!socket) return socket.error();
    return route_table(std::move(*socket));
}

peer_place route_table::place_of(const ip_address& peer) {
    rtmsg question{};
    question.rtm_family = peer.is_v6() ? AF_INET6 : AF_INET;
    question.rtm_dst_len = static_cast<unsigned char>(peer.size() * 8);
    netlink_request request(RTM_GETROUTE, 0);
    request.add(question);
    request.add_attribute(RTA_DST, std::as_bytes(std::span(peer.bytes())).first(peer.size()));
    const auto answer = socket_.ask(request);
    if (!answer) return peer_place::here;
    const auto route = read_value<rtmsg>(*answer);
    if (!route || route->rtm_type == RTN_LOCAL) return peer_place::here;

    const byte_view attributes = after(*answer, sizeof(rtmsg));
    if (find_attribute(attributes, RTA_GATEWAY) || find_attribute(attributes, RTA_VIA))
        return peer_place::elsewhere;
    const auto interface = find_attribute(attributes, RTA_OIF);
    if (!interface) return peer_place::elsewhere;
    const auto index = read_value<std::uint32_t>(*interface);
    return index && leads_to_namespaces(*index) ? peer_place::beside : peer_place::elsewhere;
}

bool route_table::leads_to_namespaces(std::uint32_t interface_index) {
    ifinfomsg question{};
    question.ifi_index = static_cast<int>(interface_index);
    netlink_request request(RTM_GETLINK, 0);
    request.add(question);
    const std::uint32_t without_counters = RTEXT_FILTER_SKIP_STATS;
    request.add_attribute(IFLA_EXT_MASK, std::as_bytes(std::span(&without_counters, 1)));
    const auto answer = socket_.ask(request);
    if (!answer) return false;
    const auto details = find_attribute(after(*answer, sizeof(ifinfomsg)), IFLA_LINKINFO);
    if (!details) return false;
    const auto kind = find_attribute(*details, IFLA_INFO_KIND);
    if (!kind) return false;
    std::string text;
    for (const std::byte byte : *kind)
        if (byte != std::byte{0}) text += static_cast<char>(byte);
    for (const auto known : namespace_kinds)
        if (text == known) return true;
    return false;
}

}  // namespace tallyfs::proxy
