#include "dialect/fixtures.hpp"
#include "support/catch.hpp"

using namespace tallyfs;
using namespace tallyfs::test;
using op = dialect::operation;

namespace {

std::string asked(std::string_view body) {
    const auto report = read_request(op::openai_chat, body);
    return dialect::ask_for_usage(body, report).value_or("(unchanged)");
}

std::string filtered(const std::vector<std::string_view>& pieces) {
    dialect::usage_event_filter filter;
    std::string out;
    for (const auto piece : pieces) filter.feed(piece, out);
    filter.finish(out);
    return out;
}

std::string filtered(std::string_view body) {
    return filtered(std::vector{body});
}

}  // namespace

TEST_CASE("usage is asked for by an edit that keeps every other byte") {
    CHECK(asked(R"({"stream":true,"messages":[]})") ==
          R"({"stream_options":{"include_usage":true},"stream":true,"messages":[]})");
    CHECK(asked(" \n{ \"stream\" :true}\t") ==
          " \n{\"stream_options\":{\"include_usage\":true}, \"stream\" :true}\t");
    CHECK(asked(R"({"stream":true,"stream_options": {}})") ==
          R"({"stream":true,"stream_options": {"include_usage":true}})");
    CHECK(asked(R"({"stream":true,"stream_options":{ }})") ==
          R"({"stream":true,"stream_options":{"include_usage":true }})");
    CHECK(asked(R"({"stream_options":{"x":1},"stream":true})") ==
          R"({"stream_options":{"include_usage":true,"x":1},"stream":true})");
    CHECK(asked(R"({"stream":true,"stream_options":null})") ==
          R"({"stream":true,"stream_options":{"include_usage":true}})");
    CHECK(asked(R"({"stream":true,"Stream_Options" : {}})") ==
          R"({"stream":true,"Stream_Options" : {"include_usage":true}})");
    CHECK(asked(R"({"stream":true,"stream\u005Foptions":{}})") ==
          R"({"stream":true,"stream\u005Foptions":{"include_usage":true}})");
    CHECK(asked(R"({"stream_options":{},"stream":true,"stream_options":null} x)") ==
          R"({"stream_options":{},"stream":true,"stream_options":{"include_usage":true}} x)");
}

TEST_CASE("keys and braces inside of text do not mislead the edit") {
    const std::string messages =
        R"("messages":[{"content":"}],\"stream_options\":{\\"},{"stream_options":{"a":"]"}}],)";
    CHECK(asked("{" + messages + R"("stream":true,"stream_options":{}})") ==
          "{" + messages + R"("stream":true,"stream_options":{"include_usage":true}})");
    CHECK(asked("{" + messages + R"("stream":true})") ==
          R"({"stream_options":{"include_usage":true},)" + messages + R"("stream":true})");
}

TEST_CASE("nothing is changed where the client decided or nothing streams") {
    for (const auto* body :
         {R"({"stream":true,"stream_options":{"include_usage":true}})",
          R"({"stream":true,"stream_options":{"include_usage":false}})",
          R"({"stream":true,"STREAM_OPTIONS":{"INCLUDE_USAGE":false}})", R"({"stream":false})",
          R"({"messages":[]})", R"({})", R"({"stream":true)",
          R"({"stream":true,"stream_options":"odd"})", R"({"stream":true,"stream_options":[]})"}) {
        INFO(body);
        CHECK(asked(body) == "(unchanged)");
    }
}

TEST_CASE("what was asked for is what Ollama then reads") {
    for (const auto* body : {R"({"stream":true})", R"({"stream":true,"stream_options":{}})",
                             R"({"stream":true,"stream_options":null})",
                             R"({"stream":true,"stream_options":{"include_usage":null}})",
                             R"({"stream_options":{"a":1},"stream":true,"stream_options":{}})"}) {
        INFO(body);
        const auto report = read_request(op::openai_chat, asked(body));
        CHECK(report.readable);
        CHECK(report.include_usage == true);
        CHECK(report.prompt_hash == read_request(op::openai_chat, body).prompt_hash);
    }
}

TEST_CASE("the filter takes the usage event out of a real stream, at every cut") {
    int streams = 0;
    for (const auto& reply : fixture_lines("measured-replies.jsonl")) {
        if (text_of(reply, "content_type") != "text/event-stream") continue;
        const auto body = text_of(reply, "body");
        auto expected = body;
        const auto usage = expected.find(R"("choices":[],"usage":{)");
        const bool is_chat = text_of(reply, "path") == "/v1/chat/completions";
        if (is_chat && usage != std::string::npos) {
            const auto begin = expected.rfind("data: ", usage);
            expected.erase(begin, expected.find("\n\n", usage) + 2 - begin);
            ++streams;
        }
        INFO(text_of(reply, "name"));
        for_each_cutting(body, [&](const auto& pieces) {
            if (filtered(pieces) != expected) FAIL_CHECK("not the same bytes");
        });
    }
    CHECK(streams >= 3);
}

TEST_CASE("the filter takes out nothing else") {
    const std::string head = R"(data: {"object":"chat.completion.chunk",)";
    for (const auto& event :
         {head + R"("choices":[{"delta":{}}],"usage":{}})" + "\n\n",
          head + R"("choices":[]})" + "\n\n", head + R"("choices":[],"usage":null})" + "\n\n",
          std::string(R"(data: {"choices":[],"usage":{}})") + "\n\n",
          head + R"("choices":[],"usage":{})" + "\n\n", std::string("data: \"usage\"\n\n"),
          std::string("\n\n\r\n\n"), head + R"("choices":[],"usage":{}})"}) {
        INFO(event);
        CHECK(filtered(event) == event);
    }
    const auto usage = head + "\r\ndata:\"choices\":[],\"usage\":{}}\r\n\r\n";
    for_each_cutting("data: a\r\n\r\n" + usage + "data: [DONE]\n\n", [](const auto& pieces) {
        if (filtered(pieces) != "data: a\r\n\r\ndata: [DONE]\n\n") FAIL_CHECK("not taken out");
    });
}

TEST_CASE("an event is passed on when it is whole, and a huge one as it comes") {
    dialect::usage_event_filter filter;
    std::string out;
    filter.feed("data: {\"a\":1}\n", out);
    CHECK(out.empty());
    filter.feed("\ndata: x", out);
    CHECK(out == "data: {\"a\":1}\n\n");
    out.clear();
    const std::string piece(64 * 1024, 'y');
    std::string expected = "data: x";
    for (int i = 0; i < 40; ++i) {
        filter.feed(piece, out);
        expected += piece;
    }
    CHECK(out == expected);
    filter.feed("\n\ndata: {\"object\":\"chat.completion.chunk\",\"choices\":[],\"usage\":{}}\n\n",
                out);
    CHECK(out == expected + "\n\n");
}
