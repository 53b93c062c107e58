#include "raw_client.hpp"
#include "support/catch.hpp"

#include <boost/json.hpp>
#include <standin/plan.hpp>
#include <standin/server.hpp>

#include <thread>

using namespace tallyfs;
using namespace std::chrono_literals;
using test::raw_client;

namespace {

struct running {
    explicit running(standin::options wanted = {}) : server(std::move(wanted)) { server.start(); }
    standin::server server;

    /// Until `done`, at most 10 s.
    template <class Condition>
    bool becomes(Condition done) {
        const auto end = std::chrono::steady_clock::now() + 10s;
        while (!done(server.count())) {
            if (std::chrono::steady_clock::now() > end) return false;
            std::this_thread::yield();
        }
        return true;
    }
};

const std::string ask = R"({"model":"tiny","prompt":"a b c"})";

std::string generate(raw_client& client, const std::string& model, const std::string& options) {
    client.post("/api/generate", R"({"model":")" + model +
                                     R"(","stream":false,"prompt":"a b","options":{)" + options +
                                     "}}");
    return client.read_reply().body;
}

}  // namespace

TEST_CASE("A prompt of the context's length is cut to half of what num_keep leaves over") {
    std::string words;
    for (int i = 0; i < 255; ++i) words += "fox ";
    CHECK(standin::plan_answer(words, 2, 256).prompt_tokens == 255);
    words += "fox ";
    const auto cut = standin::plan_answer(words, 2, 256);
    CHECK(cut.prompt_cut);
    CHECK(cut.prompt_tokens == 131);
    CHECK(standin::plan_answer(words + words, 2, 256).prompt_tokens == 131);
}

TEST_CASE("Models that do not fit evict the least recently used one, other options reload") {
    running r;
    raw_client client(r.server.port());
    generate(client, "qwen3:14b", "");
    generate(client, "tiny", "");
    generate(client, "qwen2.5:14b", "");
    CHECK(r.server.count().loads == 3);
    CHECK(r.server.count().evictions == 1);
    client.get("/api/ps");
    const auto loaded = client.read_reply().body;
    CHECK(loaded.find("qwen3:14b") == std::string::npos);
    CHECK(loaded.find("tiny") != std::string::npos);
    generate(client, "tiny", R"("num_ctx":512)");
    CHECK(r.server.count().loads == 4);
    CHECK(r.server.count().evictions == 2);
}

TEST_CASE("A cloud model is not loaded and names where it runs") {
    running r;
    raw_client client(r.server.port());
    const auto answer = boost::json::parse(generate(client, "gpt-oss:120b-cloud", ""));
    CHECK(answer.at("model").as_string() == "gpt-oss:120b");
    CHECK_FALSE(answer.as_object().contains("load_duration"));
    CHECK(r.server.count().loads == 0);
    client.post("/api/copy", R"({"source":"gpt-oss:120b-cloud","destination":"innocent"})");
    CHECK(client.read_reply().status == 200);
    client.post("/api/show", R"({"model":"innocent"})");
    CHECK(client.read_reply().body.find("remote_host") != std::string::npos);
    const auto disguised = boost::json::parse(generate(client, "innocent", ""));
    CHECK(disguised.at("model").as_string() == "innocent");
    CHECK(disguised.at("remote_host").as_string() == "https://ollama.com:443");
}

TEST_CASE("What is loaded is had at once, past those that wait for another model") {
    standin::options wanted;
    wanted.memory_bytes = 10'000'000'000;
    running r(wanted);
    raw_client busy(r.server.port());
    busy.post("/api/generate", R"({"model":"qwen3:14b","prompt":"a"})",
              "X-Standin: stall-after=1\r\n");
    const auto head = busy.read_head();
    CHECK(r.becomes([](const standin::counters& c) { return c.loads == 1; }));
    raw_client waiting(r.server.port());
    waiting.post("/api/generate", R"({"model":"qwen2.5:14b","prompt":"a","stream":false})");
    CHECK(r.becomes([](const standin::counters& c) { return c.inference == 2; }));
    raw_client loader(r.server.port());
    loader.post("/api/generate", R"({"model":"qwen3:14b"})");
    CHECK(loader.read_reply().body.find("\"done_reason\":\"load\"") != std::string::npos);
    CHECK(r.server.count().loads == 1);
    busy.close();
    CHECK(waiting.read_reply().status == 200);
    CHECK(r.server.count().evictions == 1);
}

TEST_CASE("An answer that Ollama stops by itself has neither counts nor a reason") {
    running r;
    raw_client client(r.server.port());
    client.post("/api/generate", R"({"model":"tiny","prompt":"a","stream":false})",
                "X-Standin: cut-after=3\r\n");
    const auto answer = boost::json::parse(client.read_reply().body).as_object();
    CHECK_FALSE(answer.at("done").as_bool());
    CHECK_FALSE(answer.contains("eval_count"));
}

TEST_CASE("A generation stops when the client goes away") {
    running r;
    for (const bool half : {false, true}) {
        raw_client client(r.server.port());
        client.post("/api/generate", ask, "X-Standin: stall-after=2\r\n");
        const auto head = client.read_head();
        CHECK_FALSE(client.read_chunk().empty());
        CHECK_FALSE(client.read_chunk().empty());
        half ? client.half_close() : client.close();
        const std::uint64_t wanted = half ? 2 : 1;
        CHECK(r.becomes([&](const standin::counters& c) { return c.aborted == wanted; }));
    }
    CHECK(r.server.count().completed == 0);
}

TEST_CASE("A gated stream sends one piece for each permit") {
    running r;
    raw_client client(r.server.port());
    client.post("/api/generate", ask, "X-Standin: gate, tokens=2\r\n");
    CHECK(client.silent_for(50ms));
    for (int piece = 0; piece < 3; ++piece) {
        r.server.release();
        if (piece == 0) CHECK(client.read_head().starts_with("HTTP/1.1 200 OK"));
        CHECK_FALSE(client.read_chunk().empty());
        if (piece < 2) CHECK(client.silent_for(50ms));
    }
    CHECK(client.read_chunk().empty());
}

TEST_CASE("Faults are asked for with a header") {
    running r;
    {
        raw_client client(r.server.port());
        client.post("/api/generate", ask, "X-Standin: die-after=2\r\n");
        const auto reply = client.read_reply();
        CHECK(reply.chunks.size() == 2);
        CHECK_FALSE(reply.complete);
    }
    {
        raw_client client(r.server.port());
        client.post("/api/generate", ask, "X-Standin: die-after=0\r\n");
        CHECK(client.at_end());
    }
    raw_client client(r.server.port());
    client.post("/api/generate", ask, "X-Standin: error-after=2\r\n");
    auto reply = client.read_reply();
    CHECK(reply.complete);
    CHECK(reply.chunks.back() ==
          "{\"error\":\"an error was encountered while running the model: unexpected EOF\"}\n");
    client.post("/api/generate", ask, "X-Standin: cut-after=2\r\n");
    reply = client.read_reply();
    CHECK(reply.complete);
    CHECK(reply.chunks.size() == 2);
    client.post("/api/generate", ask, "X-Standin: status=502\r\n");
    CHECK(client.read_reply().status == 502);
    client.post("/api/generate", ask, "X-Standin: chunk-bytes=7, trailer\r\n");
    reply = client.read_reply();
    CHECK(reply.chunks.front().size() == 7);
    CHECK(reply.trailers.starts_with("X-Standin-Pieces: "));
    client.post("/api/generate", ask, "X-Standin: close\r\n");
    CHECK(client.read_reply().complete);
    CHECK(client.at_end());
}

TEST_CASE("A full queue answers 503 in Ollama's words") {
    standin::options wanted;
    wanted.queue_max = 0;
    running r(wanted);
    raw_client client(r.server.port());
    client.post("/v1/chat/completions",
                R"({"model":"tiny","messages":[{"role":"user","content":"hi"}]})");
    const auto reply = client.read_reply();
    CHECK(reply.status == 503);
    CHECK(reply.body.find("server busy, please try again.  maximum pending requests exceeded") !=
          std::string::npos);
}

TEST_CASE("With a time scale calls take their time and wait for each other") {
    standin::options wanted;
    wanted.time_scale = 0.1;
    running r(wanted);
    raw_client first(r.server.port());
    raw_client second(r.server.port());
    const std::string body =
        R"({"model":"tiny","stream":false,"prompt":"a b","options":{"num_predict":8}})";
    const auto begun = std::chrono::steady_clock::now();
    first.post("/api/generate", body);
    second.post("/api/generate", body);
    const auto one = boost::json::parse(first.read_reply().body);
    const auto two = boost::json::parse(second.read_reply().body);
    CHECK(std::chrono::steady_clock::now() - begun >= 26ms);
    CHECK(r.server.count().loads == 1);
    CHECK(one.at("load_duration").as_int64() >= 25'000'000);
    CHECK(two.at("total_duration").as_int64() >= 25'000'000);
}

TEST_CASE("Pull reports its progress line by line") {
    running r;
    raw_client client(r.server.port());
    client.post("/api/pull", R"({"model":"fresh"})");
    const auto reply = client.read_reply();
    CHECK(reply.chunks.front() == "{\"status\":\"pulling manifest\"}\n");
    CHECK(reply.chunks.back() == "{\"status\":\"success\"}\n");
    CHECK_FALSE(generate(client, "fresh", "").find("not found") != std::string::npos);
    client.send(
        "DELETE /api/delete HTTP/1.1\r\nHost: localhost\r\nContent-Length: 17\r\n\r\n"
        R"({"model":"fresh"})");
    CHECK(client.read_reply().status == 200);
    CHECK(generate(client, "fresh", "") == R"({"error":"model 'fresh' not found"})");
}

TEST_CASE("A blob is counted and not kept") {
    running r;
    raw_client client(r.server.port());
    client.post("/api/blobs/sha256:1", std::string(3'000'000, 'x'));
    CHECK(client.read_reply().status == 201);
    CHECK(r.server.count().blob_bytes == 3'000'000);
    client.send("HEAD /api/blobs/sha256:1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(client.read_reply(true).status == 200);
}

TEST_CASE("A client of HTTP/1.0 gets its stream without chunks, to the connection's end") {
    running r;
    raw_client client(r.server.port());
    client.send("POST /api/generate HTTP/1.0\r\nContent-Length: " + std::to_string(ask.size()) +
                "\r\n\r\n" + ask);
    const auto reply = client.read_reply();
    CHECK(reply.head.starts_with("HTTP/1.0 200 OK"));
    CHECK_FALSE(reply.chunked);
    CHECK(reply.body.find("\"done\":true") != std::string::npos);
}

TEST_CASE("Requests are kept as they came, and a restart keeps the port") {
    running r;
    const auto port = r.server.port();
    {
        raw_client client(port);
        client.send(
            "POST /api/generate HTTP/1.1\r\nHost: localhost\r\nX-Odd: 1\r\n"
            "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
        CHECK(client.read_head().starts_with("HTTP/1.1 100 Continue"));
        client.send("1\r\n{\r\n20\r\n\"model\":\"tiny\",\"prompt\":\"a b c\"}\r\n0\r\n\r\n");
        CHECK(client.read_reply().status == 200);
    }
    REQUIRE(r.server.requests().size() == 1);
    CHECK(r.server.requests()[0].body == ask);
    CHECK(r.server.requests()[0].head.find("X-Odd: 1\n") != std::string::npos);
    r.server.stop();
    r.server.start();
    CHECK(r.server.port() == port);
    raw_client client(port);
    client.get("/api/version");
    CHECK(client.read_reply().body == R"({"version":"0.33.0"})");
    CHECK(r.server.count().requests == 2);
}
