#include <tallyfs/notify/target.hpp>

#include <boost/asio/ip/address.hpp>

#include <charconv>

namespace tallyfs::notify {

namespace {

constexpr std::uint16_t http_port = 80;
constexpr std::uint16_t https_port = 443;
constexpr std::size_t address_bytes_max = 2048;

/// "host", "host:port", "[::1]:port"
bool take_host(std::string_view text, web_address& into) {
    std::string_view port;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos) return false;
        into.host = text.substr(1, end - 1);
        boost::system::error_code failure;
        boost::asio::ip::make_address_v6(into.host, failure);
        if (failure) return false;
        port = text.substr(end + 1);
        if (!port.empty() && !port.starts_with(':')) return false;
        if (!port.empty()) port.remove_prefix(1);
    } else {
        const auto colon = text.find(':');
        into.host = text.substr(0, colon);
        if (colon != std::string_view::npos) port = text.substr(colon + 1);
        const bool ordinary = std::ranges::all_of(into.host, [](unsigned char c) {
            return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_';
        });
        if (into.host.empty() || !ordinary) return false;
    }
    if (port.empty()) return !text.ends_with(':');
    const auto* const end = port.data() + port.size();
    const auto read = std::from_chars(port.data(), end, into.port);
    return read.ec == std::errc{} && read.ptr == end && into.port != 0;
}

}  // namespace

std::optional<web_address> parse_web_address(std::string_view text) {
    web_address made;
    const bool plain = std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
    if (!plain || text.size() > address_bytes_max) return std::nullopt;
    made.tls = text.starts_with("https://");
    if (!made.tls && !text.starts_with("http://")) return std::nullopt;
    text.remove_prefix(made.tls ? 8 : 7);
    text = text.substr(0, text.find('#'));
    made.port = made.tls ? https_port : http_port;
    const auto end = std::min(text.find_first_of("/?"), text.size());
    if (!take_host(text.substr(0, end), made)) return std::nullopt;
    made.path = text.substr(end);
    if (!made.path.starts_with('/')) made.path.insert(0, "/");
    return made;
}

std::string web_address::host_header() const {
    auto text = host.find(':') != std::string::npos ? "[" + host + "]" : host;
    if (port != (tls ? https_port : http_port)) text += ":" + std::to_string(port);
    return text;
}

bool web_address::is_loopback() const {
    boost::system::error_code failure;
    const auto address = boost::asio::ip::make_address(host, failure);
    return failure ? host == "localhost" : address.is_loopback();
}

}  // namespace tallyfs::notify
