#include "dialect/fixtures.hpp"
#include "support/catch.hpp"

using namespace tallyfs;
using namespace tallyfs::test;
using op = dialect::operation;

namespace {

std::string hash_of(std::string_view body, op operation = op::chat,
                    std::string_view key = "a key") {
    dialect::request_reader reader(operation, "", "", key);
    reader.feed(body);
    return reader.finish().prompt_hash;
}

constexpr std::string_view question =
    R"({"model":"m","messages":[{"role":"user","content":"Why?"}],"tools":[{"type":"function"}]})";

}  // namespace

TEST_CASE("a prompt's hash does not depend on how the request is written") {
    const auto hash = hash_of(question);
    CHECK(hash.size() == 32);
    for (const auto* same :
         {R"({ "model" : "m", "messages" : [ { "role":"user" , "content":"Why?" } ],
             "tools":[{"type":"function"}] })",
          R"({"tools":[{"type":"function"}],"messages":[{"role":"user","content":"Why?"}]})",
          R"({"model":"other","stream":false,"stream_options":{"include_usage":true},)"
          R"("keep_alive":0,"options":{"num_ctx":1},"messages":[{"role":"user","content":"Why?"}],)"
          R"("tools":[{"type":"function"}]})",
          R"({"messages":[{"role":"user","content":"W\u0068y?"}],"tools":[{"type":"function"}]})",
          R"({"messages":[],"messages":[{"role":"user","content":"Why?"}],)"
          R"("tools":[{"type":"function"}]})"}) {
        INFO(same);
        CHECK(hash_of(same) == hash);
    }
}

TEST_CASE("a prompt's hash depends on all of the content, the operation and the key") {
    const auto hash = hash_of(question);
    for (const auto* different :
         {R"({"messages":[{"role":"user","content":"Why!"}],"tools":[{"type":"function"}]})",
          R"({"messages":[{"role":"user","content":"Why?"}]})",
          R"({"messages":[{"role":"system","content":"Why?"}],"tools":[{"type":"function"}]})",
          R"({"messages":[{"role":"user","content":"Why?","images":["AA"]}],)"
          R"("tools":[{"type":"function"}]})",
          R"({"messages":[{"role":"user"},{"content":"Why?"}],"tools":[{"type":"function"}]})"}) {
        INFO(different);
        CHECK(hash_of(different) != hash);
    }
    CHECK(hash_of(question, op::openai_chat) != hash);
    CHECK(hash_of(question, op::chat, "another key") != hash);
    CHECK(hash_of(question, op::chat, "").size() == 32);
    const auto prompt = [](std::string_view rest) {
        return hash_of("{" + std::string(rest) + "}", op::generate);
    };
    CHECK(prompt(R"("prompt":"a","suffix":"b")") != prompt(R"("prompt":"ab")"));
    CHECK(prompt(R"("prompt":"a","suffix":"b")") != prompt(R"("prompt":"b","suffix":"a")"));
    CHECK(prompt(R"("prompt":"a","context":[1,2])") != prompt(R"("prompt":"a","context":[12])"));
    CHECK(prompt(R"("prompt":"a","format":"json")") != prompt(R"("prompt":"a")"));
}

TEST_CASE("half a request has no hash") {
    const auto half = read_request(op::chat, question.substr(0, question.size() - 1));
    CHECK(half.prompt_hash.empty());
    CHECK(half.prompt_bytes == 0);
    CHECK(half.model == "m");
}
