// Where a peer's socket can be: in our network namespace, in another one of this host, or away.
// Protocol: rtnetlink(7); what containers look like from their host: veth(4), bridge of ip-link(8).
#pragma once

#include "proxy/caller_address.hpp"
#include "proxy/netlink.hpp"

#include <tallyfs/base/error.hpp>

#include <cstdint>
#include <string>

namespace tallyfs::proxy {

enum class peer_place : std::uint8_t {
    here,      ///< the address is our own, or there is no telling
    beside,    ///< reached directly over a bridge or a veth: perhaps a container of this host
    elsewhere  ///< another machine
};

/// Asks the routing table of the namespace in which it is opened. One thread.
class route_table {
  public:
    [[nodiscard]] static result<route_table> open();
    [[nodiscard]] peer_place place_of(const ip_address& peer);

  private:
    explicit route_table(netlink_socket socket) : socket_(std::move(socket)) {}
    [[nodiscard]] bool leads_to_namespaces(std::uint32_t interface_index);
    netlink_socket socket_;
};

}  // namespace tallyfs::proxy
