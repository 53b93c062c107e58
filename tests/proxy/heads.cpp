#include "support/catch.hpp"

#include <boost/asio/buffer.hpp>
#include <proxy/head_rewrite.hpp>
#include <proxy/own_reply.hpp>

using namespace tallyfs;
using namespace tallyfs::proxy;

namespace {

template <bool IsRequest>
message_head parse(std::string_view text) {
    message_head head;
    head_parser<IsRequest> parser(head);
    error_code error;
    parser.put(boost::asio::buffer(text.data(), text.size()), error);
    REQUIRE_FALSE(error);
    REQUIRE(parser.is_header_done());
    return head;
}

}  // namespace

TEST_CASE("a head cut at every byte is read the same") {
    const std::string text =
        "POST /api/chat HTTP/1.1\r\nHost: a\r\nX-Long:   value with spaces  \r\n\r\n";
    for (std::size_t cut = 1; cut < text.size(); ++cut) {
        message_head head;
        request_parser parser(head);
        error_code error;
        auto done = parser.put(boost::asio::buffer(text.data(), cut), error);
        REQUIRE(error == http::error::need_more);
        done += parser.put(boost::asio::buffer(text.data() + done, text.size() - done), error);
        REQUIRE_FALSE(error);
        REQUIRE(done == text.size());
        REQUIRE(head.method() == "POST");
        REQUIRE(head.target() == "/api/chat");
        REQUIRE(head.find("x-long") == "value with spaces");
        REQUIRE(head.size() == 2);
    }
}

TEST_CASE("an empty body in chunks that arrives byte by byte is read to its end") {
    for (const std::string body : {"0\r\n\r\n", "000;a=b\r\nX: y\r\n\r\n", "1\r\nx\r\n0\r\n\r\n"}) {
        message_head head;
        request_parser parser(head);
        error_code error;
        const std::string fields = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        parser.put(boost::asio::buffer(fields), error);
        REQUIRE_FALSE(error);
        std::size_t read = 0;
        for (std::size_t here = 1; here <= body.size(); ++here) {
            INFO(body << ", " << here << " bytes of it");
            REQUIRE_FALSE(parser.is_done());
            read += parser.put(boost::asio::buffer(body.data() + read, here - read), error);
            REQUIRE((!error || error == http::error::need_more));
        }
        CHECK(parser.is_done());
        CHECK(read == body.size());
    }
}

TEST_CASE("a page's own origin is rewritten together with its host, another is not") {
    const auto head = parse<true>(
        "POST /api/chat HTTP/1.1\r\nHost: foo.local:11433\r\n"
        "Origin: http://foo.local:11433\r\n\r\n");
    std::string out;
    write_request_head(out, head, "/api/chat", "127.0.0.1:11434", {});
    CHECK(out ==
          "POST /api/chat HTTP/1.1\r\nHost: 127.0.0.1:11434\r\n"
          "Origin: http://127.0.0.1:11434\r\n\r\n");
    const auto other = parse<true>(
        "POST /api/chat HTTP/1.1\r\nHost: foo.local\r\nOrigin: http://evil.example\r\n\r\n");
    out.clear();
    write_request_head(out, other, "/api/chat", "127.0.0.1:11434", {});
    CHECK(out.find("Origin: http://evil.example\r\n") != std::string::npos);
}

TEST_CASE("framing cannot be stripped by naming it in Connection") {
    const auto head = parse<true>(
        "POST / HTTP/1.1\r\nHost: a\r\nConnection: content-length, host\r\n"
        "Content-Length: 7\r\n\r\n");
    std::string out;
    write_request_head(out, head, "/", "up:1", {.chunked = false, .bytes = 7});
    CHECK(out == "POST / HTTP/1.1\r\nHost: up:1\r\nContent-Length: 7\r\n\r\n");
}

TEST_CASE("how a body is to be read cannot be stripped by naming it in Connection") {
    const auto head = parse<true>(
        "POST / HTTP/1.1\r\nHost: a\r\nConnection: content-encoding, Content-Type, x-a\r\n"
        "Content-Encoding: zstd\r\nContent-Type: text/plain\r\nX-A: 1\r\nContent-Length: "
        "7\r\n\r\n");
    std::string out;
    write_request_head(out, head, "/", "up:1", {.chunked = false, .bytes = 7});
    CHECK(out ==
          "POST / HTTP/1.1\r\nHost: up:1\r\nContent-Encoding: zstd\r\nContent-Type: "
          "text/plain\r\nContent-Length: 7\r\n\r\n");
}

TEST_CASE("a field that is meant for us is left out") {
    const auto head =
        parse<true>("GET / HTTP/1.1\r\nHost: a\r\nx-api-KEY: secret\r\nX-Api-Keys: 2\r\n\r\n");
    std::string out;
    write_request_head(out, head, "/", "up:1", {}, "X-Api-Key");
    CHECK(out == "GET / HTTP/1.1\r\nHost: up:1\r\nX-Api-Keys: 2\r\n\r\n");
}

TEST_CASE("a response head is forwarded as it came where nothing has to change") {
    const auto plain = parse<false>("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    CHECK(forward_as_is(plain, {}));
    CHECK_FALSE(forward_as_is(plain, {.keep_alive = false}));
    CHECK_FALSE(forward_as_is(plain, {.client_http_1_1 = false}));
    const auto kept =
        parse<false>("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n");
    CHECK(forward_as_is(kept, {}));
    const auto closed = parse<false>(
        "HTTP/1.1 200 Fine\r\nX-A: 1\r\nConnection: close, X-B\r\nX-B: 2\r\n"
        "Content-Length: 0\r\n\r\n");
    CHECK_FALSE(forward_as_is(closed, {}));
    std::string out;
    write_response_head(out, closed, {});
    CHECK(out == "HTTP/1.1 200 Fine\r\nX-A: 1\r\nContent-Length: 0\r\n\r\n");
    out.clear();
    write_response_head(out, closed, {.rechunked = true});
    CHECK(out == "HTTP/1.1 200 Fine\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST_CASE("an answer of our own says what a client needs to read it") {
    std::string out;
    write_own_reply(out, 503, {"application/json", "{}"}, {.keep_alive = false});
    CHECK(out ==
          "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"
          "Content-Length: 2\r\nConnection: close\r\n\r\n{}");
    out.clear();
    write_own_reply(out, 405, {"application/json", "{}"}, {.head_request = true});
    CHECK(out.find("Allow: ") != std::string::npos);
    CHECK(out.ends_with("\r\n\r\n"));
}

TEST_CASE("an answer of our own has one head, whatever it quotes") {
    const std::string hostile = "a\r\nX-Injected: 1\r\n\r\nHTTP/1.1 200 OK\r\n\r\n\"\\\x1b[2J";
    for (const auto dialect : {dialect::family::native, dialect::family::openai,
                               dialect::family::responses, dialect::family::anthropic}) {
        std::string out;
        write_own_reply(out, 502, dialect::make_error(dialect, 502, hostile), {});
        CHECK(out.find("\r\nX-Injected") == std::string::npos);
        CHECK(out.find("\r\n\r\n") == out.rfind("\r\n\r\n"));
        const auto body = out.substr(out.find("\r\n\r\n") + 4);
        CHECK(out.find("Content-Length: " + std::to_string(body.size()) + "\r\n") !=
              std::string::npos);
        CHECK(body.find_first_of("\r\x1b") == std::string::npos);
    }
}
