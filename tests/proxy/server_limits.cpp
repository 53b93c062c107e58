#include "proxy/support_proxy.hpp"
#include "support/catch.hpp"

using namespace tallyfs;
using namespace tallyfs::test;
using namespace std::chrono_literals;

namespace {

bool answer_ok(const seen_request&, raw_socket& to) {
    return to.send(sized_reply("{}"));
}

const std::string generate = post("/api/generate", R"({"model":"tiny","prompt":"hi"})");

}  // namespace

TEST_CASE("a head of a megabyte is refused in the dialect of its route") {
    proxy_fixture f(answer_ok);
    auto client = f.connect();
    client.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nX: ");
    const std::string piece(64 * 1024, 'x');
    for (int i = 0; i < 16; ++i) client.send(piece);
    const auto reply = client.read_to_end();
    CHECK(reply.starts_with("HTTP/1.1 431 "));
    CHECK(reply.find(R"({"error":{"message":")") != std::string::npos);
}

TEST_CASE("an inference body beyond the limit is a 413, announced or chunked") {
    proxy_fixture f(answer_ok, [](auto& options) { options.inference_body_bytes_max = 1u << 20; });
    {
        auto client = f.connect();
        client.send(
            "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\n"
            "Content-Length: 2000000\r\n\r\nabc");
        const auto reply = client.read_reply();
        CHECK(reply.starts_with("HTTP/1.1 413 "));
        CHECK(reply.find(R"("type":"error")") != std::string::npos);
    }
    {
        auto client = f.connect();
        client.send(
            "POST /api/chat HTTP/1.1\r\nHost: localhost\r\n"
            "Transfer-Encoding: chunked\r\n\r\n");
        const auto piece = chunk(std::string(60'000, 'x'));
        for (int i = 0; i < 20; ++i) client.send(piece);
        CHECK(client.read_reply().starts_with("HTTP/1.1 413 "));
    }
    const auto lines = f.lines(2);
    CHECK(lines[0].outcome == record::outcome::refused);
    CHECK(lines[0].status == 413);
    CHECK(lines[1].status == 413);
    CHECK(f.upstream.requests().empty());
}

TEST_CASE("a compressed body is not unfolded before all of it is there") {
    // A frame of 8 MiB of blanks, each block of 128 KiB in four bytes (RFC 8878, section 3.1.1).
    std::string body("\x28\xb5\x2f\xfd\x00\x68", 6);
    for (int block = 0; block < 64; ++block) body.append("\x02\x00\x10 ", 4);
    body.append("\x11\x00\x00", 3).append("{}");
    const auto request = post("/v1/responses", body, "Content-Encoding: zstd\r\n");
    proxy_fixture f([](const seen_request&, raw_socket& to) { return to.send(sized_reply("{}")); });
    constexpr std::size_t clients = 50;
    std::vector<raw_socket> waiting;
    const auto before = resident_bytes();
    for (std::size_t i = 0; i < clients; ++i) {
        waiting.push_back(f.connect());
        waiting.back().send(std::string_view(request).substr(0, request.size() - 1));
    }
    eventually([&] { return f.open.count() == clients; });
    CHECK((!memory_counts() || resident_bytes() < before + clients * (256u << 10)));
    for (auto& client : waiting) {
        client.send("}");
        CHECK(client.read_reply() == sized_reply("{}"));
    }
    CHECK((!memory_counts() || resident_bytes() < before + (32u << 20)));
    CHECK(f.upstream.requests().size() == clients);
    CHECK(f.upstream.requests()[0].body == body);
}

TEST_CASE("a model that is given twice is refused") {
    proxy_fixture f(answer_ok);
    auto client = f.connect();
    client.send(post("/api/chat", R"({"model":"local","MODEL":"x-cloud","messages":[]})"));
    CHECK(client.read_reply().starts_with("HTTP/1.1 400 "));
    CHECK(f.lines(1)[0].outcome == record::outcome::refused);
    CHECK(f.upstream.requests().empty());
}

TEST_CASE("on loopback a foreign Host is answered 403 without a body, before anything else") {
    proxy_fixture f(answer_ok);
    for (const auto* host : {"evil.example", "8.8.8.8", "ollama", "evil.example:11433"}) {
        auto client = f.connect();
        client.send("POST /api/chat HTTP/1.1\r\nHost: " + std::string(host) +
                    "\r\nContent-Length: 2\r\n\r\n{}");
        const auto reply = client.read_reply();
        CHECK(reply.starts_with("HTTP/1.1 403 Forbidden\r\n"));
        CHECK(reply.find("Content-Length: 0\r\n") != std::string::npos);
    }
    CHECK(f.upstream.requests().empty());
    CHECK(f.lines(4)[0].outcome == record::outcome::refused);
    const auto reply = f.ask(
        "GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n"
        "Connection: close\r\n\r\n");
    CHECK(reply.starts_with("HTTP/1.1 403 "));
}

TEST_CASE("beyond the limit of connections a client is told so") {
    proxy_fixture f(answer_ok, [](auto& options) { options.connections_max = 2; });
    auto first = f.connect();
    auto second = f.connect();
    eventually([&] { return f.counters.connections_open == 2; });
    auto third = f.connect();
    third.send(generate);
    const auto reply = third.read_to_end();
    CHECK(reply.starts_with("HTTP/1.1 503 "));
    CHECK(f.counters.connections_refused == 1);
    first.send(generate);
    CHECK(first.read_reply() == sized_reply("{}"));
    second.close();
    eventually([&] { return f.counters.connections_open == 1; });
    auto fourth = f.connect();
    fourth.send(generate);
    CHECK(fourth.read_reply() == sized_reply("{}"));
}

TEST_CASE("idle connections and slow heads end when their time is over") {
    proxy_fixture f(answer_ok, [](auto& options) {
        options.client_idle_max = 1s;
        options.client_head_max = 1s;
    });
    auto idle = f.connect();
    auto slow = f.connect();
    slow.send("GET / HTTP/1.1\r\nHost: loc");
    CHECK(slow.read_to_end().starts_with("HTTP/1.1 408 "));
    CHECK(idle.read_to_end().empty());
}

TEST_CASE("a client that sends or takes nothing for too long is cut and recorded") {
    proxy_fixture f(
        [](const seen_request&, raw_socket& to) {
            to.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
            while (to.send(std::string(1 << 20, 'x'))) {
            }
            return false;
        },
        [](auto& options) { options.client_stall_max = 1s; });
    auto silent = f.connect();
    silent.send("POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n{");
    CHECK(silent.read_to_end().starts_with("HTTP/1.1 408 "));
    CHECK(f.lines(1)[0].outcome == record::outcome::timeout);
    auto deaf = f.connect();
    deaf.send("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(f.lines(2)[1].outcome == record::outcome::timeout);
}

TEST_CASE("stop lets calls in flight end and closes what is idle") {
    gate asked;
    gate stopping;
    proxy_fixture f([&](const seen_request&, raw_socket& to) {
        asked.open();
        stopping.wait();
        return to.send(sized_reply(R"({"model":"tiny","response":"a","done":true})"));
    });
    auto idle = f.connect();
    auto busy = f.connect();
    busy.send(generate);
    asked.wait();
    std::thread stopper([&] { f.server.stop(); });
    CHECK(idle.read_to_end().empty());
    stopping.open();
    CHECK(busy.read_to_end().find("Connection: close\r\n") != std::string::npos);
    stopper.join();
    CHECK(f.lines().at(0).outcome == record::outcome::ok);
}

TEST_CASE("what does not end in time at stop is cut and recorded as interrupted") {
    gate asked;
    proxy_fixture f(
        [&](const seen_request&, raw_socket& to) {
            to.send(std::string(ndjson_head) + chunk(token_line));
            asked.open();
            to.read_to_end();
            return false;
        },
        [](auto& options) { options.drain_max = 0s; });
    auto client = f.connect();
    client.send(generate);
    asked.wait();
    client.read_until(token_line);
    f.server.stop();
    const auto line = f.lines().at(0);
    CHECK(line.outcome == record::outcome::interrupted);
    CHECK(line.error == "tallyfs stopped");
    CHECK(line.output_tokens == 1);
    CHECK(f.open.count() == 0);
}

TEST_CASE("a port in use is said so, with what to do") {
    proxy_fixture f(answer_ok);
    proxy::server_options options;
    options.listeners.front().port = f.port;
    try {
        proxy::server second(options, {f.calls, f.open, f.board, f.counters, f.services, f.settings,
                                       system_clock_source()});
        FAIL("the port was taken twice");
    } catch (const startup_error& e) {
        const std::string message = e.what();
        CHECK(message.find(std::to_string(f.port)) != std::string::npos);
        CHECK(message.find("--listen") != std::string::npos);
    }
}
