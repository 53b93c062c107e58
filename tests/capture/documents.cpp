#include "capture/documents.hpp"

#include "support/catch.hpp"

#include <tallyfs/dialect/transcript.hpp>

#include <boost/json/serialize.hpp>

using namespace tallyfs;
using namespace tallyfs::capture;
using op = dialect::operation;
using policy::capture_mode;

namespace {

struct kept {
    std::atomic<std::size_t> all{0};
    captured_call call{all};

    kept(op operation, std::string request, std::string type, std::string response) {
        call.mode = capture_mode::full;
        call.op = operation;
        call.id = uuid::make(wall_time());
        call.service = "n8n";
        call.endpoint = "/api/chat";
        call.request = std::move(request);
        call.response_type = std::move(type);
        call.response = std::move(response);
    }
    [[nodiscard]] documents files() const { return make_documents(call, policy::pattern_set()); }
    [[nodiscard]] std::string everything() const {
        std::string text;
        for (const auto& [name, content] : files()) text += content;
        return text;
    }
};

constexpr auto ndjson = "application/x-ndjson";
constexpr auto plain_json = "application/json";

std::string left_out(std::string_view text) {
    auto document = *dialect::parse_document(text);
    leave_out_unreadable(document);
    return boost::json::serialize(document);
}

}  // namespace

TEST_CASE("a secret that is split over the events of a stream is found") {
    const kept one(op::chat, R"({"messages":[{"role":"user","content":"who?"}]})", ndjson,
                   "{\"message\":{\"content\":\"write to anna@exa\"}}\n"
                   "{\"message\":{\"content\":\"mple.org, DE89 3704 00\"}}\n"
                   "{\"message\":{\"content\":\"44 0532 0130 00\"},\"done\":true}\n");
    const auto files = one.files();
    CHECK(files.at("response.txt") == "[assistant]\nwrite to [redacted:email], [redacted:iban]\n");
    CHECK(files.at("prompt.txt") == "[user]\nwho?\n");
    CHECK(one.everything().find("anna") == std::string::npos);
    CHECK(one.everything().find("3704") == std::string::npos);
    CHECK(one.everything().find("0532") == std::string::npos);
}

TEST_CASE("what no pattern can read is left out") {
    CHECK(left_out(R"({"context":[1,2,3],"a":[1,2,3]})") ==
          R"({"context":"[left out: 3 context]","a":[1,2,3]})");
    CHECK(left_out(R"({"input":[1,2,3,4,5,6,7,8,9]})") == R"({"input":"[left out: 9 numbers]"})");
    CHECK(left_out("{\"data\":\"" + std::string(300, 'A') + "\"}") ==
          R"({"data":"[left out: 300 bytes of base64]"})");
    CHECK(left_out(R"({"url":"data:image/png;base64,AAAA"})") ==
          R"({"url":"[left out: 26 bytes of base64]"})");
    CHECK(left_out(R"({"choices":[{"logprobs":{"content":[{"token":"anna"}]}}]})") ==
          R"({"choices":[{"logprobs":"[left out: 1 logprobs]"}]})");
    CHECK(left_out(R"({"images":["AAAA","BBBB"],"content":"hi"})") ==
          R"({"images":"[left out: 2 images]","content":"hi"})");
}

TEST_CASE("metadata has names, roles, sizes and options, and nothing that was written") {
    const auto text = R"({"model":"qwen3:14b","stream":false,"prompt":"CANARY one",
        "messages":[{"role":"user","name":"CANARY","content":"CANARY two","images":["CANARY"]},
          {"role":"user","content":[{"type":"text","text":"CANARY three"}]},
          {"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":{"CANARY":1}}}]}],
        "tools":[{"type":"function","function":{"name":"get_weather","description":"CANARY",
          "parameters":{"CANARY":{}}}}],
        "options":{"num_ctx":4096,"CANARY":2,"stop":["CANARY"]},
        "format":{"CANARY":1},"CANARY":"x","CANARY too":1,
        "keep_alive":"5m"})";
    kept one(op::chat, text, plain_json, R"({"message":{"content":"CANARY"}})");
    one.call.mode = capture_mode::metadata;
    const auto files = one.files();
    CHECK(files.size() == 2);
    CHECK(one.everything().find("CANARY") == std::string::npos);
    const auto& shape = files.at("request.json");
    for (const auto* shown :
         {"\"model\":\"qwen3:14b\"", "\"stream\":false", "\"role\":\"user\"", "get_weather",
          "\"num_ctx\":4096", "\"keep_alive\":\"5m\"", "[text: 10 bytes]", "\"(others)\":2"}) {
        INFO(shape);
        CHECK(shape.find(shown) != std::string::npos);
    }
}

TEST_CASE("a body that cannot be read is not kept, because nothing could be taken out of it") {
    const kept broken(op::chat, "{\"messages\":[\"CANARY", plain_json, "{\"a\":\"CANARY");
    CHECK(broken.everything().find("CANARY") == std::string::npos);
    CHECK(broken.files().at("request.json").find("not_kept") != std::string::npos);
    kept cut(op::embed, "{}", plain_json, "{\"a\":\"CANARY\"}");
    cut.call.response_cut = true;
    CHECK(cut.everything().find("CANARY") == std::string::npos);
    kept packed(op::messages, "", plain_json, "{}");
    packed.call.request_gap = "the body was compressed";
    CHECK(packed.files().at("request.json") == "{\"not_kept\":\"the body was compressed\"}\n");
}

TEST_CASE("an error is kept with its text") {
    kept one(op::chat, "{\"messages\":[]}", plain_json, R"({"error":"model 'x' not found"})");
    one.call.status = 404;
    CHECK(one.files().at("response.txt") == "[error]\nmodel 'x' not found\n");
    CHECK(one.files().at("about.json").find("\"status\":404") != std::string::npos);
}

TEST_CASE("a stream longer than the limit says so") {
    kept one(op::generate, "{\"prompt\":\"x\"}", ndjson, "{\"response\":\"a\"}\n{\"resp");
    one.call.response_cut = true;
    CHECK(one.files().at("response.json").find("\"cut_after_bytes\":1048576") != std::string::npos);
    CHECK(one.files().at("response.txt") == "[assistant]\na\n");
}
