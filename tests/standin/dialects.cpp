#include "raw_client.hpp"
#include "support/catch.hpp"

#include <boost/json.hpp>
#include <standin/plan.hpp>
#include <standin/server.hpp>

using namespace tallyfs;
using test::raw_client;

namespace {

const std::string prompt = "hi there old friend";
const std::string messages = R"("messages":[{"role":"user","content":"hi there old friend"}])";

struct running {
    explicit running(standin::options wanted = {}) : server(std::move(wanted)) { server.start(); }
    standin::server server;
};

std::vector<std::string> lines(const std::string& text, const std::string& separator) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = text.find(separator, at);
        out.push_back(text.substr(at, end - at));
        at = end == std::string::npos ? text.size() : end + separator.size();
    }
    return out;
}

boost::json::object object(const std::string& text) {
    return boost::json::parse(text).as_object();
}

}  // namespace

TEST_CASE("A native stream is one JSON line a chunk and ends with the counts of the plan") {
    running r;
    raw_client client(r.server.port());
    client.post("/api/generate", R"({"model":"tiny","prompt":"hi there old friend"})");
    const auto reply = client.read_reply();
    const auto plan = standin::plan_answer(prompt, -1, 2048);
    REQUIRE(reply.complete);
    CHECK(reply.head.find("Content-Type: application/x-ndjson\r\nDate: ") != std::string::npos);
    REQUIRE(reply.chunks.size() == static_cast<std::size_t>(plan.words) + 1);
    std::string text;
    for (const auto& chunk : reply.chunks) {
        CHECK(chunk.back() == '\n');
        text += std::string_view(object(chunk).at("response").as_string());
    }
    CHECK(text == plan.text);
    const auto last = object(reply.chunks.back());
    CHECK(last.at("done").as_bool());
    CHECK(last.at("done_reason").as_string() == "stop");
    CHECK(last.at("prompt_eval_count").as_int64() == 4);
    CHECK(last.at("eval_count").as_int64() == plan.output_tokens);
    CHECK(plan.output_tokens == plan.words + 1);
    CHECK(last.at("load_duration").as_int64() == 250'750'000);
}

TEST_CASE("A single native reply has a length, and a second one finds the model loaded") {
    running r;
    raw_client client(r.server.port());
    const std::string body =
        R"({"model":"tiny","stream":false,"options":{"num_predict":3},)" + messages + "}";
    for (const std::int64_t load_duration : {250'750'000, 750'000}) {
        client.post("/api/chat", body);
        const auto reply = client.read_reply();
        CHECK(reply.head.find("\r\nContent-Type: application/json; charset=utf-8\r\nDate: ") !=
              std::string::npos);
        const auto answer = object(reply.body);
        CHECK(answer.at("message").at("content").as_string() ==
              standin::plan_answer(prompt, 3, 2048).text);
        CHECK(answer.at("done_reason").as_string() == "length");
        CHECK(answer.at("load_duration").as_int64() == load_duration);
    }
    CHECK(r.server.count().loads == 1);
    CHECK(r.server.count().connections == 1);
}

TEST_CASE("An OpenAI stream reports usage in one extra event only when asked to") {
    running r;
    raw_client client(r.server.port());
    const std::string body = R"({"model":"tiny","stream":true,"max_tokens":2,)" + messages;
    client.post("/v1/chat/completions", body + "}");
    auto events = lines(client.read_reply().body, "\n\n");
    REQUIRE(events.size() == 4);
    CHECK(events[0].find(R"("delta":{"role":"assistant","content":)") != std::string::npos);
    CHECK(events[2].find(R"("delta":{},"finish_reason":"length")") != std::string::npos);
    CHECK(events[3] == "data: [DONE]");

    client.post("/v1/chat/completions", body + R"(,"stream_options":{"include_usage":true}})");
    events = lines(client.read_reply().body, "\n\n");
    REQUIRE(events.size() == 5);
    CHECK(events[3].find(R"("choices":[],"usage":{"prompt_tokens":4,"completion_tokens":2,)"
                         R"("total_tokens":6}})") != std::string::npos);
}

TEST_CASE("Every chunk of an OpenAI completion stream with usage carries zeros but the last") {
    running r;
    raw_client client(r.server.port());
    client.post("/v1/completions", R"({"model":"tiny","prompt":"a b","stream":true,"max_tokens":2,)"
                                   R"("stream_options":{"include_usage":true}})");
    const auto events = lines(client.read_reply().body, "\n\n");
    REQUIRE(events.size() == 5);
    CHECK(events[0].find(R"("usage":{"prompt_tokens":0,)") != std::string::npos);
    CHECK(events[3].find(R"("usage":{"prompt_tokens":2,"completion_tokens":2,)") !=
          std::string::npos);
}

TEST_CASE("An Anthropic stream announces an estimate and reports the true counts at its end") {
    running r;
    raw_client client(r.server.port());
    client.post("/v1/messages",
                R"({"model":"tiny","stream":true,"max_tokens":2,)" + messages + "}");
    const auto reply = client.read_reply();
    CHECK(reply.head.find("Cache-Control: no-cache\r\nConnection: keep-alive\r\n"
                          "Content-Type: text/event-stream\r\n") != std::string::npos);
    CHECK(reply.body.find(R"("usage":{"input_tokens":5,"output_tokens":0})") != std::string::npos);
    CHECK(reply.body.find(R"("usage":{"input_tokens":4,"output_tokens":2})") != std::string::npos);
    CHECK(reply.body.ends_with("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"));
}

TEST_CASE("A Responses stream ends with an event that holds the usage") {
    running r;
    raw_client client(r.server.port());
    client.post("/v1/responses",
                R"({"model":"tiny","stream":true,"max_output_tokens":2,"input":"a b c"})");
    const auto events = lines(client.read_reply().body, "\n\n");
    REQUIRE(events.size() == 10);
    const auto data = events.back().substr(events.back().find('{'));
    CHECK(events.back().starts_with("event: response.completed\n"));
    const auto usage = object(data).at("response").at("usage");
    CHECK(usage.at("input_tokens").as_int64() == 3);
    CHECK(usage.at("output_tokens").as_int64() == 2);
}

TEST_CASE("Embeddings have the asked length and their usage, in each of three forms") {
    running r;
    raw_client client(r.server.port());
    client.post("/api/embed", R"({"model":"tiny","input":["a b","c"]})");
    auto answer = object(client.read_reply().body);
    CHECK(answer.at("embeddings").as_array().size() == 2);
    CHECK(answer.at("embeddings").at(0).as_array().size() == 16);
    CHECK(answer.at("prompt_eval_count").as_int64() == 3);
    client.post("/api/embeddings", R"({"model":"tiny","prompt":"a b"})");
    answer = object(client.read_reply().body);
    CHECK(answer.size() == 1);
    CHECK(answer.at("embedding").as_array().size() == 16);
    client.post("/v1/embeddings", R"({"model":"tiny","input":"a b","encoding_format":"base64"})");
    answer = object(client.read_reply().body);
    CHECK(answer.at("usage").at("prompt_tokens").as_int64() == 2);
    CHECK(answer.at("data").at(0).at("embedding").as_string().size() == 88);
}

TEST_CASE("A transcription is read from a form and answered as text or as JSON") {
    running r;
    raw_client client(r.server.port());
    const std::string form =
        "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ntiny\r\n"
        "--b\r\nContent-Disposition: form-data; name=\"file\"; "
        "filename=\"a.wav\"\r\n\r\nRIFF1234\r\n--b--\r\n";
    client.post("/v1/audio/transcriptions", form,
                "Content-Type: multipart/form-data; boundary=b\r\n");
    const auto reply = client.read_reply();
    CHECK(reply.status == 200);
    CHECK(object(reply.body).at("text").as_string() ==
          standin::plan_answer("Transcribe 8 bytes", -1, 2048).text);
}

TEST_CASE("An unknown model is refused in the words and the form of each dialect") {
    running r;
    raw_client client(r.server.port());
    client.post("/api/chat", R"({"model":"nope",)" + messages + "}");
    auto reply = client.read_reply();
    CHECK(reply.status == 404);
    CHECK(reply.body == R"({"error":"model 'nope' not found"})");
    client.post("/v1/chat/completions", R"({"model":"nope","stream":true,)" + messages + "}");
    reply = client.read_reply();
    CHECK(reply.head.find("Content-Type: application/json\r\n") != std::string::npos);
    CHECK(reply.body == R"({"error":{"message":"model 'nope' not found","type":"not_found_error",)"
                        R"("param":null,"code":null}})"
                        "\n");
    client.post("/v1/messages", R"({"model":"nope","max_tokens":5,)" + messages + "}");
    reply = client.read_reply();
    CHECK(reply.body.starts_with(R"({"type":"error","error":{"type":"not_found_error",)"));
    client.post("/api/embed", R"({"model":"nope","input":"x"})");
    CHECK(client.read_reply().body ==
          R"({"error":"model \"nope\" not found, try pulling it first"})");
}

TEST_CASE("Bad requests get Ollama's answers") {
    running r;
    raw_client client(r.server.port());
    client.post("/api/chat", R"({"model":"tiny", oops)");
    auto reply = client.read_reply();
    CHECK(reply.status == 400);
    CHECK(reply.body ==
          R"({"error":"invalid character 'o' looking for beginning of object key string"})");
    client.post("/api/chat", "");
    CHECK(client.read_reply().body == R"({"error":"missing request body"})");
    client.get("/nope");
    CHECK(client.read_reply().body == "404 page not found");
    client.get("/api/chat");
    reply = client.read_reply();
    CHECK(reply.status == 405);
    CHECK(reply.head.find("Allow: POST\r\n") != std::string::npos);
    client.post("/api/generate/", "{}");
    CHECK(client.read_reply().status == 307);
    client.send("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    reply = client.read_reply();
    CHECK(reply.status == 403);
    CHECK(reply.body.empty());
    client.send("GET / HTTP/1.1\r\n\r\n");
    CHECK(client.read_reply().status == 400);
}

TEST_CASE("An empty prompt loads the model, and with keep_alive 0 unloads it, in one object") {
    running r;
    raw_client client(r.server.port());
    client.post("/api/generate", R"({"model":"tiny"})");
    auto reply = client.read_reply();
    CHECK_FALSE(reply.chunked);
    CHECK(object(reply.body).at("done_reason").as_string() == "load");
    client.get("/api/ps");
    CHECK(object(client.read_reply().body).at("models").as_array().size() == 1);
    client.post("/api/chat", R"({"model":"tiny","messages":[],"keep_alive":0,"stream":true})");
    reply = client.read_reply();
    CHECK(object(reply.body).at("done_reason").as_string() == "unload");
    client.get("/api/ps");
    CHECK(client.read_reply().body == R"({"models":[]})");
}
