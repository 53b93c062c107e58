// The memory for bodies that are kept whole is bounded, and all of it comes back.
#include "proxy/kernel_queues.hpp"
#include "proxy/support_proxy.hpp"
#include "support/catch.hpp"

using namespace tallyfs;
using namespace tallyfs::test;

namespace {

constexpr std::size_t all_bytes = 256u << 10;

void bound(proxy::server_options& options) {
    options.inference_bodies_bytes_max = all_bytes;
    options.inference_body_bytes_max = all_bytes;
}

/// A request of so many bytes; one of all_bytes is let through only while no other is kept.
std::string request_of(std::size_t bytes, std::string_view target = "/api/generate") {
    std::string body = R"({"model":"tiny","prompt":")";
    body.resize(bytes - 2, 'x');
    return post(target, body + "\"}");
}

bool answer_ok(const seen_request&, raw_socket& to) {
    return to.send(sized_reply("{}"));
}

bool is_served(const proxy_fixture& f, const std::string& request) {
    auto client = f.connect();
    client.send(request);
    return client.read_reply().starts_with("HTTP/1.1 200 ");
}

/// Sends a request but for its last byte, and waits until all of that is read.
raw_socket begin(const proxy_fixture& f, std::size_t bytes) {
    auto client = f.connect();
    const auto request = request_of(bytes);
    client.send(std::string_view(request).substr(0, request.size() - 1));
    eventually([&] { return unread_bytes(port_of(client), f.port) == 0; });
    return client;
}

}  // namespace

TEST_CASE("bodies that are too much together are refused in the caller's dialect, with 503") {
    proxy_fixture f(answer_ok, bound);
    auto first = begin(f, all_bytes / 2 + 100);
    auto second = f.connect();
    second.send(request_of(all_bytes / 2, "/v1/messages"));
    const auto reply = second.read_reply();
    CHECK(reply.starts_with("HTTP/1.1 503 "));
    CHECK(reply.find(R"("type":"error")") != std::string::npos);
    const auto line = f.lines().back();
    CHECK(line.outcome == record::outcome::refused);
    CHECK(line.status == 503);
    CHECK(is_served(f, request_of(1000)));
    first.send("}");
    CHECK(first.read_reply() == sized_reply("{}"));
    CHECK(is_served(f, request_of(all_bytes)));
}

TEST_CASE("the room that a body takes comes back however its call ends") {
    proxy_fixture f(
        [](const seen_request& request, raw_socket& to) {
            return !request.first_line().starts_with("POST /api/chat ") && answer_ok(request, to);
        },
        bound);
    const auto all = request_of(all_bytes);
    SECTION("answered") {
        REQUIRE(is_served(f, all));
    }
    SECTION("the client is gone before the end") {
        begin(f, all_bytes - 1000).close();
    }
    SECTION("refused for want of room") {
        auto other = begin(f, all_bytes / 2 + 100);
        REQUIRE_FALSE(is_served(f, request_of(all_bytes / 2)));
        other.send("}");
        REQUIRE(other.read_reply() == sized_reply("{}"));
    }
    SECTION("refused because it is too large by itself") {
        auto client = f.connect();
        client.send(
            "POST /api/chat HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" +
            chunk(std::string(all_bytes - 1, 'x')) + chunk("xxx"));
        REQUIRE(client.read_to_end().starts_with("HTTP/1.1 413 "));
    }
    SECTION("refused for what it says") {
        std::string body = R"({"model":"a","MODEL":"b","prompt":")";
        body.resize(all_bytes - 2, 'x');
        auto client = f.connect();
        client.send(post("/api/generate", body + "\"}"));
        REQUIRE(client.read_reply().starts_with("HTTP/1.1 400 "));
    }
    SECTION("the upstream gives no answer") {
        auto client = f.connect();
        client.send(request_of(all_bytes, "/api/chat"));
        REQUIRE(client.read_reply().starts_with("HTTP/1.1 502 "));
    }
    eventually([&] { return is_served(f, all); });
}

TEST_CASE("the room of a long body is free again as soon as the answer begins") {
    gate go_on;
    proxy_fixture f(
        [&](const seen_request& request, raw_socket& to) {
            if (!request.first_line().starts_with("POST /api/chat ")) return answer_ok(request, to);
            to.send(std::string(ndjson_head) + chunk(token_line));
            go_on.wait();
            return to.send(chunk(last_line) + "0\r\n\r\n");
        },
        bound);
    auto streaming = f.connect();
    streaming.send(request_of(all_bytes, "/api/chat"));
    streaming.read_until(token_line);
    CHECK(is_served(f, request_of(all_bytes)));
    go_on.open();
    CHECK(streaming.read_until("0\r\n\r\n").ends_with("0\r\n\r\n"));
}

TEST_CASE("one body may be as large as one may be, also where that is more than all may have") {
    proxy_fixture f(answer_ok, [](auto& options) {
        bound(options);
        options.inference_body_bytes_max = 2 * all_bytes;
    });
    CHECK(is_served(f, request_of(2 * all_bytes)));
}
