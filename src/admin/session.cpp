#include "admin/session.hpp"

#include "admin/answers.hpp"
#include "admin/log_intake.hpp"
#include "admin/requests.hpp"
#include "admin/who.hpp"

#include <tallyfs/base/file.hpp>
#include <tallyfs/base/log.hpp>

#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <fcntl.h>

namespace tallyfs::admin {

namespace {

namespace beast = boost::beast;
using response = beast::http::response<beast::http::string_body>;

constexpr std::size_t head_bytes_max = 16 * 1024;
constexpr std::size_t body_bytes_max = 64 * 1024;  // of a request for approval: some KiB
constexpr std::chrono::seconds idle_max{60};
constexpr std::size_t piece_bytes = std::size_t{256} << 10;

page refusal(int status, std::string text) {
    return {status, "text/plain; charset=utf-8", std::move(text), std::nullopt};
}

/// Posts find_page() to the view thread; its answer resumes the connection on its own thread.
/// A class with named members instead of a lambda in the co_await expression: GCC 12 destroys
/// temporaries of such an expression twice.
class page_request {
  public:
    page_request(const session_context& shared, std::string target)
        : shared_(shared), target_(std::move(target)) {}

    template <class Handler>
    void operator()(Handler handler) const {
        auto done = std::make_shared<Handler>(std::move(handler));
        const auto executor = asio::get_associated_executor(*done);
        const auto answer = [done, executor](const std::shared_ptr<page>& found) {
            asio::post(executor, [done, found] { (*done)(std::move(*found)); });
        };
        const bool posted =
            shared_.views.post([&shared = shared_, target = target_, answer](bool current) {
                const auto found =
                    made(target, [&] { return find_page(*shared.root, target, current); });
                if (found->slow_body == nullptr) return answer(found);
                const bool goes_on = shared.views.post_apart([target, found, answer] {
                    answer(made(target, [&] { return with_body(*found); }));
                });
                if (!goes_on) answer(stopping());
            });
        if (!posted) answer(stopping());
    }

  private:
    static page with_body(page found) {
        found.body = found.slow_body();
        return found;
    }
    static std::shared_ptr<page> stopping() {
        return std::make_shared<page>(refusal(503, "Stopping.\n"));
    }
    /// What `make` gives, or what its exception means.
    template <class Make>
    static std::shared_ptr<page> made(const std::string& target, const Make& make) {
        try {
            return std::make_shared<page>(make());
        } catch (const boost::system::system_error& error) {
            if (error.code() != boost::system::errc::resource_unavailable_try_again) {
                spdlog::error("{} cannot be shown: {}", target, error.what());
                return std::make_shared<page>(refusal(500, "This file cannot be shown now.\n"));
            }
            return std::make_shared<page>(
                refusal(503, "This is being made anew: see /status.txt, then try again.\n"));
        } catch (const std::exception& error) {
            spdlog::error("{} cannot be shown: {}", target, error.what());
            return std::make_shared<page>(refusal(500, "This file cannot be shown now.\n"));
        }
    }

    const session_context& shared_;
    std::string target_;
};

asio::awaitable<void> send_log(beast::tcp_stream& stream, const tree::log_file& log, response head,
                               bool with_body) {
    const auto size = log.bytes();
    head.content_length(size);
    beast::http::response_serializer<beast::http::string_body> serializer(head);
    co_await beast::http::async_write_header(stream, serializer, asio::use_awaitable);
    if (!with_body) co_return;
    const auto file = open_file(log.path, O_RDONLY).value();
    for (std::uint64_t at = 0; at < size;) {
        const auto wanted =
            static_cast<std::size_t>(std::min<std::uint64_t>(piece_bytes, size - at));
        const auto piece = read_at(file.get(), at, wanted).value();
        if (piece.empty()) throw std::runtime_error(log.path.string() + " is shorter than it was");
        stream.expires_after(idle_max);
        co_await asio::async_write(stream, asio::buffer(piece), asio::use_awaitable);
        at += piece.size();
    }
}

asio::awaitable<page> answer_to(request& asked, const session_context& shared,
                                const std::string& peer) {
    const auto method = asked.method();
    // Of two hosts, or of one in the target, it is unclear which was checked.
    if (asked.count(beast::http::field::host) > 1 || !asked.target().starts_with('/')) {
        co_return refusal(400, "Ask for a path, of one host.\n");
    }
    if (shared.on_loopback && !http::host_allowed(asked[beast::http::field::host], shared.own)) {
        co_return refusal(403, "");
    }
    if (is_intake(asked) && shared.logs != nullptr) {
        auto taken = co_await take_in(asked, *shared.logs);
        co_return taken;
    }
    const bool readable = method == beast::http::verb::get || method == beast::http::verb::head;
    // What is sent, and the link of a direct message, say by themselves who it is from.
    if (readable && shared.people_only && !is_answer(asked.target())) {
        const auto reader = co_await who_asks(asked, *shared.office, peer, secret_of(asked));
        if (!reader) {
            co_return refusal(401,
                              "Only people in the configuration may read here: send your token, "
                              "as Authorization: Bearer TOKEN or as the password.\n");
        }
    }
    if (is_about_requests(asked.target()) && (readable || method == beast::http::verb::post)) {
        auto answer = co_await answer_about_requests(asked, shared, peer);
        co_return answer;
    }
    // Nothing changes state on GET, and nothing else is served of the tree.
    if (!readable) {
        co_return refusal(405, "Only GET and HEAD are served here.\n");
    }
    const page_request request_page(shared, std::string(asked.target()));
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(page)>(
        request_page, asio::use_awaitable);
}

/// False when the connection is to be closed.
asio::awaitable<bool> serve_one(beast::tcp_stream& stream, beast::flat_buffer& buffer,
                                const session_context& shared, const std::string& peer) {
    beast::http::request_parser<beast::http::string_body> parser;
    parser.header_limit(head_bytes_max);
    parser.body_limit(intake_body_bytes_max);  // a longer one is refused with its head
    stream.expires_after(idle_max);
    error_code failure;
    co_await beast::http::async_read_header(stream, buffer, parser,
                                            asio::redirect_error(asio::use_awaitable, failure));
    if (failure == beast::http::error::end_of_stream) co_return false;
    auto& asked = parser.get();
    auto found = refusal(400, "This request cannot be read.\n");
    // Who may post logs may post more than others: known before the rest is read.
    const bool posts_logs = !failure && is_intake(asked) && shared.logs != nullptr;
    const bool may = !posts_logs || may_post(asked, *shared.logs);
    const auto body_max = posts_logs ? intake_body_bytes_max : body_bytes_max;
    parser.body_limit(body_max);
    if (!failure && parser.content_length().value_or(0) > body_max) {
        failure = beast::http::error::body_limit;
    }
    if (!failure && may) {
        co_await beast::http::async_read(stream, buffer, parser,
                                         asio::redirect_error(asio::use_awaitable, failure));
    }
    if (!may) {
        co_await pause(wrong_token_pause);
        found = refusal(401, "No server of this name takes logs with this token.\n");
        failure = beast::http::error::unexpected_body;  // it was not read
    } else if (failure == beast::http::error::body_limit) {
        found = refusal(413, "This body is too large.\n");
    } else if (!failure) {
        found = co_await answer_to(asked, shared, peer);
    }
    response head;
    head.result(static_cast<unsigned>(found.status));
    head.version(asked.version() == 10 ? 10 : 11);
    head.set(beast::http::field::content_type, found.content_type);
    head.set("X-Content-Type-Options", "nosniff");
    if (found.content_type.starts_with("text/html")) {
        // No scripts, nothing from elsewhere, in nobody's frame, told to nobody.
        head.set("Content-Security-Policy",
                 "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
                 "frame-ancestors 'none'; base-uri 'none'");
        head.set("Referrer-Policy", "no-referrer");
        head.set(beast::http::field::cache_control, "no-store");
    }
    if (found.status == 401) head.set(beast::http::field::www_authenticate, "Basic realm=tallyfs");
    if (found.status == 405) head.set(beast::http::field::allow, "GET, HEAD");
    const bool keep = !failure && asked.keep_alive();
    head.keep_alive(keep);
    const bool with_body = asked.method() != beast::http::verb::head;
    stream.expires_after(idle_max);
    if (found.log) {
        co_await send_log(stream, *found.log, std::move(head), with_body);
        co_return keep;
    }
    const auto size = found.body.size();
    if (with_body) head.body() = std::move(found.body);
    head.content_length(size);
    beast::http::response_serializer<beast::http::string_body> serializer(head);
    if (with_body) {
        co_await beast::http::async_write(stream, serializer, asio::use_awaitable);
    } else {
        co_await beast::http::async_write_header(stream, serializer, asio::use_awaitable);
    }
    co_return keep;
}

}  // namespace

asio::awaitable<void> serve(tcp::socket socket, const session_context& shared) {
    error_code unknown;
    const auto peer = socket.remote_endpoint(unknown).address().to_string();
    beast::tcp_stream stream(std::move(socket));
    beast::flat_buffer buffer;
    try {
        for (bool more = true; more;) more = co_await serve_one(stream, buffer, shared, peer);
    } catch (const boost::system::system_error&) {
        // The client went away or took too long: nothing is owed to it.
    }
    error_code ignored;
    stream.socket().shutdown(tcp::socket::shutdown_both, ignored);
}

}  // namespace tallyfs::admin
