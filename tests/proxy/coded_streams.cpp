// What the upstream has compressed is not looked into, and not held back.
#include "proxy/support_proxy.hpp"
#include "support/catch.hpp"

using namespace tallyfs;
using namespace tallyfs::test;

TEST_CASE("a compressed stream whose usage was asked for passes as it comes") {
    const std::string head =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\n"
        "Transfer-Encoding: chunked\r\n\r\n";
    const std::string first = chunk(std::string_view("\x1f\x8b\x08\0\0\0\0\0\0\3data", 14));
    const std::string rest = chunk(std::string_view("\n\n\0", 3)) + "0\r\n\r\n";
    gate first_seen;
    proxy_fixture f([&](const seen_request&, raw_socket& to) {
        to.send(head + first);
        first_seen.wait();
        return to.send(rest);
    });
    auto client = f.connect();
    client.send(post("/v1/chat/completions", R"({"model":"m","stream":true,"messages":[]})"));
    REQUIRE(client.read_exactly(head.size() + first.size()) == head + first);
    first_seen.open();
    REQUIRE(client.read_exactly(rest.size()) == rest);
    REQUIRE(f.upstream.requests().at(0).body.find("include_usage") != std::string::npos);
}
