#include "dialect/fixtures.hpp"
#include "support/catch.hpp"

#include <chrono>

using namespace tallyfs;
using namespace tallyfs::test;
using op = dialect::operation;
using std::chrono::nanoseconds;

namespace {

constexpr std::string_view ndjson = "application/x-ndjson";
constexpr std::string_view json = "application/json; charset=utf-8";
constexpr std::string_view sse = "text/event-stream";

dialect::response_report unfinished(op operation, std::string_view type, std::string_view body) {
    return read_response(operation, 200, type, {body}, false);
}

}  // namespace

TEST_CASE("the documented replies read as they are meant") {
    int read = 0;
    for (const auto& line : fixture_lines("documented-bodies.jsonl")) {
        if (text_of(line, "kind") != "response") continue;
        const auto section = text_of(line, "section");
        const bool chat = section == "generate-a-chat-completion-response";
        if (!chat && section != "generate-a-completion-response") continue;
        const auto& body = line.at("json").as_object();
        if (!body.contains("done")) continue;
        INFO(boost::json::serialize(body).substr(0, 300));
        const auto report = read_response(chat ? op::chat : op::generate, 200, ndjson,
                                          boost::json::serialize(body) + "\n");
        const bool done = body.at("done").as_bool();
        const auto figure = [&](const char* key) {
            const auto* const value = body.if_contains(key);
            return value != nullptr ? value->as_int64() : done ? 0 : -1;
        };
        CHECK(report.model == text_of(body, "model"));
        CHECK(report.terminal == done);
        CHECK(report.prompt_tokens.value_or(-1) == figure("prompt_eval_count"));
        CHECK(report.output_tokens.value_or(-1) == figure("eval_count"));
        CHECK(report.total.value_or(nanoseconds(-1)).count() == figure("total_duration"));
        CHECK(report.load.value_or(nanoseconds(-1)).count() == figure("load_duration"));
        CHECK(report.prompt_eval.value_or(nanoseconds(-1)).count() ==
              figure("prompt_eval_duration"));
        CHECK(report.eval.value_or(nanoseconds(-1)).count() == figure("eval_duration"));
        CHECK(report.done_reason.has_value() == body.contains("done_reason"));
        ++read;
    }
    CHECK(read > 20);
}

TEST_CASE("a native stream is over with its last line, not before") {
    const std::string line = R"({"model":"m","response":"","done":true,"eval_count":3})";
    CHECK_FALSE(unfinished(op::generate, ndjson, line).terminal);
    CHECK_FALSE(unfinished(op::generate, ndjson, line).output_tokens);
    CHECK(unfinished(op::generate, ndjson, line + "\n").terminal);
    CHECK(unfinished(op::generate, ndjson, line + "\r\n").output_tokens == 3);
    CHECK(read_response(op::generate, 200, ndjson, line).terminal);
    CHECK_FALSE(read_response(op::generate, 200, ndjson, line.substr(0, 40)).terminal);
}

TEST_CASE("an error line under status 200 ends a native stream") {
    const auto report = unfinished(op::chat, ndjson,
                                   "{\"message\":{\"content\":\"a\"},\"done\":false}\n"
                                   "{\"error\":\"unexpected EOF\"}\n");
    CHECK(report.error == "unexpected EOF");
    CHECK(report.terminal);
    CHECK(report.content_events == 1);
    CHECK_FALSE(report.output_tokens);
}

TEST_CASE("a request for a stream can be answered with one object") {
    const auto report = unfinished(
        op::generate, json, R"({"model":"m","response":"","done":true,"done_reason":"unload"})");
    CHECK(report.terminal);
    CHECK(report.done_reason == "unload");
    CHECK(report.prompt_tokens == 0);
    CHECK(report.content_events == 0);
}

TEST_CASE("an OpenAI stream needs its [DONE], and of two usages the last counts") {
    const std::string stream =
        "data: {\"model\":\"m\",\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"
        ": a comment\n\n"
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\n\n"
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":2,\"completion_tokens\":3}}\n\n";
    auto report = read_response(op::openai_chat, 200, sse, stream);
    CHECK_FALSE(report.terminal);
    CHECK(report.prompt_tokens == 2);
    CHECK(report.output_tokens == 3);
    CHECK_FALSE(unfinished(op::openai_chat, sse, stream + "data: [DONE]\n").terminal);
    CHECK(unfinished(op::openai_chat, sse, stream + "data: [DONE]\n\n").terminal);
    CHECK(unfinished(op::openai_chat, sse, stream + "data:[DONE]\r\n\r\n").terminal);
    CHECK_FALSE(unfinished(op::openai_chat, sse, stream + "data: [DONE!]\n\n").terminal);
}

TEST_CASE("zeros in a completions stream that broke off are no figures") {
    const auto report =
        read_response(op::openai_completion, 200, sse,
                      "data: {\"choices\":[{\"text\":\"a\"}],\"usage\":{\"prompt_tokens\":0,"
                      "\"completion_tokens\":0,\"total_tokens\":0}}\n\n");
    CHECK(report.content_events == 1);
    CHECK_FALSE(report.prompt_tokens);
    CHECK_FALSE(report.output_tokens);
}

TEST_CASE("a chunk that Ollama makes up when its runner dies does not unname the model") {
    const auto report =
        read_response(op::openai_chat, 200, sse,
                      "data: {\"model\":\"m\",\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"
                      "data: {\"model\":\"\",\"choices\":[{\"delta\":{\"content\":\"\"}}]}\n\n");
    CHECK(report.model == "m");
    CHECK(report.content_events == 1);
}

TEST_CASE("the estimate at the start of an Anthropic stream is not reported") {
    const std::string start =
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"m\","
        "\"usage\":{\"input_tokens\":9,\"output_tokens\":0}}}\n\n";
    auto report = read_response(op::messages, 200, sse, start);
    CHECK(report.model == "m");
    CHECK_FALSE(report.prompt_tokens);
    const auto delta = start +
                       "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":"
                       "{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":2}}\n\n";
    report = read_response(op::messages, 200, sse, delta);
    CHECK(report.output_tokens == 2);
    CHECK_FALSE(report.prompt_tokens);
    CHECK_FALSE(report.terminal);
    CHECK(read_response(op::messages, 200, sse, delta + "data: {\"type\":\"message_stop\"}\n\n")
              .terminal);
    report = read_response(op::messages, 200, sse,
                           "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":"
                           "\"overloaded_error\",\"message\":\"busy\"}}\n\n");
    CHECK(report.error == "busy");
    CHECK(report.terminal);
}

TEST_CASE("a Responses stream can fail or stay incomplete") {
    auto report = read_response(
        op::responses, 200, sse,
        "event: response.failed\ndata: {\"response\":{\"status\":\"failed\",\"model\":\"m\","
        "\"error\":{\"code\":\"api_error\",\"message\":\"no search\"},"
        "\"usage\":{\"input_tokens\":5,\"output_tokens\":1}},\"type\":\"response.failed\"}\n\n");
    CHECK(report.error == "no search");
    CHECK(report.done_reason == "failed");
    CHECK(report.prompt_tokens == 5);
    CHECK(report.terminal);
    report = read_response(
        op::responses, 200, sse,
        "data: {\"type\":\"response.incomplete\",\"response\":{\"status\":\"incomplete\","
        "\"error\":null,\"incomplete_details\":{\"reason\":\"max_output_tokens\"}}}\n\n");
    CHECK(report.done_reason == "max_output_tokens");
    CHECK(report.terminal);
    CHECK_FALSE(report.error);
}

TEST_CASE("events with CR LF, several data lines and unknown fields are read") {
    const std::string body =
        "id: 1\r\nretry: 5\r\nevent: x\r\ndata: {\"choices\":[{\"delta\":\r\n"
        "data:{\"content\":\"ab\"}}]}\r\n\r\n\r\ndata\n\ndata: [DONE]\r\n\r\n";
    for_each_cutting(body, [](const auto& pieces) {
        const auto report = read_response(op::openai_chat, 200, sse, pieces, false);
        if (report.content_bytes != 2 || !report.terminal) FAIL_CHECK("another report");
    });
}

TEST_CASE("what is no JSON is passed over, and the next event is read") {
    const auto events = read_response(op::openai_chat, 200, sse,
                                      "data: {broken\n\ndata: {\"choices\":[{\"delta\":"
                                      "{\"content\":\"a\"}}]}\n\ndata: [DONE]\n\n");
    CHECK(events.content_events == 1);
    CHECK(events.terminal);
    const auto lines = read_response(op::chat, 200, ndjson,
                                     "{broken\n\nnull\n[1]\n{\"done\":true,\"eval_count\":2}\n");
    CHECK(lines.output_tokens == 2);
    CHECK_FALSE(read_response(op::chat, 200, json, R"({"model":"m")").terminal);
}

TEST_CASE("an error is read in every form and bounded") {
    const auto error = [](op operation, int status, std::string_view type, std::string_view body) {
        return read_response(operation, status, type, body).error.value_or("(none)");
    };
    CHECK(error(op::chat, 404, json, R"({"error":"x"})") == "x");
    CHECK(error(op::openai_chat, 403, json, R"({"error":"cloud is disabled"})") ==
          "cloud is disabled");
    CHECK(error(op::openai_chat, 400, json, R"({"error":{"type":"t","message":""}})") == "t");
    CHECK(error(op::chat, 404, "text/plain", "404 page not found") == "404 page not found");
    CHECK(error(op::none, 404, json, R"({"error":"no such model"})") == "no such model");
    CHECK(error(op::chat, 502, "text/html", "\n<html>bad gateway</html>\n") ==
          "<html>bad gateway</html>");
    CHECK(error(op::chat, 500, json, "not JSON") == "not JSON");
    CHECK(error(op::chat, 403, "", "") == "(none)");
    CHECK(read_response(op::chat, 403, "", "").terminal);
    const std::string long_text = std::string(511, 'x') + "\xC3\xBC" + std::string(9000, 'y');
    CHECK(error(op::chat, 500, json, R"({"error":")" + long_text + "\"}") == std::string(511, 'x'));
    CHECK(error(op::chat, 500, "text/plain", long_text) == std::string(511, 'x'));
}

TEST_CASE("a reply to anything but inference ends with its body") {
    const auto progress = read_response(op::none, 200, ndjson,
                                        "{\"status\":\"pulling\"}\n{\"error\":\"no space\"}\n");
    CHECK(progress.error == "no space");
    CHECK(read_response(op::none, 200, json, "{\"models\":[]}").terminal);
    CHECK_FALSE(unfinished(op::none, json, "{\"models\":[]}").terminal);
}

TEST_CASE("a transcription is text or an object with text") {
    auto report = read_response(op::transcription, 200, "application/json", R"({"text":"hello"})");
    CHECK(report.content_bytes == 5);
    CHECK(report.terminal);
    CHECK_FALSE(report.prompt_tokens);
    report = read_response(op::transcription, 200, "text/plain", "hello");
    CHECK(report.content_bytes == 5);
    CHECK(report.terminal);
}

TEST_CASE("figures that are no counts are not reported") {
    const auto report =
        read_response(op::openai_chat, 200, json,
                      R"({"choices":[],"usage":{"prompt_tokens":-1,"completion_tokens":1.5}})");
    CHECK_FALSE(report.prompt_tokens);
    CHECK_FALSE(report.output_tokens);
}

TEST_CASE("a huge embedding and an endless event pass quickly") {
    const auto start = std::chrono::steady_clock::now();
    dialect::response_reader embed(op::embed, 200, json);
    embed.feed(R"({"model":"m","embeddings":[[0.5)");
    std::string numbers;
    while (numbers.size() < 64 * 1024) numbers += ",-0.0123456789";
    for (int i = 0; i < 320; ++i) embed.feed(numbers);
    embed.feed(R"(],[1e-7,"odd",{"a":[1,2]},2]],"prompt_eval_count":7})");
    CHECK(embed.report().prompt_tokens == 7);
    CHECK(embed.report().terminal);

    dialect::response_reader events(op::openai_chat, 200, sse);
    events.feed("data: {\"choices\":[{\"delta\":{\"content\":\"");
    for (int i = 0; i < 320; ++i) events.feed(std::string(64 * 1024, 'x'));
    events.feed("\"}}]}\n\ndata: [DONE]\n\n");
    CHECK(events.report().content_bytes == 320 * 64 * 1024);
    CHECK(events.report().terminal);
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(3));
}
