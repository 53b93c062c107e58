#include "proxy/support_proxy.hpp"
#include "support/catch.hpp"

using namespace tallyfs;
using namespace tallyfs::test;

namespace {
const std::string generate = post("/api/generate", R"({"model":"tiny","prompt":"hi"})");
}

TEST_CASE("a stream is byte for byte what the upstream sent, chunk extensions and trailers too") {
    const std::string reply = std::string(ndjson_head) + "54;name=value\r\n" +
                              std::string(token_line) + "\r\n" + chunk(last_line) +
                              "0\r\nX-Trailer: yes\r\n\r\n";
    REQUIRE(token_line.size() == 0x54);
    proxy_fixture f([&](const seen_request&, raw_socket& to) { return to.send(reply); });
    auto client = f.connect();
    client.send(generate);
    REQUIRE(client.read_exactly(reply.size()) == reply);
    REQUIRE_FALSE(client.readable_now());
    const auto line = f.lines(1).front();
    CHECK(line.outcome == record::outcome::ok);
    CHECK(line.response_bytes == static_cast<std::int64_t>(token_line.size() + last_line.size()));
}

TEST_CASE("a stream cut at every byte arrives unchanged") {
    const std::string reply =
        std::string(ndjson_head) + chunk(token_line) + chunk(last_line) + "0\r\n\r\n";
    proxy_fixture f([&](const seen_request&, raw_socket& to) {
        for (const char c : reply) to.send({&c, 1});
        return true;
    });
    auto client = f.connect();
    for (int i = 0; i < 3; ++i) {
        client.send(generate);
        REQUIRE(client.read_exactly(reply.size()) == reply);
    }
    REQUIRE(f.lines(3).size() == 3);
    CHECK(f.lines().back().output_tokens == 4);
    CHECK(f.upstream.connections() == 1);
}

TEST_CASE("each chunk arrives before the next is sent") {
    gate first_seen;
    gate second_seen;
    proxy_fixture f([&](const seen_request&, raw_socket& to) {
        to.send(std::string(ndjson_head) + chunk(token_line));
        first_seen.wait();
        to.send(chunk(token_line));
        second_seen.wait();
        return to.send(chunk(last_line) + "0\r\n\r\n");
    });
    auto client = f.connect();
    client.send(generate);
    const auto first = std::string(ndjson_head) + chunk(token_line);
    REQUIRE(client.read_exactly(first.size()) == first);
    first_seen.open();
    REQUIRE(client.read_exactly(chunk(token_line).size()) == chunk(token_line));
    second_seen.open();
    const auto rest = chunk(last_line) + "0\r\n\r\n";
    REQUIRE(client.read_exactly(rest.size()) == rest);
}

TEST_CASE("when the client reads the last byte the line is in the journal") {
    const std::string reply = std::string(ndjson_head) + chunk(token_line) + chunk(last_line);
    proxy_fixture f([&](const seen_request&, raw_socket& to) {
        return to.send(reply) && to.send("0\r\n\r\n");
    });
    auto client = f.connect();
    for (std::size_t i = 1; i <= 50; ++i) {
        client.send(generate);
        REQUIRE(client.read_exactly(reply.size()) == reply);
        REQUIRE(f.lines().size() == i);
        client.read_exactly(5);
    }
    const auto line = f.lines().back();
    CHECK(line.outcome == record::outcome::ok);
    CHECK(line.tokens_from == record::tokens_from::reported);
    CHECK(line.prompt_tokens == 24);
    CHECK(line.output_tokens == 4);
    CHECK(line.tokens_per_second == 2000.0);
    CHECK(line.first_token_ms.has_value());
    CHECK(line.cold_start == false);
    CHECK(line.model == "tiny");
    CHECK(line.stream == true);
    CHECK(line.status == 200);
}

TEST_CASE(
    "the line of a sized reply is there before its last byte, and of one that ends with the "
    "connection before the end") {
    const bool sized = GENERATE(true, false);
    const std::string body = R"({"model":"tiny","response":"a b","done":true,"eval_count":2})";
    proxy_fixture f([&](const seen_request&, raw_socket& to) {
        to.send(sized ? sized_reply(body)
                      : "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + body);
        return sized;
    });
    auto client = f.connect();
    client.send(generate);
    const auto head = client.read_until("\r\n\r\n");
    REQUIRE((head.find("Connection: close") == std::string::npos) == sized);
    REQUIRE(client.read_exactly(body.size()) == body);
    if (!sized) REQUIRE(client.read_some().empty());
    REQUIRE(f.lines().size() == 1);
    CHECK(f.lines()[0].outcome == record::outcome::ok);
    CHECK(f.lines()[0].output_tokens == 2);
}

TEST_CASE("an HTTP/1.0 client gets a stream without chunks, ended by the connection") {
    proxy_fixture f([&](const seen_request&, raw_socket& to) {
        return to.send(std::string(ndjson_head) + chunk(token_line) + chunk(last_line) +
                       "0\r\n\r\n");
    });
    const std::string body = R"({"model":"tiny","prompt":"hi"})";
    const auto reply = f.ask(
        "POST /api/generate HTTP/1.0\r\nConnection: keep-alive\r\n"
        "Content-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body);
    CHECK(reply.find("Transfer-Encoding") == std::string::npos);
    CHECK(reply.find("Connection: close\r\n") != std::string::npos);
    CHECK(reply.ends_with("\r\n\r\n" + std::string(token_line) + std::string(last_line)));
    CHECK(f.lines(1)[0].outcome == record::outcome::ok);
}

TEST_CASE("an HTTP/1.0 client that asks for it keeps its connection after a sized reply") {
    proxy_fixture f(
        [&](const seen_request&, raw_socket& to) { return to.send(sized_reply("{}")); });
    auto client = f.connect();
    for (int i = 0; i < 2; ++i) {
        client.send("GET /api/tags HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        const auto reply = client.read_reply();
        CHECK(reply.find("Connection: keep-alive\r\n") != std::string::npos);
        CHECK(reply.ends_with("\r\n\r\n{}"));
    }
}

TEST_CASE("a HEAD request and replies without a body end with their head") {
    const std::string reply =
        GENERATE(std::string("HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n"),
                 std::string("HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n"),
                 std::string("HTTP/1.1 204 No Content\r\n\r\n"),
                 std::string("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"));
    proxy_fixture f([&](const seen_request&, raw_socket& to) { return to.send(reply); });
    auto client = f.connect();
    for (int i = 0; i < 2; ++i) {
        client.send("HEAD /api/blobs/sha256:1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
        REQUIRE(client.read_exactly(reply.size()) == reply);
    }
    CHECK(f.upstream.connections() == 1);
    CHECK(f.lines(2)[0].outcome == record::outcome::ok);
}

TEST_CASE("interim responses pass, except the one that answers an Expect") {
    const std::string hints = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    const std::string reply = sized_reply("{}");
    proxy_fixture f([&](const seen_request&, raw_socket& to) {
        return to.send("HTTP/1.1 100 Continue\r\n\r\n" + hints + reply);
    });
    auto client = f.connect();
    client.send("GET /api/tags HTTP/1.1\r\nHost: localhost\r\n\r\n");
    REQUIRE(client.read_exactly(hints.size() + reply.size()) == hints + reply);
}

TEST_CASE("a slow reader slows its own stream and no other") {
    constexpr std::size_t total = 64u << 20;
    std::atomic<std::size_t> taken{0};
    proxy_fixture f([&](const seen_request& request, raw_socket& to) {
        if (request.head.find("/small") != std::string::npos) return to.send(sized_reply("{}"));
        to.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(total) + "\r\n\r\n");
        const std::string piece(1 << 20, 'x');
        for (std::size_t sent = 0; sent < total; sent += piece.size()) {
            if (!to.send(piece)) return false;
            taken = sent + piece.size();
        }
        return true;
    });
    auto slow = f.connect();
    slow.send("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
    slow.read_until("\r\n\r\n");
    const auto before = resident_bytes();
    std::size_t last = 0;
    do {  // until the kernel's buffers are full
        last = taken;
        ::poll(nullptr, 0, 100);
    } while (taken != last);
    CHECK(taken < total);
    CHECK((!memory_counts() || resident_bytes() < before + (4u << 20)));
    auto other = f.connect();
    other.send("GET /small HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(other.read_reply().ends_with("{}"));
    CHECK(slow.discard(total) == total);
}
