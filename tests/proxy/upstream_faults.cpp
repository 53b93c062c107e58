#include "proxy/support_proxy.hpp"
#include "support/catch.hpp"

using namespace tallyfs;
using namespace tallyfs::test;

namespace {

const std::string generate = post("/api/generate", R"({"model":"tiny","prompt":"hi"})");
const std::string other = "GET /other HTTP/1.1\r\nHost: localhost\r\n\r\n";
const std::string ok = "HTTP/1.1 200 OK\r\n";
const std::string hints = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";

bool is_other(const seen_request& request) {
    return request.head.starts_with("GET /other ");
}

std::string repeated(const std::string& text, int count) {
    std::string all;
    for (int i = 0; i < count; ++i) all += text;
    return all;
}

template <std::size_t Size>
std::string bytes(const char (&text)[Size]) {
    return {text, Size - 1};
}

/// The reply behind those that only say that one will come.
std::string read_final_reply(raw_socket& client) {
    auto reply = client.read_reply();
    while (reply.starts_with("HTTP/1.1 1")) reply = client.read_reply();
    return reply;
}

struct bad_reply {
    std::string name;
    std::string bytes;
};

const bad_reply bad_replies[] = {
    {"another protocol", "SSH-2.0-OpenSSH\r\n\r\n"},
    {"HTTP/2", "HTTP/2 200\r\n\r\n"},
    {"HTTP/0.9", "<html>\r\n\r\n"},
    {"a status of two digits", "HTTP/1.1 99 OK\r\n\r\n"},
    {"a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n"},
    {"a bare LF behind the status", "HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\n{}"},
    {"a bare LF in the status", "HTTP/1.1 200 OK\nX: injected\r\nContent-Length: 2\r\n\r\n{}"},
    {"a bare CR in the status", "HTTP/1.1 200 OK\rX: injected\r\nContent-Length: 2\r\n\r\n{}"},
    {"a NUL in the status", bytes("HTTP/1.1 200 O\0K\r\nContent-Length: 2\r\n\r\n{}")},
    {"a bare LF in a field", ok + "X: a\nX: injected\r\nContent-Length: 2\r\n\r\n{}"},
    {"a bare CR in a field", ok + "X: a\rX: injected\r\nContent-Length: 2\r\n\r\n{}"},
    {"a NUL in a field", ok + bytes("X: a\0b\r\nContent-Length: 2\r\n\r\n{}")},
    {"an escape in a field", ok + "X: \x1b[2J\r\nContent-Length: 2\r\n\r\n{}"},
    {"no colon", ok + "bad\r\n\r\n"},
    {"a blank before the colon", ok + "X : a\r\nContent-Length: 2\r\n\r\n{}"},
    {"a folded field", ok + "X: a\r\n b\r\nContent-Length: 2\r\n\r\n{}"},
    {"a folded length", ok + "Content-Length:\r\n 2\r\n\r\n{}"},
    {"two lengths", ok + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}}"},
    {"the same length twice", ok + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"},
    {"a list of lengths", ok + "Content-Length: 2, 2\r\n\r\n{}"},
    {"a negative length", ok + "Content-Length: -2\r\n\r\n{}"},
    {"a length with a plus", ok + "Content-Length: +2\r\n\r\n{}"},
    {"an empty length", ok + "Content-Length:\r\n\r\n{}"},
    {"a length and a coding",
     ok + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"},
    {"a coding and a length", ok + "Transfer-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"},
    {"another coding", ok + "Transfer-Encoding: gzip\r\n\r\n{}"},
    {"two codings", ok + "Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"},
    {"chunked twice", ok + "Transfer-Encoding: chunked, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"},
    {"chunked in HTTP/1.0",
     "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"},
    {"chunks that are none", ok + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n"},
    {"a switch of protocols", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"},
    {"an interim response with a body",
     "HTTP/1.1 103 Early Hints\r\nContent-Length: 2\r\n\r\n{}" + ok + "Content-Length: 0\r\n\r\n"},
    {"more interim responses than anyone needs",
     repeated(hints, 20) + ok + "Content-Length: 2\r\n\r\n{}"},
    {"a head that is too long", ok + "X: " + std::string(100'000, 'x')},
};

}  // namespace

TEST_CASE("a response whose end is in doubt is a 502, and nothing of it is forwarded") {
    for (const auto& bad : bad_replies) {
        INFO(bad.name);
        std::atomic<bool> left{false};
        proxy_fixture f([&](const seen_request& request, raw_socket& to) {
            if (is_other(request)) return to.send(sized_reply("{}"));
            to.send(bad.bytes);
            to.read_to_end();
            left = true;
            return false;
        });
        auto client = f.connect();
        client.send(generate);
        const auto reply = read_final_reply(client);
        CHECK(reply.starts_with("HTTP/1.1 502 Bad Gateway\r\n"));
        CHECK(reply.find("injected") == std::string::npos);
        eventually([&] { return left.load(); });
        client.send(other);
        CHECK(client.read_reply() == sized_reply("{}"));
        const auto line = f.next_line();
        CHECK(line.outcome == record::outcome::upstream_error);
        CHECK(line.status == 502);
    }
}

TEST_CASE("what is meant for one hop is left out of interim responses too") {
    proxy_fixture f([&](const seen_request&, raw_socket& to) {
        return to.send(
            "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: close, X-B\r\n"
            "X-B: 1\r\nUpgrade: x\r\n\r\n" +
            sized_reply("{}"));
    });
    auto client = f.connect();
    client.send(generate);
    CHECK(client.read_until("\r\n\r\n") == hints);
    CHECK(client.read_reply() == sized_reply("{}"));
}

TEST_CASE("an upstream that never comes to an end is cut off, in little memory") {
    const std::string begun = std::string(ndjson_head) + chunk(token_line);
    const struct {
        std::string name;
        std::string begin;
        std::string more;
    } cases[] = {
        {"one field", ok + "X: ", std::string(64 * 1024, 'x')},
        {"fields", ok, repeated("X: y\r\n", 10'000)},
        {"interim responses", "", repeated(hints, 1'000)},
        {"a chunk's extension", begun + "5;a=", std::string(64 * 1024, 'x')},
        {"a chunk's size", begun, std::string(64 * 1024, '0')},
        {"a trailer", begun + "0\r\nX: ", std::string(64 * 1024, 'x')},
        {"trailers", begun + "0\r\n", repeated("X: y\r\n", 10'000)},
    };
    constexpr std::size_t enough = 64u << 20;
    for (const auto& c : cases) {
        INFO(c.name);
        std::atomic<std::size_t> sent{0};
        proxy_fixture f([&](const seen_request&, raw_socket& to) {
            to.send(c.begin);
            while (sent < enough && to.send(c.more)) sent += c.more.size();
            return false;
        });
        const auto before = resident_bytes();
        auto client = f.connect();
        client.send(generate);
        const auto line = f.next_line();
        CHECK(line.outcome != record::outcome::ok);
        CHECK(line.outcome != record::outcome::client_gone);
        client.close();
        eventually([&] { return f.counters.connections_open == 0; });
        CHECK(sent < enough / 2);
        CHECK((!memory_counts() || resident_bytes() < before + (8u << 20)));
    }
}

TEST_CASE("an upstream that stalls holds up its caller and nobody else") {
    const std::string reply = std::string(ndjson_head) + chunk(token_line);
    for (const std::size_t sent :
         {std::size_t{0}, std::size_t{10}, ndjson_head.size() - 2, ndjson_head.size(),
          ndjson_head.size() + 1, ndjson_head.size() + 30, reply.size()}) {
        INFO("stalls after " << sent << " bytes");
        turnstile stalls;
        std::atomic<bool> left{false};
        proxy_fixture f([&](const seen_request& request, raw_socket& to) {
            if (is_other(request)) return to.send(sized_reply("{}"));
            to.send(std::string_view(reply).substr(0, sent));
            stalls.open();
            to.read_to_end();
            left = true;
            return false;
        });
        auto client = f.connect();
        client.send(generate);
        stalls.wait();
        auto next = f.connect();
        next.send(other);
        CHECK(next.read_reply() == sized_reply("{}"));
        CHECK_FALSE(left);
        CHECK(f.next_line().endpoint == "other");
        client.close();
        CHECK(f.next_line().outcome == record::outcome::client_gone);
        eventually([&] { return left.load(); });
    }
}

TEST_CASE("an upstream that answers and leaves with the request unread agrees with the record") {
    const std::string body = R"({"model":"m","prompt":")" + std::string(4u << 20, 'p') + R"("})";
    proxy_fixture f([&](const seen_request&, raw_socket& to) {
        to.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
        to.reset();  // as close(2) does while bytes of the request are unread
        return false;
    });
    for (int i = 0; i < 10; ++i) {
        auto client = f.connect();
        client.send("POST /api/blobs/sha256:1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                    std::to_string(body.size()) + "\r\n\r\n");
        client.send(body);
        const auto reply = client.read_reply();
        const auto line = f.next_line();
        CHECK(line.outcome == record::outcome::upstream_error);
        REQUIRE(line.status.has_value());
        CHECK(reply.starts_with("HTTP/1.1 " + std::to_string(*line.status) + " "));
    }
}
