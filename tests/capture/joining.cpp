#include "dialect/json_members.hpp"
#include "support/catch.hpp"

#include <tallyfs/dialect/transcript.hpp>

#include <fstream>

using namespace tallyfs;
using dialect::speech;
using op = dialect::operation;
namespace json = boost::json;

namespace {

std::string joined_text(op operation, bool events, std::string_view body) {
    return to_text(dialect::join_stream(operation, events, body).reply.said());
}

std::string request_text(op operation, std::string_view body) {
    return to_text(dialect::read_request(operation, *dialect::parse_document(body)));
}

/// The replies that were measured at a real Ollama.
std::vector<json::object> measured() {
    std::ifstream file(TALLYFS_FIXTURES "/ollama/measured-replies.jsonl");
    std::vector<json::object> all;
    for (std::string line; std::getline(file, line);) {
        all.push_back(dialect::parse_document(line)->as_object());
    }
    return all;
}

op operation_of(std::string_view path) {
    return dialect::classify("POST", path).op;
}

}  // namespace

TEST_CASE("a native stream is joined into what its reader saw, thinking apart") {
    const auto joined = dialect::join_stream(
        op::chat, false,
        R"({"model":"m","message":{"role":"assistant","content":"","thinking":"so "},"done":false}
{"model":"m","message":{"role":"assistant","content":"","thinking":"it is"},"done":false}
{"model":"m","message":{"role":"assistant","content":"an"},"done":false}
{"model":"m","message":{"role":"assistant","content":"na@exa"},"done":false}
{"model":"m","message":{"tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]},"done":false}
{"model":"m","message":{"tool_calls":[{"function":{"name":"g","arguments":{}}}]},"done":false}
{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}
)");
    CHECK(joined.events == 7);
    CHECK(joined.reply.finish() == "stop");
    CHECK(joined.reply.said() ==
          dialect::transcript{{"assistant", speech::thinking, "", "so it is"},
                              {"assistant", speech::text, "", "anna@exa"},
                              {"assistant", speech::tool_call, "f", "{\"a\":1}"},
                              {"assistant", speech::tool_call, "g", "{}"}});
    CHECK(to_text(joined.reply.said()) ==
          "[assistant, thinking]\nso it is\n\n[assistant]\nanna@exa\n\n"
          "[assistant calls f]\n{\"a\":1}\n\n[assistant calls g]\n{}\n");
}

TEST_CASE("an OpenAI chat stream is joined by choice, its tools' arguments by index") {
    const auto* stream =
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Hel\"}},"
        "{\"index\":1,\"delta\":{\"content\":\"Bon\"}}]}\n\n"
        "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"jour\"}}]}\n\n"
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo\",\"reasoning\":\"r\"}}]}\n\n"
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":"
        "{\"name\":\"f\",\"arguments\":\"{\\\"a\\\"\"}}]}}]}\n\n"
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":"
        "{\"arguments\":\":1}\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\n"
        "data: {\"choices\":[],\"usage\":{}}\n\ndata: [DONE]\n\n";
    CHECK(joined_text(op::openai_chat, true, stream) ==
          "[assistant]\nHello\n\n[assistant]\nBonjour\n\n[assistant, thinking]\nr\n\n"
          "[assistant calls f]\n{\"a\":1}\n");
}

TEST_CASE("a Responses stream is joined once, though its text comes in pieces and whole") {
    const auto* stream =
        "event: response.output_item.added\n"
        "data: {\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":"
        "{\"type\":\"message\",\"content\":[]}}\n\n"
        "data: {\"type\":\"response.output_text.delta\",\"output_index\":0,\"content_index\":0,"
        "\"delta\":\"Hel\"}\n\n"
        "data: {\"type\":\"response.output_text.delta\",\"output_index\":0,\"content_index\":0,"
        "\"delta\":\"lo\"}\n\n"
        "data: {\"type\":\"response.output_item.done\",\"output_index\":0,\"item\":{\"type\":"
        "\"message\",\"content\":[{\"type\":\"output_text\",\"text\":\"Hello\"}]}}\n\n"
        "data: {\"type\":\"response.completed\",\"response\":{\"model\":\"m\",\"status\":"
        "\"completed\",\"output\":[{\"type\":\"message\",\"content\":[{\"type\":\"output_text\","
        "\"text\":\"Hello\"}]},{\"type\":\"function_call\",\"name\":\"f\",\"arguments\":\"{}\"}]}}"
        "\n\n";
    CHECK(joined_text(op::responses, true, stream) ==
          "[assistant]\nHello\n\n[assistant calls f]\n{}\n");
}

TEST_CASE("an Anthropic stream is joined block by block") {
    const auto* stream =
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"m\"}}\n\n"
        "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":"
        "\"thinking\",\"thinking\":\"\"}}\n\n"
        "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
        "\"thinking_delta\",\"thinking\":\"hm\"}}\n\n"
        "data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"text_delta\","
        "\"text\":\"Hel\"}}\n\n"
        "data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"text_delta\","
        "\"text\":\"lo\"}}\n\n"
        "data: {\"type\":\"content_block_start\",\"index\":2,\"content_block\":{\"type\":"
        "\"tool_use\",\"name\":\"f\",\"input\":{}}}\n\n"
        "data: {\"type\":\"content_block_delta\",\"index\":2,\"delta\":{\"type\":"
        "\"input_json_delta\",\"partial_json\":\"{\\\"a\\\":1}\"}}\n\n"
        "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"}}\n\n";
    CHECK(joined_text(op::messages, true, stream) ==
          "[assistant, thinking]\nhm\n\n[assistant]\nHello\n\n[assistant calls f]\n{\"a\":1}\n");
}

TEST_CASE("a stream that was cut keeps the events that came whole") {
    const auto joined = dialect::join_stream(
        op::generate, false, "{\"response\":\"a\"}\n{\"response\":\"b\"}\n{\"respon");
    CHECK(joined.events == 2);
    CHECK(joined.unreadable == 1);
    CHECK(to_text(joined.reply.said()) == "[assistant]\nab\n");
}

TEST_CASE("what a real Ollama answered joins to the same text, streamed or not") {
    int streams = 0;
    for (const auto& reply : measured()) {
        const std::string body(reply.at("body").as_string());
        const auto operation = operation_of(reply.at("path").as_string());
        const std::string type(reply.at("content_type").as_string());
        const bool events = type.starts_with("text/event-stream");
        if (!events && !type.starts_with("application/x-ndjson")) continue;
        INFO(reply.at("name").as_string().c_str() << " " << body.substr(0, 400));
        const auto joined = dialect::join_stream(operation, events, body);
        CHECK(joined.unreadable == 0);
        CHECK((joined.events > 0 || body.empty()));
        CHECK(dialect::from_json(to_json(joined.reply.said())) == joined.reply.said());
        ++streams;
    }
    CHECK(streams > 10);
}

TEST_CASE("requests of all dialects show their messages with their roles") {
    CHECK(request_text(op::generate, R"({"system":"be kind","prompt":"hi","images":["aaaa"]})") ==
          "[system]\nbe kind\n\n[user]\nhi\n\n[user]\n[1 image]\n");
    CHECK(request_text(op::chat, R"({"Messages":[{"role":"user","content":"hi"},
        {"role":"assistant","thinking":"hm","content":"","tool_calls":[{"function":{"name":"f",
        "arguments":{"a":1}}}]},{"role":"tool","tool_name":"f","content":"2"}]})") ==
          "[user]\nhi\n\n[assistant, thinking]\nhm\n\n[assistant calls f]\n{\"a\":1}\n\n"
          "[tool, result of f]\n2\n");
    CHECK(request_text(op::openai_chat, R"({"messages":[{"role":"user","content":[
        {"type":"text","text":"see"},{"type":"image_url","image_url":{"url":"x"}}]}]})") ==
          "[user]\nsee\n\n[user]\n[image_url]\n");
    CHECK(request_text(op::responses, R"({"instructions":"be kind","input":[
        {"role":"user","content":[{"type":"input_text","text":"hi"}]},
        {"type":"function_call","name":"f","arguments":"{}"},
        {"type":"function_call_output","output":"2"}]})") ==
          "[system]\nbe kind\n\n[user]\nhi\n\n[assistant calls f]\n{}\n\n"
          "[tool, result of a tool]\n2\n");
    CHECK(request_text(op::messages, R"({"system":[{"type":"text","text":"be kind"}],"messages":[
        {"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"tool_use",
        "name":"f","input":{"a":1}}]},{"role":"user","content":[{"type":"tool_result",
        "content":"2"}]}]})") ==
          "[system]\nbe kind\n\n[user]\nhi\n\n[assistant calls f]\n{\"a\":1}\n\n"
          "[tool, result of a tool]\n2\n");
    CHECK(request_text(op::embed, R"({"input":["a","b"]})") == "[user]\na\n\n[user]\nb\n");
}

TEST_CASE("no control character reaches the terminal of who reads a capture") {
    const auto text = dialect::to_text({{"user", speech::text, "", "a\x1b[2Jb\x07\tc\r\nd"}});
    CHECK(text == "[user]\na?[2Jb?\tc\nd\n");
}

TEST_CASE("what is no JSON, or nested without end, is no document") {
    CHECK_FALSE(dialect::parse_document(""));
    CHECK_FALSE(dialect::parse_document("{\"a\":"));
    CHECK_FALSE(dialect::parse_document(std::string(10'000, '[')));
    CHECK_FALSE(dialect::parse_document("{\"a\":\"\xff\"}"));
    CHECK(dialect::parse_document("{\"a\":1} and more"));
}
