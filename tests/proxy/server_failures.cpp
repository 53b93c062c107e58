#include "proxy/support_proxy.hpp"
#include "support/catch.hpp"

using namespace tallyfs;
using namespace tallyfs::test;
using namespace std::chrono_literals;

namespace {
const std::string generate = post("/api/generate", R"({"model":"tiny","prompt":"12345678"})");
const std::string chat =
    post("/v1/chat/completions", R"({"model":"m","stream":true,"messages":[{"content":"x"}]})");

/// Reads until the proxy closes, and says how long that took.
std::chrono::milliseconds wait_for_end(raw_socket& socket) {
    const auto begun = std::chrono::steady_clock::now();
    socket.read_to_end();
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 begun);
}
}  // namespace

TEST_CASE("a client that goes away closes the upstream's connection at once and is recorded") {
    const bool reset = GENERATE(false, true);
    gate leaving;
    std::atomic<int> took_ms{-1};
    proxy_fixture f([&](const seen_request&, raw_socket& to) {
        to.send(std::string(ndjson_head) + chunk(token_line) + chunk(token_line));
        leaving.wait();
        took_ms = static_cast<int>(wait_for_end(to).count());
        return false;
    });
    auto client = f.connect();
    client.send(generate);
    const auto seen = std::string(ndjson_head) + chunk(token_line) + chunk(token_line);
    REQUIRE(client.read_exactly(seen.size()) == seen);
    leaving.open();
    reset ? client.reset() : client.close();
    const auto line = f.lines(1)[0];
    CHECK(line.outcome == record::outcome::client_gone);
    CHECK(line.output_tokens == 2);
    CHECK(line.tokens_from == record::tokens_from::estimated);
    CHECK(line.prompt_tokens == 2);
    CHECK(line.response_bytes == static_cast<std::int64_t>(2 * token_line.size()));
    eventually([&] { return took_ms >= 0; });
    CHECK(took_ms < 100);
    eventually([&] { return f.open.count() == 0; });
}

TEST_CASE("a client that goes away before the first byte ends the wait as well") {
    gate asked;
    std::atomic<int> took_ms{-1};
    proxy_fixture f([&](const seen_request&, raw_socket& to) {
        asked.open();
        took_ms = static_cast<int>(wait_for_end(to).count());
        return false;
    });
    auto client = f.connect();
    client.send(generate);
    asked.wait();
    CHECK(f.open.count() == 1);
    client.shutdown_write();
    const auto line = f.lines(1)[0];
    CHECK(line.outcome == record::outcome::client_gone);
    CHECK(line.tokens_from == record::tokens_from::none);
    CHECK_FALSE(line.first_byte_ms.has_value());
    eventually([&] { return took_ms >= 0; });
    CHECK(took_ms < 100);
}

TEST_CASE("a client that goes away in the middle of its request is recorded") {
    const auto* target = GENERATE("/api/chat", "/api/create");
    proxy_fixture f([](const seen_request&, raw_socket& to) { return to.send(sized_reply("{}")); });
    auto client = f.connect();
    client.send("POST " + std::string(target) +
                " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\nabc");
    eventually([&] { return f.open.count() == 1; });
    client.close();
    const auto line = f.lines(1)[0];
    CHECK(line.outcome == record::outcome::client_gone);
    CHECK(line.request_bytes == 3);
}

TEST_CASE("after the last event a client may go") {
    gate gone;
    proxy_fixture f([&](const seen_request&, raw_socket& to) {
        to.send(std::string(ndjson_head) + chunk(token_line) + chunk(last_line));
        gone.wait();
        return to.send("0\r\n\r\n");
    });
    {
        auto client = f.connect();
        client.send(generate);
        client.read_until(last_line);
    }
    gone.open();
    CHECK(f.lines(1)[0].outcome == record::outcome::ok);
    eventually([&] { return f.counters.connections_open == 0; });
    CHECK(f.lines().size() == 1);
}

TEST_CASE("an upstream that cannot be reached is told in the caller's dialect") {
    proxy_fixture f([](const seen_request&, raw_socket&) { return false; });
    f.settings.upstream.set({"127.0.0.1", 1});
    auto client = f.connect();
    client.send(generate);
    const auto native = client.read_reply();
    CHECK(native.starts_with("HTTP/1.1 502 Bad Gateway\r\n"));
    CHECK(native.find(R"({"error":")") != std::string::npos);
    client.send(chat);
    const auto openai = client.read_reply();
    CHECK(openai.find(R"({"error":{"message":")") != std::string::npos);
    client.send(post("/v1/messages", R"({"model":"m","messages":[{"content":"x"}]})"));
    CHECK(client.read_reply().find(R"("type":"error")") != std::string::npos);
    const auto lines = f.lines(3);
    CHECK(lines[0].outcome == record::outcome::upstream_error);
    CHECK(lines[0].status == 502);
    CHECK(lines[0].error->find("refused") != std::string::npos);
    eventually([&] { return !f.board.current()->error.empty(); });
    CHECK_FALSE(f.board.current()->reachable);
}

TEST_CASE("a stream that breaks off ends for the client without a proper end") {
    const bool reset = GENERATE(false, true);
    proxy_fixture f([&](const seen_request&, raw_socket& to) {
        to.send(std::string(ndjson_head) + chunk(token_line));
        if (reset) {
            ::poll(nullptr, 0, 50);  // what was sent must not be lost to the reset
            to.reset();
        }
        return false;
    });
    auto client = f.connect();
    client.send(generate);
    const auto reply = client.read_to_end();
    CHECK(reply == std::string(ndjson_head) + chunk(token_line));
    const auto line = f.lines(1)[0];
    CHECK(line.outcome == record::outcome::truncated);
    CHECK(line.output_tokens == 1);
    CHECK(line.tokens_from == record::tokens_from::estimated);
    CHECK(line.error.has_value());
}

TEST_CASE("an end without the dialect's last event is truncated, an error line is an error") {
    struct {
        std::string request;
        std::string reply;
        record::outcome outcome;
    } const cases[] = {
        {chat,
         std::string(sse_head) + chunk("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"),
         record::outcome::truncated},
        {generate, std::string(ndjson_head) + chunk(token_line), record::outcome::truncated},
        {generate,
         std::string(ndjson_head) + chunk(token_line) + chunk("{\"error\":\"it broke\"}\n"),
         record::outcome::upstream_error},
    };
    for (const auto& c : cases) {
        proxy_fixture f(
            [&](const seen_request&, raw_socket& to) { return to.send(c.reply + "0\r\n\r\n"); });
        auto client = f.connect();
        client.send(c.request);
        client.read_until("0\r\n\r\n");
        const auto line = f.lines(1)[0];
        CHECK(line.outcome == c.outcome);
        if (c.outcome == record::outcome::upstream_error) CHECK(line.error == "it broke");
    }
}

TEST_CASE("an error of the upstream passes unchanged and is recorded with its text") {
    const std::string reply =
        "HTTP/1.1 404 Not Found\r\nContent-Type: application/json; charset=utf-8\r\n"
        "Content-Length: 34\r\n\r\n{\"error\":\"model 'tiny' not found\"}\n";
    proxy_fixture f([&](const seen_request&,
                        raw_socket& to) { return to.send(reply.substr(0, reply.size() - 1)); },
                    {});
    auto client = f.connect();
    client.send(generate);
    CHECK(client.read_reply() == reply.substr(0, reply.size() - 1));
    const auto line = f.lines(1)[0];
    CHECK(line.outcome == record::outcome::upstream_error);
    CHECK(line.status == 404);
    CHECK(line.error == "model 'tiny' not found");
    CHECK(line.tokens_from == record::tokens_from::none);
}

TEST_CASE("a pooled connection that the upstream closed is never used again") {
    proxy_fixture f([](const seen_request&, raw_socket& to) { return to.send(sized_reply("{}")); });
    auto client = f.connect();
    client.send(generate);
    client.read_reply();
    f.upstream.close_all();
    ::poll(nullptr, 0, 50);  // nothing tells the client that the idle connection was noticed
    client.send(generate);
    CHECK(client.read_reply() == sized_reply("{}"));
    CHECK(f.upstream.connections() == 2);
    CHECK(f.counters.upstream_retries == 0);
}

TEST_CASE("a reused connection that dies before the first byte is tried again, once") {
    std::atomic<int> requests{0};
    proxy_fixture f([&](const seen_request&, raw_socket& to) {
        const auto number = ++requests;
        if (number == 2 || number == 4 || number == 5) return false;
        return to.send(sized_reply("{}"));
    });
    auto client = f.connect();
    client.send(generate);
    CHECK(client.read_reply() == sized_reply("{}"));
    client.send(generate);
    CHECK(client.read_reply() == sized_reply("{}"));
    CHECK(f.counters.upstream_retries == 1);
    client.send(generate);
    CHECK(client.read_reply().starts_with("HTTP/1.1 502 "));
    CHECK(f.lines(3).size() == 3);
    CHECK(requests == 5);
}

TEST_CASE("while the journal cannot be written calls go on and are counted") {
    proxy_fixture f([](const seen_request&, raw_socket& to) { return to.send(sized_reply("{}")); });
    f.disk.fail = true;
    auto client = f.connect();
    client.send(generate);
    CHECK(client.read_reply() == sized_reply("{}"));
    CHECK(f.counters.calls_unrecorded == 1);
    f.disk.fail = false;
    client.send(generate);
    CHECK(client.read_reply() == sized_reply("{}"));
    CHECK(f.lines(1).size() == 1);
}

TEST_CASE("told to refuse what it cannot record, the proxy does") {
    proxy_fixture f([](const seen_request&, raw_socket& to) { return to.send(sized_reply("{}")); });
    f.settings.refuse_when_unrecorded = true;
    f.disk.fail = true;
    auto client = f.connect();
    client.send(generate);
    client.read_reply();
    client.send(chat);
    const auto refused = client.read_reply();
    CHECK(refused.starts_with("HTTP/1.1 503 "));
    CHECK(refused.find(R"({"error":{"message":")") != std::string::npos);
    CHECK(f.upstream.requests().size() == 1);
}
