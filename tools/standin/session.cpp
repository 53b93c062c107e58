#include "session.hpp"

#include "routes.hpp"
#include "world.hpp"

#include <array>

namespace tallyfs::standin {
namespace {

// net/http's: 1 MiB and a little.
constexpr std::uint32_t head_bytes_max = (1u << 20) + 4096;
constexpr std::size_t recorded_body_bytes_max = 1u << 20;
constexpr std::size_t recorded_requests_max = 256;

using head_parser = http::request_parser<http::empty_body>;
using body_parser = http::request_parser<http::buffer_body>;

std::string percent_decoded(std::string_view text) {
    const auto digit = [](char c) {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        if (c >= 'A' && c <= 'F') return c - 'A' + 10;
        return -1;
    };
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool escape = text[i] == '%' && i + 2 < text.size();
        if (escape && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
            out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

void take_head(const http::request_header<>& head, exchange& x) {
    x.method = head.method_string();
    x.target = head.target();
    std::string_view path = x.target;
    if (path.starts_with("http://")) {
        const auto slash = path.find('/', 7);
        x.host = path.substr(7, slash == std::string_view::npos ? slash : slash - 7);
        path = slash == std::string_view::npos ? "/" : path.substr(slash);
    } else {
        x.host = head[http::field::host];
    }
    path = path.substr(0, path.find('?'));
    x.path = path.find('%') == std::string_view::npos ? std::string(path) : percent_decoded(path);
    x.origin = head[http::field::origin];
    x.content_type = head[http::field::content_type];
    x.content_encoding = head[http::field::content_encoding];
    x.http_1_0 = head.version() == 10;
    x.expects_100 = boost::beast::iequals(head[http::field::expect], "100-continue");
    if (const auto wishes = head.find("X-Standin"); wishes != head.end()) {
        read_wishes(std::string_view(wishes->value().data(), wishes->value().size()), x.wanted);
    }
}

seen_request describe(const http::request_header<>& head, const exchange& x) {
    seen_request seen;
    seen.method = x.method;
    seen.target = x.target;
    for (const auto& field : head) {
        seen.head.append(field.name_string().data(), field.name_string().size());
        seen.head += ": ";
        seen.head.append(field.value().data(), field.value().size());
        seen.head += '\n';
    }
    return seen;
}

void record(world& shared, seen_request seen, const exchange& x) {
    seen.body = x.body.substr(0, recorded_body_bytes_max);
    std::lock_guard lock(shared.seen_mutex);
    shared.seen.push_back(std::move(seen));
    if (shared.seen.size() > recorded_requests_max) shared.seen.pop_front();
}

task<> send_raw(connection& client, std::string bytes) {
    error_code ignored;
    co_await asio::async_write(client.socket, asio::buffer(bytes),
                               asio::redirect_error(awaiting, ignored));
}

// As net/http answers what it cannot read.
task<> refuse_malformed(connection& client, std::string status) {
    std::string out = "HTTP/1.1 " + status;
    out += "\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n" + status;
    co_await send_raw(client, std::move(out));
}

task<bool> read_body(connection& client, world& shared, body_parser& parser, exchange& x,
                     bool keep) {
    std::array<char, 65536> piece;
    if (x.expects_100 && !parser.is_done()) {
        co_await send_raw(client, "HTTP/1.1 100 Continue\r\n\r\n");
        x.expects_100 = false;
    }
    while (!parser.is_done()) {
        parser.get().body().data = piece.data();
        parser.get().body().size = piece.size();
        error_code error;
        co_await http::async_read(client.socket, client.buffer, parser,
                                  asio::redirect_error(awaiting, error));
        if (error && error != http::error::need_buffer) co_return false;
        const auto used = piece.size() - parser.get().body().size;
        x.body_bytes += used;
        if (keep) {
            x.body.append(piece.data(), used);
        } else {
            shared.count.blob_bytes += used;
        }
    }
    co_return true;
}

bool is_http_error(const error_code& error) {
    return error.category() == make_error_code(http::error::end_of_stream).category();
}

// False when the connection is of no more use.
task<bool> one_request(connection& client, world& shared) {
    auto head = std::make_unique<head_parser>();
    head->header_limit(head_bytes_max);
    head->body_limit(boost::none);
    error_code error;
    client.idle = client.buffer.size() == 0;
    co_await http::async_read_header(client.socket, client.buffer, *head,
                                     asio::redirect_error(awaiting, error));
    client.idle = false;
    if (error == http::error::header_limit) {
        co_await refuse_malformed(client, "431 Request Header Fields Too Large");
    } else if (error && error != http::error::end_of_stream && is_http_error(error)) {
        co_await refuse_malformed(client, "400 Bad Request");
    }
    if (error) co_return false;
    ++shared.count.requests;
    exchange x(client, shared);
    take_head(head->get(), x);
    x.keep_alive = head->get().keep_alive();
    if (!x.http_1_0 && head->get().find(http::field::host) == head->get().end()) {
        co_await refuse_malformed(client, "400 Bad Request: missing required Host header");
        co_return false;
    }
    if (shared.has_wishes) {
        std::lock_guard lock(shared.seen_mutex);
        read_wishes(shared.wishes_for_all, x.wanted);
    }
    std::string allow;
    const auto route = find_route(x.method, x.path, allow);
    const bool reads_no_body = route == route::none || route == route::wrong_method;
    if (x.expects_100 && reads_no_body) {
        x.keep_alive = false;
        x.expects_100 = false;
        co_await turn_away(x, route, allow);
        co_return false;
    }
    seen_request seen;
    if (shared.settings.record_requests) seen = describe(head->get(), x);
    body_parser body(std::move(*head));
    head.reset();
    const bool whole = co_await read_body(client, shared, body, x, route != route::blob);
    if (!whole) co_return false;
    if (shared.settings.record_requests) record(shared, std::move(seen), x);
    if (is_inference(route)) ++shared.count.inference;
    const bool answered = co_await turn_away(x, route, allow);
    if (!answered) co_await serve(x, route);
    co_return x.reusable();
}

}  // namespace

task<> run_session(std::shared_ptr<connection> client, world& shared) {
    error_code error;
    client->socket.non_blocking(true, error);
    bool usable = true;
    while (usable) usable = co_await one_request(*client, shared);
    client->socket.shutdown(tcp_socket::shutdown_send, error);
    client->socket.close(error);
}

}  // namespace tallyfs::standin
