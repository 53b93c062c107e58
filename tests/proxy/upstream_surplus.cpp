#include "proxy/support_proxy.hpp"
#include "support/catch.hpp"

using namespace tallyfs;
using namespace tallyfs::test;

namespace {

std::string get(std::string_view target) {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

/// Refused by the proxy itself, with a line: the upstream has no part in it.
const std::string refused = post("/api/chat", R"({"model":"a","MODEL":"b","messages":[]})");

const std::string stale = sized_reply("stale");

/// The reply of one request, by its first line; of a certain size altogether.
std::string reply_to(const seen_request& request, std::size_t bytes = 0) {
    const auto plain = sized_reply(request.first_line());
    if (bytes <= plain.size()) return plain;
    return sized_reply(request.first_line(),
                       "X-Filler: " + std::string(bytes - plain.size() - 12, 'x') + "\r\n");
}

}  // namespace

TEST_CASE("what an upstream sends beyond its response reaches nobody") {
    proxy_fixture f([](const seen_request& request, raw_socket& to) {
        return to.send(reply_to(request) + (request.head.starts_with("GET /more ") ? stale : ""));
    });
    auto client = f.connect();
    for (int i = 0; i < 3; ++i) {
        client.send(get("/more"));
        CHECK(client.read_reply() == sized_reply("GET /more HTTP/1.1"));
        auto next = f.connect();
        next.send(get("/next"));
        CHECK(next.read_reply() == sized_reply("GET /next HTTP/1.1"));
        CHECK_FALSE(client.readable_now());
    }
    CHECK(f.counters.upstream_retries == 0);
}

TEST_CASE("what an idle upstream sends ends its connection") {
    turnstile idle;
    std::atomic<bool> left{false};
    proxy_fixture f([&](const seen_request& request, raw_socket& to) {
        to.send(reply_to(request));
        if (!request.head.starts_with("GET /more ")) return true;
        idle.wait();
        to.send(stale);
        to.read_to_end();
        left = true;
        return false;
    });
    auto client = f.connect();
    client.send(get("/more"));
    CHECK(client.read_reply() == sized_reply("GET /more HTTP/1.1"));
    idle.open();
    eventually([&] { return left.load(); });
    client.send(get("/next"));
    CHECK(client.read_reply() == sized_reply("GET /next HTTP/1.1"));
}

TEST_CASE("what an idle upstream sends together with the next request does not answer it") {
    raw_socket* idle = nullptr;
    proxy_fixture f([&](const seen_request& request, raw_socket& to) {
        if (request.head.starts_with("GET /first ")) idle = &to;
        return to.send(reply_to(request));
    });
    auto client = f.connect();
    client.send(get("/first"));
    client.read_reply();
    // While the proxy's thread waits both arrive: the request first.
    stopping_place place;
    f.disk.stop = &place;
    auto busy = f.connect();
    busy.send(refused);
    place.arrived.wait();
    client.send(get("/second"));
    idle->send(stale);
    place.go_on.open();
    CHECK(client.read_reply() == sized_reply("GET /second HTTP/1.1"));
}

TEST_CASE("what an upstream sends right behind its response does not answer a waiting request") {
    constexpr std::size_t one_read = 4096;  // as much as the proxy takes at first
    turnstile may_answer;
    turnstile answered;
    proxy_fixture f([&](const seen_request& request, raw_socket& to) {
        if (!request.head.starts_with("GET /first ")) return to.send(reply_to(request));
        may_answer.wait();
        to.send(reply_to(request, one_read) + stale);
        answered.open();
        return true;
    });
    auto first = f.connect();
    first.send(get("/first"));
    auto second = f.connect();
    eventually([&] { return f.upstream.requests().size() == 1; });
    stopping_place place;
    f.disk.stop = &place;
    auto busy = f.connect();
    busy.send(refused);
    place.arrived.wait();
    may_answer.open();
    answered.wait();
    second.send(get("/second"));
    place.go_on.open();
    CHECK(first.read_reply().size() == one_read);
    CHECK(second.read_reply() == sized_reply("GET /second HTTP/1.1"));
}
