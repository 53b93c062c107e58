#include "client.hpp"

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <array>
#include <stdexcept>

namespace tallyfs::demo {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;

target read_url(std::string_view url) {
    constexpr std::string_view scheme = "http://";
    const auto wrong = [&] {
        throw std::runtime_error("expected http://HOST:PORT, got " + std::string(url));
    };
    if (!url.starts_with(scheme)) wrong();
    url.remove_prefix(scheme.size());
    if (url.ends_with('/')) url.remove_suffix(1);
    const auto colon = url.rfind(':');
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == url.size()) wrong();
    return {std::string(url.substr(0, colon)), std::string(url.substr(colon + 1))};
}

struct client::implementation {
    explicit implementation(target wanted) : where(std::move(wanted)) {}

    void connect() {
        if (socket.is_open()) return;
        buffer.clear();
        tcp::resolver resolver(context);
        asio::connect(socket, resolver.resolve(where.host, where.port));
        socket.set_option(tcp::no_delay(true));
    }

    void write(const call& wanted) {
        std::string out = "POST " + wanted.path + " HTTP/1.1\r\nHost: " + where.host + ":" +
                          where.port + "\r\n" + wanted.headers;
        if (!wanted.is_form) out += "Content-Type: application/json\r\n";
        out += "Content-Length: " + std::to_string(wanted.body.size()) + "\r\n\r\n" + wanted.body;
        asio::write(socket, asio::buffer(out));
    }

    void leave() {
        boost::system::error_code ignored;
        socket.close(ignored);
    }

    target where;
    asio::io_context context;
    tcp::socket socket{context};
    beast::flat_buffer buffer;
};

client::client(target where)
    : implementation_(std::make_unique<implementation>(std::move(where))) {}

client::~client() = default;

int client::send(const call& wanted) {
    auto& own = *implementation_;
    own.connect();
    own.write(wanted);
    http::response_parser<http::buffer_body> parser;
    parser.body_limit(boost::none);
    std::array<char, 8192> piece{};
    std::size_t received = 0;
    boost::system::error_code error;
    http::read_header(own.socket, own.buffer, parser, error);
    while (!error && !parser.is_done()) {
        parser.get().body().data = piece.data();
        parser.get().body().size = piece.size();
        http::read_some(own.socket, own.buffer, parser, error);
        if (error == http::error::need_buffer) error = {};
        received += piece.size() - parser.get().body().size;
        if (wanted.leave_after_bytes > 0 && received >= wanted.leave_after_bytes) {
            own.leave();
            return 0;
        }
    }
    const int status = static_cast<int>(parser.get().result_int());
    if (error || !parser.get().keep_alive()) own.leave();
    if (error && received == 0) throw boost::system::system_error(error);
    return status;
}

}  // namespace tallyfs::demo
