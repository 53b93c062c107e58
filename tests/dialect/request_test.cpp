#include "dialect/fixtures.hpp"
#include "support/catch.hpp"

#include <boost/json.hpp>

using namespace tallyfs;
using namespace tallyfs::test;
using op = dialect::operation;

TEST_CASE("the documented requests read as they are meant") {
    int read = 0;
    for (const auto& line : fixture_lines("documented-bodies.jsonl")) {
        if (text_of(line, "kind") != "request") continue;
        const auto& request = line.at("json").as_object();
        const auto route = dialect::classify("POST", text_of(request, "path"));
        if (route.kind != dialect::route_class::inference) continue;
        const auto& body = request.at("body").as_object();
        INFO(boost::json::serialize(body).substr(0, 300));
        const auto report = read_request(route.op, boost::json::serialize(body));
        CHECK(report.readable);
        CHECK_FALSE(report.ambiguous);
        CHECK(report.model == text_of(body, "model"));
        const bool streams = route.op == op::generate || route.op == op::chat;
        const auto* const stream = body.if_contains("stream");
        CHECK(report.stream == (streams && (stream == nullptr || stream->as_bool())));
        const auto* const messages = body.if_contains("messages");
        const bool empty = (messages == nullptr || messages->as_array().empty()) &&
                           !body.contains("prompt") && !body.contains("input");
        CHECK(report.lifecycle == empty);
        CHECK(report.unload == (empty && body.contains("keep_alive")));
        CHECK(report.prompt_hash.size() == 32);
        ++read;
    }
    CHECK(read > 20);
}

TEST_CASE("what a load depends on is reported") {
    const auto report = read_request(
        op::generate,
        R"({"model":"m","prompt":"Why?","options":{"seed":42,"stop":["\n"],"numa":false,)"
        R"("num_ctx":1024,"num_batch":2,"num_gpu":1,"main_gpu":0,"use_mmap":true,)"
        R"("num_thread":8,"NUM_CTX":9,"temperature":0.8},"keep_alive":"5m","shift":false})");
    CHECK(report.context_length == 1024);
    CHECK(report.options == R"({"num_ctx":1024,"num_gpu":1,"num_batch":2,"main_gpu":0,)"
                            R"("num_thread":8,"use_mmap":true,"shift":false,"keep_alive":"5m"})");
    CHECK(report.prompt_bytes == 4);
    CHECK(read_request(op::chat, R"({"options":{"num_ctx":4.096e3},"keep_alive":-1})").options ==
          R"({"num_ctx":4.096e3,"keep_alive":-1})");
    CHECK(read_request(op::chat, R"({"options":{"num_ctx":4.096e3}})").context_length == 4096);
}

TEST_CASE("options are bounded and hold no text but a duration") {
    const std::string many(100, '9');
    const auto report =
        read_request(op::chat, R"({"options":{"num_gpu":)" + many +
                                   R"(,"num_batch":"secret","main_gpu":["x"],)" +
                                   R"("num_ctx":1.)" + many + R"(},"keep_alive":")" + many + "\"}");
    CHECK(report.readable);
    CHECK(report.options.empty());
    const std::string escapes(32, '\x1F');
    const std::string long_number = "123456789012345678901234";
    std::string body = R"({"keep_alive":")";
    for (int i = 0; i < 32; ++i) body += "\\u001f";
    body += R"(","shift":false,"options":{"use_mmap":false)";
    for (const auto* name :
         {"num_ctx", "num_gpu", "num_batch", "main_gpu", "num_thread", "draft_num_predict"})
        body += std::string(",\"") + name + "\":" + long_number;
    const auto longest = read_request(op::generate, body + "}}");
    CHECK(longest.options.size() > 400);
    CHECK(longest.options.size() <= 512);
    CHECK_NOTHROW(boost::json::parse(longest.options));
}

TEST_CASE("options that a route does not take are not reported") {
    const auto report = read_request(
        op::openai_chat,
        R"({"model":"m","messages":[{"content":"x"}],"options":{"num_ctx":1},"keep_alive":0})");
    CHECK_FALSE(report.context_length);
    CHECK(report.options.empty());
    CHECK_FALSE(read_request(op::embed, R"({"model":"m","input":"x","stream":true})").stream);
}

TEST_CASE("keys are matched as Go matches them, and the last one wins") {
    const auto chat = [](std::string_view body) { return read_request(op::chat, body); };
    CHECK(chat(R"({"MoDeL":"a"})").model == "a");
    CHECK_FALSE(chat("{\"\xC5\xBFtream\":false}").stream);
    CHECK(chat("{\"\xE2\x84\xAA"
               "eep_alive\":0}")
              .unload);
    CHECK_FALSE(chat(R"({"stream":true,"Stream":false})").stream);
    CHECK(chat(R"({"stream":false,"stream":null})").stream);
    CHECK_FALSE(read_request(op::generate, R"({"prompt":"x","prompt":null})").lifecycle);
    CHECK(read_request(op::generate, R"({"prompt":"x","PROMPT":""})").lifecycle);
    CHECK(chat(R"({"messages":[{"content":"x"}],"messages":[]})").lifecycle);
    CHECK(chat(R"({"messages":[{"content":"x"}],"messages":null})").lifecycle);
    CHECK(chat(R"({"options":{"num_ctx":1},"options":{"num_gpu":2}})").options ==
          R"({"num_ctx":1,"num_gpu":2})");
    CHECK(chat(R"({"options":{"num_ctx":1},"options":null})").options.empty());
    CHECK(chat(R"({"messages":[{"MODEL":"inner"}],"options":{"model":"x"}})").model ==
          std::nullopt);
}

TEST_CASE("a model that stands there twice is ambiguous if the two differ") {
    const auto twice = read_request(op::chat, R"({"model":"local","MODEL":"x-cloud"})");
    CHECK(twice.ambiguous);
    CHECK(twice.model == "x-cloud");
    CHECK_FALSE(read_request(op::chat, R"({"model":"a","mod\u0065l":"a"})").ambiguous);
    const std::string name(600, 'a');
    const auto cut =
        read_request(op::chat, R"({"model":")" + name + R"(1","model":")" + name + "2\"}");
    CHECK(cut.ambiguous);
    CHECK(cut.model->size() == 512);
}

TEST_CASE("an empty prompt loads a model, and unloads it with keep_alive 0") {
    const auto generate = [](std::string_view rest) {
        return read_request(op::generate, R"({"model":"m","prompt":"")" + std::string(rest) + "}");
    };
    CHECK(generate("").lifecycle);
    CHECK(generate(R"(,"images":["aGk="],"suffix":"x")").lifecycle);
    for (const auto* zero : {"0", "0.0", "-0.0", "1e-10", "\"0\"", "\"0s\"", "\"-0m\"",
                             "\"0h0m0.0s\"", "\"+0\"", "\"0.5ns\""}) {
        INFO(zero);
        CHECK(generate(std::string(R"(,"keep_alive":)") + zero).unload);
    }
    for (const auto* other : {"1", "-1", "0.5", "\"\"", "\"5m\"", "\"-1s\"", "\"0x\"", "\"0s1\"",
                              "\"1ns\"", "null", "true"}) {
        INFO(other);
        CHECK_FALSE(generate(std::string(R"(,"keep_alive":)") + other).unload);
    }
    CHECK_FALSE(read_request(op::generate, R"({"prompt":"x","keep_alive":0})").unload);
    CHECK(read_request(op::openai_completion, R"({"prompt":""})").lifecycle);
    CHECK_FALSE(read_request(op::openai_chat, R"({"messages":[]})").lifecycle);
    CHECK(read_request(op::embed, R"({"input":[]})").lifecycle);
    CHECK_FALSE(read_request(op::embed, R"({"input":[""]})").lifecycle);
    CHECK(read_request(op::embeddings, R"({"model":"m"})").lifecycle);
}

TEST_CASE("prompt bytes count text and leave images and names out") {
    CHECK(read_request(op::generate, R"({"prompt":"a\u00fc","system":"sys","images":["aaaa"]})")
              .prompt_bytes == 6);
    CHECK(read_request(op::chat, R"({"messages":[{"role":"user","content":"abc",)"
                                 R"("images":["aaaa"]},{"role":"assistant","thinking":"de",)"
                                 R"("tool_calls":[{"function":{"name":"f","arguments":)"
                                 R"({"city":"Rom"}}}]}],"tools":[{"text":"no"}]})")
              .prompt_bytes == 8);
    CHECK(read_request(op::openai_chat,
                       R"({"messages":[{"content":[{"type":"text","text":"abc"},)"
                       R"({"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}}]}]})")
              .prompt_bytes == 3);
    CHECK(read_request(op::responses, R"({"instructions":"ab","input":"cd"})").prompt_bytes == 4);
    CHECK(read_request(op::responses,
                       R"({"input":[{"role":"user","content":[{"type":"input_text",)"
                       R"("text":"abc"},{"type":"input_image","image_url":"data:AAAA"}]}]})")
              .prompt_bytes == 3);
    CHECK(read_request(op::messages,
                       R"({"system":[{"type":"text","text":"ab"}],"messages":[{"content":"c"},)"
                       R"({"content":[{"type":"image","source":{"data":"AAAA"}},)"
                       R"({"type":"tool_result","content":[{"text":"de"}]}]}]})")
              .prompt_bytes == 5);
    CHECK(read_request(op::embed, R"({"input":["abc","d"]})").prompt_bytes == 4);
    CHECK(read_request(op::generate, R"({"prompt":"long one","prompt":"x"})").prompt_bytes == 1);
}
