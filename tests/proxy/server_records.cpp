#include "proxy/support_proxy.hpp"
#include "support/catch.hpp"

using namespace tallyfs;
using namespace tallyfs::test;
using namespace std::chrono_literals;

namespace {

std::string event(std::string_view json) {
    return "data: " + std::string(json) + "\n\n";
}

const std::string delta = event(
    R"({"id":"chatcmpl-1","object":"chat.completion.chunk","model":"m","choices":[{"index":0,)"
    R"("delta":{"content":"a"}}]})");
const std::string finish = event(
    R"({"id":"chatcmpl-1","object":"chat.completion.chunk","model":"m","choices":[{"index":0,)"
    R"("delta":{},"finish_reason":"stop"}]})");
const std::string usage =
    event(R"({"id":"chatcmpl-1","object":"chat.completion.chunk","model":"m","choices":[],)"
          R"("usage":{"prompt_tokens":30,"completion_tokens":3,"total_tokens":33}})");
const std::string done = "data: [DONE]\n\n";

/// An upstream that sends usage to those who ask.
bool answer_chat(const seen_request& request, raw_socket& to) {
    const bool asked = request.body.find(R"("include_usage":true)") != std::string::npos;
    to.send(std::string(sse_head) + chunk(delta) + chunk(delta));
    return to.send(chunk(finish + (asked ? usage : "") + done) + "0\r\n\r\n");
}

std::string chat_request(std::string_view more) {
    return post("/v1/chat/completions",
                R"({"model":"m","stream":true,"messages":[{"role":"user","content":"x"}])" +
                    std::string(more) + "}");
}

/// The body of a chunked reply.
std::string decoded(const std::string& reply) {
    std::string body;
    auto at = reply.find("\r\n\r\n") + 4;
    for (;;) {
        const auto size = std::stoul(reply.substr(at), nullptr, 16);
        at = reply.find("\r\n", at) + 2;
        if (size == 0) return body;
        body += reply.substr(at, size);
        at += size + 2;
    }
}

}  // namespace

TEST_CASE("a stream without usage is asked for it, and the client sees the same stream") {
    proxy_fixture f(answer_chat);
    auto client = f.connect();
    for (int i = 0; i < 2; ++i) {
        client.send(chat_request(""));
        const auto reply = client.read_until("0\r\n\r\n");
        CHECK(decoded(reply) == delta + delta + finish + done);
    }
    CHECK(f.upstream.requests().at(0).body.find(R"("include_usage":true)") != std::string::npos);
    const auto line = f.lines(2)[0];
    CHECK(line.tokens_from == record::tokens_from::reported);
    CHECK(line.prompt_tokens == 30);
    CHECK(line.output_tokens == 3);
    CHECK(line.outcome == record::outcome::ok);
    CHECK(line.request_bytes == static_cast<std::int64_t>(chat_request("").size() -
                                                          chat_request("").find("\r\n\r\n") - 4));
    CHECK(line.response_bytes ==
          static_cast<std::int64_t>(delta.size() * 2 + finish.size() + done.size()));
}

TEST_CASE("a client that asked for usage gets it, byte for byte") {
    proxy_fixture f(answer_chat);
    auto client = f.connect();
    client.send(chat_request(R"(,"stream_options":{"include_usage":true})"));
    const auto expected = std::string(sse_head) + chunk(delta) + chunk(delta) +
                          chunk(finish + usage + done) + "0\r\n\r\n";
    CHECK(client.read_exactly(expected.size()) == expected);
    CHECK(f.lines(1)[0].output_tokens == 3);
}

TEST_CASE("a refusal of usage is respected, and so is the setting: then counts are estimated") {
    const bool setting = GENERATE(false, true);
    proxy_fixture f(answer_chat);
    f.settings.usage_injection = setting;
    const auto request =
        chat_request(setting ? R"(,"stream_options":{"include_usage":false})" : "");
    auto client = f.connect();
    client.send(request);
    const auto expected =
        std::string(sse_head) + chunk(delta) + chunk(delta) + chunk(finish + done) + "0\r\n\r\n";
    CHECK(client.read_exactly(expected.size()) == expected);
    CHECK(f.upstream.requests().at(0).body == request.substr(request.find("\r\n\r\n") + 4));
    const auto line = f.lines(1)[0];
    CHECK(line.tokens_from == record::tokens_from::estimated);
    CHECK(line.output_tokens == 2);
}

TEST_CASE("polls are counted and not recorded, unless told to") {
    const bool record_polls = GENERATE(false, true);
    proxy_fixture f([](const seen_request&, raw_socket& to) { return to.send(sized_reply("{}")); },
                    [&](auto& options) { options.record_polls = record_polls; });
    auto client = f.connect();
    client.send("GET /api/tags HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n\r\n");
    client.read_reply();
    client.send("GET /unknown HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.read_reply();
    CHECK(f.counters.polls == 1);
    CHECK(f.counters.requests == 2);
    const auto lines = f.lines(record_polls ? 2 : 1);
    REQUIRE(lines.size() == (record_polls ? 2 : 1));
    CHECK(lines.back().endpoint == "other");
    CHECK_FALSE(lines.back().model.has_value());
}

TEST_CASE("a call in flight is shown with its phase and its tokens") {
    gate token;
    gate end;
    proxy_fixture f([&](const seen_request&, raw_socket& to) {
        token.wait();
        to.send(std::string(ndjson_head) + chunk(token_line) + chunk(token_line));
        end.wait();
        return to.send(chunk(last_line) + "0\r\n\r\n");
    });
    eventually([&] { return f.board.current()->reachable; });
    auto client = f.connect();
    client.send(post("/as/n8n/api/generate", R"({"model":"tiny","prompt":"hi"})"));
    eventually([&] {
        const auto open = f.open.list();
        return open.size() == 1 && open[0].now == journal::phase::loading &&
               open[0].so_far.model == "tiny" && open[0].so_far.service == "n8n";
    });
    token.open();
    eventually([&] {
        const auto open = f.open.list();
        return open.size() == 1 && open[0].now == journal::phase::decoding &&
               open[0].so_far.output_tokens == 2;
    });
    end.open();
    client.read_until("0\r\n\r\n");
    CHECK(f.open.count() == 0);
}

TEST_CASE("a cold start is known from what was loaded, with the model that had to go") {
    const std::string line = R"({"model":"b","response":"","done":true,"total_duration":805000000,)"
                             R"("load_duration":800000000,"prompt_eval_count":7,"eval_count":1,)"
                             R"("eval_duration":1000000})";
    proxy_fixture* fixture = nullptr;
    proxy_fixture f([&](const seen_request&, raw_socket& to) {
        fixture->upstream.set_loaded(R"({"models":[{"name":"b:latest","size":5,)"
                                     R"("context_length":4096}]})");
        const auto seen = *fixture->board.current()->loaded_seen;
        eventually([&] { return *fixture->board.current()->loaded_seen > seen; });
        return to.send(sized_reply(line));
    });
    fixture = &f;
    f.upstream.set_loaded(R"({"models":[{"name":"a:latest","size":9,"context_length":2048}]})");
    eventually([&] { return f.board.current()->loaded.size() == 1; });
    auto client = f.connect();
    client.send(post("/api/generate", R"({"model":"b","prompt":"hi","stream":false})"));
    client.read_reply();
    const auto cold = f.lines(1)[0];
    CHECK(cold.cold_start == true);
    CHECK(cold.evicted_model == "a");
    CHECK(cold.load_ms == 800ms);
    CHECK_FALSE(cold.queue_ms.has_value());
    CHECK(cold.context_limit == 4096);
    CHECK(f.board.current()->version == "0.33.0");
    CHECK(f.board.current()->loads_past_proxy == 0);
}

TEST_CASE("a model that appears loaded without a call of ours came past the proxy") {
    proxy_fixture f([](const seen_request&, raw_socket& to) { return to.send(sized_reply("{}")); },
                    [](auto& options) { options.watch_interval = 100ms; });
    f.upstream.set_loaded(R"({"models":[{"name":"was-there:latest"}]})");
    eventually([&] { return f.board.current()->loaded.size() == 1; });
    f.upstream.set_loaded(R"({"models":[{"name":"was-there:latest"},{"name":"stranger:7b"}]})");
    eventually([&] { return f.board.current()->loaded.size() == 2; });
    CHECK(f.board.current()->loads_past_proxy <= 2);
    CHECK(f.board.current()->loads_past_proxy >= 1);
}

TEST_CASE("the process behind a local connection names the service and the principal") {
    proxy_fixture f([](const seen_request&, raw_socket& to) { return to.send(sized_reply("{}")); },
                    [](auto& options) { options.process_wait_max = 5s; });
    record::call line;
    // The finder gives up after a tenth of a second, which a busy machine can take.
    eventually([&] {
        auto client = f.connect();
        client.send(post("/api/generate", R"({"model":"m","prompt":"hi"})"));
        client.read_reply();
        line = f.next_line();
        return line.process.has_value();
    });
    CHECK(line.service_from == record::service_source::process);
    CHECK(line.client.starts_with("127.0.0.1:"));
}

TEST_CASE("each request of a connection has its own caller") {
    proxy_fixture f([](const seen_request&, raw_socket& to) { return to.send(sized_reply("{}")); });
    auto client = f.connect();
    const std::string body = R"({"model":"m","prompt":"hi"})";
    for (const auto* fields : {"X-Service: one\r\n", "X-Service: two\r\n", "X-Service: two\r\n",
                               "X-Servicetwo:\r\n", "X-Servicet: wo\r\n"}) {
        client.send(post("/api/generate", body, fields));
        client.read_reply();
    }
    client.send(post("/as/three/api/generate", body, "X-Service: two\r\n"));
    client.read_reply();
    client.send(post("/as/three/four/api/generate", body, "X-Service: two\r\n"));
    client.read_reply();
    const auto lines = f.lines(7);
    CHECK(lines[0].service == "one");
    CHECK(lines[1].service == "two");
    CHECK(lines[2].service == "two");
    CHECK(lines[3].service_from != record::service_source::header);
    CHECK(lines[4].service_from != record::service_source::header);
    CHECK(lines[5].service == "three");
    CHECK_FALSE(lines[5].task.has_value());
    CHECK(lines[6].task == "four");
}
