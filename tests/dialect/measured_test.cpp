#include "dialect/fixtures.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <array>

using namespace tallyfs;
using namespace tallyfs::test;

namespace {

struct measured {
    std::string_view name;
    std::int64_t prompt_tokens;  // -1: not reported
    std::int64_t output_tokens;
    std::int64_t content_events;
    std::int64_t content_bytes;
    std::string_view done_reason;
    bool terminal;
};

// Read off the replies by hand. "repeat-limit" is Ollama giving up by itself, without a last
// event and without figures.
constexpr auto expected_replies = std::to_array<measured>({
    {"chat-single-tool", 184, 5, 0, 16, "stop", true},
    {"chat-single-warm", 30, 4, 0, 23, "length", true},
    {"chat-stream-native-cold", 30, 4, 4, 23, "length", true},
    {"chat-stream-repeat-limit", -1, -1, 31, 124, "-", false},
    {"chat-stream-think", 30, 10, 7, 35, "stop", true},
    {"chat-stream-tool", 184, 5, 1, 16, "stop", true},
    {"chat-stream-warm", 30, 4, 4, 23, "length", true},
    {"embed-empty", 0, 0, 0, 0, "-", true},
    {"embed", 7, 0, 0, 0, "-", true},
    {"embeddings-empty", -1, -1, 0, 0, "-", true},
    {"embeddings", -1, -1, 0, 0, "-", true},
    {"generate-single-cold", 24, 4, 0, 23, "length", true},
    {"generate-single-repeat-limit", -1, -1, 0, 124, "-", true},
    {"generate-single-think", 23, 10, 0, 35, "stop", true},
    {"generate-stream-cold", 24, 4, 4, 23, "length", true},
    {"generate-stream-logprobs", 24, 4, 4, 23, "length", true},
    {"messages-single-tool", 184, 5, 0, 16, "tool_use", true},
    {"messages-single", 30, 3, 0, 16, "max_tokens", true},
    {"messages-stream-repeat-limit", -1, -1, 31, 124, "-", false},
    {"messages-stream-think", 30, 10, 7, 35, "end_turn", true},
    {"messages-stream-tool", 184, 5, 2, 27, "tool_use", true},
    {"messages-stream", 30, 3, 3, 15, "max_tokens", true},
    {"responses-single", 24, 3, 0, 17, "completed", true},
    {"responses-stream-repeat-limit", -1, -1, 31, 124, "-", false},
    {"responses-stream-think", 24, 10, 7, 35, "completed", true},
    {"responses-stream-tool", 178, 5, 1, 16, "completed", true},
    {"responses-stream", 24, 3, 3, 17, "completed", true},
    {"v1chat-logprobs", 24, 2, 2, 9, "length", true},
    {"v1chat-single-repeat-limit", -1, -1, 0, 124, "-", true},
    {"v1chat-single-tool", 184, 5, 0, 27, "tool_calls", true},
    {"v1chat-single", 30, 3, 0, 15, "length", true},
    {"v1chat-stream-repeat-limit", -1, -1, 31, 124, "-", false},
    {"v1chat-stream-think-usage", 30, 10, 7, 35, "stop", true},
    {"v1chat-stream-tool-usage", 184, 5, 1, 27, "tool_calls", true},
    {"v1chat-stream-usage", 30, 3, 3, 15, "length", true},
    {"v1chat-stream", -1, -1, 3, 15, "length", true},
    {"v1compl-empty-prompt-stream", 0, 0, 0, 0, "load", true},
    {"v1compl-empty-prompt", 0, 0, 0, 0, "load", true},
    {"v1compl-single", 24, 3, 0, 15, "length", true},
    {"v1compl-stream-usage", 24, 3, 3, 15, "length", true},
    {"v1compl-stream", -1, -1, 3, 15, "length", true},
    {"v1embeddings-base64", 7, 0, 0, 0, "-", true},
    {"v1embeddings", 4, 0, 0, 0, "-", true},
});

dialect::response_report read_reply(const boost::json::object& reply,
                                    const std::vector<std::string_view>& pieces) {
    const auto route = dialect::classify("POST", text_of(reply, "path"));
    return read_response(route.op, static_cast<int>(reply.at("status").as_int64()),
                         text_of(reply, "content_type"), pieces);
}

}  // namespace

TEST_CASE("the replies of a real Ollama read as what they say") {
    std::size_t compared = 0;
    for (const auto& reply : fixture_lines("measured-replies.jsonl")) {
        const auto name = text_of(reply, "name");
        const auto expected = std::ranges::find(expected_replies, name, &measured::name);
        if (expected == expected_replies.end()) continue;
        INFO(name);
        const auto body = text_of(reply, "body");
        const auto report = read_reply(reply, {body});
        CHECK(report.prompt_tokens.value_or(-1) == expected->prompt_tokens);
        CHECK(report.output_tokens.value_or(-1) == expected->output_tokens);
        CHECK(report.content_events == expected->content_events);
        CHECK(report.content_bytes == expected->content_bytes);
        CHECK(report.done_reason.value_or("-") == expected->done_reason);
        CHECK(report.terminal == expected->terminal);
        CHECK_FALSE(report.error);
        ++compared;
    }
    CHECK(compared == expected_replies.size());
}

TEST_CASE("the errors of a real Ollama read as their text") {
    int compared = 0;
    for (const auto& reply : fixture_lines("measured-replies.jsonl")) {
        if (reply.at("status").as_int64() < 400) continue;
        INFO(text_of(reply, "name"));
        const auto body = text_of(reply, "body");
        const auto parsed = boost::json::parse(body).as_object();
        const auto& error = parsed.at("error");
        const auto& text = error.is_string() ? error : error.as_object().at("message");
        const auto report = read_reply(reply, {body});
        CHECK(report.error == std::string(text.as_string()));
        CHECK(report.terminal);
        CHECK_FALSE(report.prompt_tokens);
        ++compared;
    }
    CHECK(compared > 40);
}

TEST_CASE("a real reply reads the same wherever it is cut") {
    for (const auto& reply : fixture_lines("measured-replies.jsonl")) {
        const auto body = text_of(reply, "body");
        const auto whole = to_line(read_reply(reply, {body}));
        INFO(text_of(reply, "name"));
        for_each_cutting(body, [&](const auto& pieces) {
            if (to_line(read_reply(reply, pieces)) != whole) FAIL_CHECK("another report");
        });
    }
}

TEST_CASE("the requests that a real Ollama answered are readable") {
    for (const auto& reply : fixture_lines("measured-replies.jsonl")) {
        if (reply.at("status").as_int64() != 200) continue;
        INFO(text_of(reply, "name"));
        const auto route = dialect::classify("POST", text_of(reply, "path"));
        const auto request = read_request(route.op, text_of(reply, "request"));
        CHECK(request.readable);
        CHECK(request.stream == (text_of(reply, "content_type") == "application/x-ndjson" ||
                                 text_of(reply, "content_type") == "text/event-stream"));
        CHECK(request.lifecycle == (text_of(reply, "name").find("-empty") != std::string::npos));
    }
}
