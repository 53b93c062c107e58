#include "host_rule.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <unistd.h>

namespace tallyfs::standin {
namespace {

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return out;
}

std::string_view without_port(std::string_view host) {
    if (!host.empty() && host.front() == '[') {
        const auto end = host.find(']');
        return end == std::string_view::npos ? host : host.substr(1, end - 1);
    }
    const auto colon = host.find(':');
    if (colon == std::string_view::npos || host.find(':', colon + 1) != std::string_view::npos) {
        return host;
    }
    return host.substr(0, colon);
}

bool local_address(const std::string& host) {
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(host, error);
    if (error) return false;
    if (address.is_loopback() || address.is_unspecified()) return true;
    if (address.is_v6()) return (address.to_v6().to_bytes()[0] & 0xfe) == 0xfc;
    const auto bytes = address.to_v4().to_bytes();
    return bytes[0] == 10 || (bytes[0] == 172 && (bytes[1] & 0xf0) == 16) ||
           (bytes[0] == 192 && bytes[1] == 168);
}

}  // namespace

bool host_allowed(std::string_view header) {
    const auto host = lower(without_port(header));
    if (host.empty() || host == "localhost" || local_address(host)) return true;
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) == 0 && host == lower(name.data())) return true;
    constexpr std::array<std::string_view, 3> endings{".localhost", ".local", ".internal"};
    return std::any_of(endings.begin(), endings.end(),
                       [&](std::string_view ending) { return host.ends_with(ending); });
}

origin_verdict judge_origin(std::string_view origin, std::string_view host) {
    if (origin.empty()) return origin_verdict::none;
    const auto scheme_end = origin.find("://");
    if (scheme_end == std::string_view::npos) return origin_verdict::refused;
    const auto scheme = origin.substr(0, scheme_end);
    const auto rest = origin.substr(scheme_end + 3);
    if (rest == host) return origin_verdict::none;
    constexpr std::array<std::string_view, 4> applications{"app", "file", "tauri",
                                                           "vscode-webview"};
    if (std::find(applications.begin(), applications.end(), scheme) != applications.end()) {
        return origin_verdict::allowed;
    }
    const auto name = without_port(rest);
    const bool ours = name == "localhost" || name == "127.0.0.1" || name == "0.0.0.0";
    if ((scheme == "http" || scheme == "https") && ours) return origin_verdict::allowed;
    return origin_verdict::refused;
}

}  // namespace tallyfs::standin
