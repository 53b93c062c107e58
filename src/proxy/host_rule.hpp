// Which names a request may call this host by: the rule that keeps web pages from driving the
// models through DNS rebinding. Pure.
// Source: allowedHostsMiddleware in Ollama's server/routes.go at v0.33; docs/ollama.md.
#pragma once

#include <boost/asio/ip/address.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace tallyfs::proxy {

/// What the rule has to know of this machine.
struct own_names {
    std::string hostname;
    std::function<bool(const boost::asio::ip::address&)> is_own;  ///< of one of its interfaces
};
/// From gethostname(2) and getifaddrs(3); the interfaces are asked at each question.
[[nodiscard]] own_names this_machine();

/// `host` as in the Host field, with or without a port. Applies to listeners on loopback.
[[nodiscard]] bool host_allowed(std::string_view host, const own_names& own);

}  // namespace tallyfs::proxy
