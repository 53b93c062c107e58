#include <tallyfs/base/text.hpp>
#include <tallyfs/http/host_rule.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ifaddrs.h>
#include <memory>
#include <optional>
#include <unistd.h>

namespace tallyfs::http {

namespace {

using boost::asio::ip::address;
using boost::asio::ip::address_v4;
using boost::asio::ip::address_v6;

bool is_port(std::string_view text) noexcept {
    return text.empty() || (text.front() == ':' &&
                            text.find_first_not_of("0123456789", 1) == std::string_view::npos);
}

/// The host of "host", "host:port", "[v6]" and "[v6]:port"; a bare IPv6 address is one. nullopt
/// for what is none of these: one that reads it otherwise may see another host in it.
std::optional<std::string_view> without_port(std::string_view host) noexcept {
    if (host.find_first_of(" \t,;/?#@\\\"<>") != std::string_view::npos) return std::nullopt;
    if (host.starts_with('[')) {
        const auto end = host.find(']');
        if (end == std::string_view::npos || !is_port(host.substr(end + 1))) return std::nullopt;
        return host.substr(1, end - 1);
    }
    const auto colon = std::min(host.find(':'), host.size());
    if (host.substr(colon).find(':', 1) != std::string_view::npos) return host;
    if (!is_port(host.substr(colon))) return std::nullopt;
    return host.substr(0, colon);
}

address unmapped(const address& a) {
    if (a.is_v6() && a.to_v6().is_v4_mapped()) {
        return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, a.to_v6());
    }
    return a;
}

/// RFC 1918 and RFC 4193.
bool is_private(const address& a) {
    if (a.is_v6()) return (a.to_v6().to_bytes()[0] & 0xfe) == 0xfc;
    const auto value = a.to_v4().to_uint();
    return (value >> 24) == 10 || (value >> 20) == 0xac1 || (value >> 16) == 0xc0a8;
}

bool is_interface_address(const address& wanted) {
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) return false;
    const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(list, ::freeifaddrs);
    for (const ifaddrs* i = list; i != nullptr; i = i->ifa_next) {
        if (i->ifa_addr == nullptr) continue;
        if (i->ifa_addr->sa_family == AF_INET && wanted.is_v4()) {
            sockaddr_in in{};
            std::memcpy(&in, i->ifa_addr, sizeof in);
            if (address_v4(ntohl(in.sin_addr.s_addr)) == wanted.to_v4()) return true;
        } else if (i->ifa_addr->sa_family == AF_INET6 && wanted.is_v6()) {
            sockaddr_in6 in{};
            std::memcpy(&in, i->ifa_addr, sizeof in);
            address_v6::bytes_type bytes{};
            std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
            if (bytes == wanted.to_v6().to_bytes()) return true;
        }
    }
    return false;
}

}  // namespace

own_names this_machine() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) name[0] = '\0';
    return {name.data(), is_interface_address};
}

bool host_allowed(std::string_view host, const own_names& own) {
    const auto bare = without_port(host);
    if (!bare) return false;
    const auto name = to_lower(*bare);
    if (name.empty() || name == "localhost") return true;
    if (!own.hostname.empty() && equal_ignoring_case(name, own.hostname)) return true;
    boost::system::error_code error;
    const auto parsed = boost::asio::ip::make_address(name, error);
    if (!error) {
        const auto a = unmapped(parsed);
        return a.is_loopback() || a.is_unspecified() || is_private(a) ||
               (own.is_own && own.is_own(a));
    }
    return name.ends_with(".localhost") || name.ends_with(".local") || name.ends_with(".internal");
}

}  // namespace tallyfs::http
