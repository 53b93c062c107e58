#include "proxy/support_proxy.hpp"
#include "support/catch.hpp"

using namespace tallyfs;
using namespace tallyfs::test;

namespace {

bool answer_ok(const seen_request&, raw_socket& to) {
    return to.send(sized_reply("{}"));
}

}  // namespace

TEST_CASE("the upstream gets the request as sent, without what is meant for one hop") {
    proxy_fixture f(answer_ok);
    auto client = f.connect();
    client.send(
        "POST /api/chat?x=%2F HTTP/1.1\r\nX-First: 1\r\nhOST: localhost:11433\r\n"
        "Connection: keep-alive, X-Mine\r\nX-Mine: secret\r\nKeep-Alive: 5\r\n"
        "Proxy-Connection: keep-alive\r\nTE: trailers\r\nUpgrade: h2c\r\n"
        "AUTHORIZATION: Bearer k\r\ncontent-length: 2\r\nX-Last:  spaced \r\n\r\n{}");
    client.read_reply();
    const auto seen = f.upstream.requests().at(0);
    CHECK(seen.head == "POST /api/chat?x=%2F HTTP/1.1\r\nX-First: 1\r\nhOST: 127.0.0.1:" +
                           std::to_string(f.upstream.port()) +
                           "\r\nAUTHORIZATION: Bearer k\r\nContent-Length: 2\r\n"
                           "X-Last: spaced\r\n\r\n");
    CHECK(seen.body == "{}");
}

TEST_CASE("a base path and an absolute target are reduced to what Ollama knows") {
    proxy_fixture f(answer_ok);
    auto client = f.connect();
    client.send(post("/as/n8n/nightly/api/chat", R"({"model":"m","messages":[]})"));
    client.read_reply();
    client.send("GET http://localhost/api/copy?a HTTP/1.1\r\nHost: ignored\r\n\r\n");
    client.read_reply();
    CHECK(f.upstream.requests().at(0).first_line() == "POST /api/chat HTTP/1.1");
    CHECK(f.upstream.requests().at(1).first_line() == "GET /api/copy?a HTTP/1.1");
    const auto line = f.lines(2)[0];
    CHECK(line.service == "n8n");
    CHECK(line.task == "nightly");
    CHECK(line.service_from == record::service_source::path);
    CHECK(line.endpoint == "load");
    CHECK(line.model == "m");
}

TEST_CASE("a chunked inference request is forwarded whole, with its length") {
    proxy_fixture f(answer_ok);
    auto client = f.connect();
    client.send(
        "POST /api/generate HTTP/1.1\r\nHost: localhost\r\n"
        "Transfer-Encoding: chunked\r\n\r\n");
    client.send(chunk(R"({"model":"m",)"));
    client.send("12;ext\r\n\"prompt\":\"hello\"}}\r\n0\r\nX-T: 1\r\n\r\n");
    client.read_reply();
    const auto seen = f.upstream.requests().at(0);
    CHECK(seen.head.find("Content-Length: 31\r\n") != std::string::npos);
    CHECK(seen.head.find("Transfer-Encoding") == std::string::npos);
    CHECK(f.lines(1)[0].request_bytes == 31);
}

TEST_CASE("other bodies keep their framing, and their chunks are written anew") {
    proxy_fixture f(answer_ok);
    auto client = f.connect();
    client.send(
        "POST /api/create HTTP/1.1\r\nHost: localhost\r\n"
        "Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n");
    client.send("2\r\nde\r\n0\r\nX-T: 1\r\n\r\n");
    client.read_reply();
    client.send(post("/api/create", "abcde"));
    client.read_reply();
    const auto seen = f.upstream.requests();
    CHECK(seen.at(0).head.find("Transfer-Encoding: chunked\r\n") != std::string::npos);
    CHECK(seen.at(0).body == "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    CHECK(seen.at(1).head.find("Content-Length: 5\r\n") != std::string::npos);
    CHECK(seen.at(1).body == "abcde");
    CHECK(f.lines(2)[0].request_bytes == 5);
    CHECK(f.lines(2)[1].request_bytes == 5);
}

TEST_CASE("100-continue is answered before the body is read, and not forwarded") {
    proxy_fixture f(answer_ok);
    const auto* target = GENERATE("/api/chat", "/api/create");
    auto client = f.connect();
    client.send("POST " + std::string(target) +
                " HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
                "Content-Length: 2\r\n\r\n");
    REQUIRE(client.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("{}");
    CHECK(client.read_reply() == sized_reply("{}"));
    CHECK(f.upstream.requests().at(0).head.find("Expect") == std::string::npos);
}

TEST_CASE("pipelined requests are answered in their order on one connection each side") {
    proxy_fixture f([](const seen_request& request, raw_socket& to) {
        return to.send(sized_reply(request.first_line()));
    });
    auto client = f.connect();
    std::string requests;
    for (const auto* target : {"/api/tags", "/one", "/two", "/three"}) {
        requests += "GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    }
    client.send(requests);
    for (const auto* target : {"/api/tags", "/one", "/two", "/three"}) {
        CHECK(client.read_reply().ends_with("GET " + std::string(target) + " HTTP/1.1"));
    }
    CHECK(f.upstream.connections() == 1);
}

TEST_CASE("a body of many megabytes passes through with flat memory, in both directions") {
    constexpr std::size_t total = 96u << 20;
    proxy_fixture f([&](const seen_request&, raw_socket& to) {
        if (to.discard(total) < total) return false;
        to.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(total) + "\r\n\r\n");
        const std::string piece(1 << 18, 'y');
        for (std::size_t sent = 0; sent < total; sent += piece.size()) to.send(piece);
        return true;
    });
    auto client = f.connect();
    const auto before = resident_bytes();
    client.send("POST /api/blobs/sha256:1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                std::to_string(total) + "\r\n\r\n");
    const std::string piece(1 << 18, 'x');
    for (std::size_t sent = 0; sent < total; sent += piece.size()) REQUIRE(client.send(piece));
    client.read_until("\r\n\r\n");
    CHECK(client.discard(total) == total);
    CHECK((!memory_counts() || resident_bytes() < before + (24u << 20)));
    const auto line = f.lines(1)[0];
    CHECK(line.request_bytes == static_cast<std::int64_t>(total));
    CHECK(line.response_bytes == static_cast<std::int64_t>(total));
    CHECK(line.endpoint == "/api/blobs/:digest");
}

TEST_CASE("a large inference body is sent while its answer is waited for") {
    const std::string body = R"({"model":"m","prompt":")" + std::string(8u << 20, 'p') + R"("})";
    proxy_fixture f([&](const seen_request&, raw_socket& to) {
        to.read_exactly(body.size());
        return to.send(sized_reply("{}"));
    });
    auto client = f.connect();
    client.send(post("/api/generate", body));
    CHECK(client.read_reply() == sized_reply("{}"));
    CHECK(f.lines(1)[0].request_bytes == static_cast<std::int64_t>(body.size()));
}

TEST_CASE("an answer that comes before the whole body reaches the client") {
    proxy_fixture f([](const seen_request&, raw_socket& to) {
        to.send("HTTP/1.1 409 Conflict\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
        return false;
    });
    auto client = f.connect();
    client.send(
        "POST /api/blobs/sha256:1 HTTP/1.1\r\nHost: localhost\r\n"
        "Content-Length: 50000000\r\n\r\nabc");
    const auto reply = client.read_to_end();
    CHECK(reply.starts_with("HTTP/1.1 409 Conflict\r\n"));
    CHECK(reply.find("Connection: close\r\n") != std::string::npos);
    CHECK(f.lines(1)[0].status == 409);
}

TEST_CASE("connections are kept on both sides, and several clients share the upstream's") {
    proxy_fixture f(answer_ok);
    for (int i = 0; i < 3; ++i) {
        auto client = f.connect();
        for (int k = 0; k < 3; ++k) {
            client.send(post("/api/chat", R"({"model":"m","messages":[{"content":"x"}]})"));
            REQUIRE(client.read_reply() == sized_reply("{}"));
        }
    }
    CHECK(f.upstream.connections() == 1);
    CHECK(f.lines(9).size() == 9);
}

TEST_CASE("a client that asks for it has its connection closed after the reply") {
    proxy_fixture f(answer_ok);
    const auto reply =
        f.ask("GET /api/tags HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    CHECK(reply.find("Connection: close\r\n") != std::string::npos);
    CHECK(reply.ends_with("{}"));
}

TEST_CASE("several threads serve side by side") {
    proxy_fixture f(answer_ok, [](auto& options) { options.threads = 3; });
    std::vector<std::thread> clients;
    std::atomic<int> good{0};
    for (int i = 0; i < 6; ++i) {
        clients.emplace_back([&] {
            auto client = f.connect();
            for (int k = 0; k < 20; ++k) {
                client.send(post("/api/chat", R"({"model":"m","messages":[{"content":"x"}]})"));
                good += client.read_reply() == sized_reply("{}") ? 1 : 0;
            }
        });
    }
    for (auto& c : clients) c.join();
    CHECK(good == 120);
    CHECK(f.lines(120).size() == 120);
}
