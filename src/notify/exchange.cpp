#include "notify/exchange.hpp"

#include "notify/look_up.hpp"
#include "notify/retry.hpp"

#include <tallyfs/base/error.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

// As in the proxy: what co_await gives goes into a variable before it is used, because GCC 12
// destroys temporaries of conditions with co_await in them twice.

namespace tallyfs::notify {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace ssl = asio::ssl;
using parser = http::response_parser<http::string_body>;

constexpr std::uint32_t head_bytes_max = 16 * 1024;
constexpr std::uint64_t body_bytes_max = 64 * 1024;

auto into(error_code& error) {
    return asio::redirect_error(asio::use_awaitable, error);
}

/// What went wrong, in words in which no part of the address can be.
std::string words_of(const char* step, const error_code& error) {
    return std::string(step) + ": " + error.message();
}

http::request<http::string_body> request_of(const outgoing& what) {
    http::request<http::string_body> request(http::string_to_verb(what.method), what.address.path,
                                             11);
    request.set(http::field::host, what.address.host_header());
    request.set(http::field::user_agent, "tallyfs");
    request.set(http::field::connection, "close");
    for (const auto& [name, value] : what.headers) request.set(name, value);
    request.body() = what.body;
    if (what.method != "GET") request.prepare_payload();
    return request;
}

template <class Stream>
asio::awaitable<std::string> talk(Stream& stream, const outgoing& what, parser& answer) {
    const auto request = request_of(what);
    error_code error;
    co_await http::async_write(stream, request, into(error));
    if (error) co_return words_of("cannot send", error);
    beast::flat_buffer buffer(head_bytes_max);
    answer.header_limit(head_bytes_max);
    co_await http::async_read_header(stream, buffer, answer, into(error));
    if (error) co_return words_of("no answer", error);
    if (!what.reads_body) co_return std::string();
    answer.body_limit(body_bytes_max);
    co_await http::async_read(stream, buffer, answer, into(error));
    if (error) co_return words_of("no whole answer", error);
    co_return std::string();
}

/// The certificate must be valid, and that of the host.
error_code prepare(ssl::stream<beast::tcp_stream>& stream, std::string host) {
    error_code error;
    stream.set_verify_mode(ssl::verify_peer, error);
    if (!error) stream.set_verify_callback(ssl::host_name_verification(host), error);
    if (error) return error;
    error_code no_address;
    asio::ip::make_address(host, no_address);
    // Server Name Indication has names only (RFC 6066, section 3).
    if (no_address && SSL_ctrl(stream.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME,
                               TLSEXT_NAMETYPE_host_name, host.data()) != 1) {
        return boost::system::errc::make_error_code(boost::system::errc::invalid_argument);
    }
    return {};
}

asio::awaitable<std::string> talk_tls(beast::tcp_stream plain, const outgoing& what,
                                      parser& answer) {
    ssl::context context(ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
    context.set_verify_mode(ssl::verify_peer);
    error_code error;
    context.set_default_verify_paths(error);
    ssl::stream<beast::tcp_stream> stream(std::move(plain), context);
    if (!error) error = prepare(stream, what.address.host);
    if (error) co_return words_of("cannot begin TLS", error);
    co_await stream.async_handshake(ssl::stream_base::client, into(error));
    if (error) co_return words_of("TLS", error);
    auto failure = co_await talk(stream, what, answer);
    co_return failure;
}

/// Without a deadline of its own: the whole exchange has one.
asio::awaitable<std::string> run(endpoints where, const outgoing& what, parser& answer) {
    const auto executor = co_await asio::this_coro::executor;
    error_code error;
    beast::tcp_stream plain(executor);
    co_await plain.async_connect(where, into(error));
    if (error) co_return words_of("cannot connect", error);
    std::string failure;
    if (what.address.tls) {
        failure = co_await talk_tls(std::move(plain), what, answer);
    } else {
        failure = co_await talk(plain, what, answer);
    }
    co_return failure;
}

/// In our own words: a server's reason could be anything.
std::string status_words(int status) {
    const auto known = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status)));
    auto words = "HTTP " + std::to_string(status) + " " + std::string(known);
    if (status >= 300 && status < 400) {
        words += ": redirects are not followed, configure the address that it leads to";
    }
    return words;
}

}  // namespace

reply exchange(const outgoing& what, std::chrono::seconds timeout, wall_time now,
               const std::shared_ptr<stopper>& stop) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    const auto late = "no answer within " + std::to_string(timeout.count()) + " s";
    auto where = look_up(what.address, deadline, stop);
    if (!where) {
        const bool timed_out = where.error() == boost::system::errc::timed_out;
        return {0, timed_out ? late : words_of("cannot find the host", where.error()), {}, {}};
    }
    parser answer;
    std::optional<std::string> failure;
    // Its destructor ends a coroutine that is not done: what that refers to is declared before.
    asio::io_context io(1);
    asio::co_spawn(io, run(std::move(*where), what, answer),
                   [&failure](const std::exception_ptr& bug, std::string text) {
                       failure = bug ? "cannot be sent" : std::move(text);
                   });
    stop->run(io, deadline);
    if (!failure) return {0, late, {}, {}};
    if (!failure->empty()) return {0, std::move(*failure), {}, {}};
    const auto status = static_cast<int>(answer.get().result_int());
    const auto after = answer.get()[http::field::retry_after];
    return {status,
            judge_status(status) == verdict_on_status::delivered ? "" : status_words(status),
            parse_retry_after({after.data(), after.size()}, now),
            what.reads_body ? std::move(answer.get().body()) : std::string()};
}

}  // namespace tallyfs::notify
