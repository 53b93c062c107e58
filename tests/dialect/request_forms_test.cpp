#include "dialect/fixtures.hpp"
#include "support/catch.hpp"

#include <boost/json.hpp>

#include <chrono>
#include <zstd.h>

using namespace tallyfs;
using namespace tallyfs::test;
using op = dialect::operation;

namespace {

std::string compressed(std::string_view text) {
    std::string out(ZSTD_compressBound(text.size()), '\0');
    const auto size = ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3);
    REQUIRE_FALSE(ZSTD_isError(size));
    out.resize(size);
    return out;
}

constexpr std::string_view form_type = "multipart/form-data; boundary=\"x 1\"";
constexpr std::string_view form =
    "preamble\r\n--x 1\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper\r\n"
    "--x 1\r\ncontent-disposition: form-data; name=\"prompt\"\r\nX: y\r\n\r\n\r\n--x 1\r\n"
    "Content-Disposition: form-data; name=\"file\"; filename=\"a; \\\"b\\\".wav\"\r\n"
    "Content-Type: audio/wav\r\n\r\nRIFF\r\n--x 2\r\n--x 1y\r\nmodel\r\n--x 1--\r\nend";

}  // namespace

TEST_CASE("a request reads the same wherever it is cut") {
    const std::pair<op, std::string_view> bodies[] = {
        {op::generate,
         R"({"model":"qwen3:14b","prompt":"Why \"so\" \u00fc \ud83d\ude00 \ud83d\\ \udc00?",)"
         R"("options":{"num_ctx":4096,"use_mmap":false},"keep_alive":"10m","images":["aGk="]})"},
        {op::chat, R"({"messages":[{"role":"user","content":"hi","images":["AAAA"]}],)"
                   R"("unknown":{"a":[1,-2.5e3,true,null,"x\\"]},"stream":false,"model":"a"})"},
        {op::openai_chat, R"({"model":"m","messages":[{"role":"user","content":[{"type":"text",)"
                          R"("text":"x"}]}],"stream":true,"stream_options":{}})"},
        {op::responses, R"( {"model":"m","input":[{"role":"user","content":"x"}],"stream":true} )"},
        {op::messages, R"({"model":"m","max_tokens":1,"system":"s","messages":[]} trailing)"},
        {op::embed, R"({"model":"m","input":["a","b"],"model":"n"})"}};
    for (const auto& [operation, body] : bodies) {
        const auto whole = to_line(read_request(operation, body));
        INFO(body);
        CHECK(boost::json::parse(whole).as_array().at(0) == true);
        for_each_cutting(body, [&, which = operation](const auto& pieces) {
            if (to_line(read_request(which, pieces)) != whole) FAIL_CHECK("another report");
        });
    }
}

TEST_CASE("a surrogate on its own is read as Go reads it") {
    const auto lone = read_request(op::generate, R"({"model":"m","prompt":"\ud83d"})");
    CHECK(lone.readable);
    CHECK(lone.prompt_bytes == 3);
    CHECK(lone.prompt_hash ==
          read_request(op::generate, "{\"prompt\":\"\xEF\xBF\xBD\"}").prompt_hash);
    for (const auto* body : {R"({"prompt":"\udc00"})", R"({"prompt":"\ud83dx"})",
                             R"({"prompt":"\ud83d\n"})", R"({"prompt":"\ud83d\ud83d\ude00"})",
                             R"({"prompt":"\\\ud83d"})", R"({"prompt":"\\ud83d"})"})
        CHECK(read_request(op::generate, body).readable);
    CHECK_FALSE(read_request(op::generate, R"({"prompt":"\ud8"})").readable);
    CHECK_FALSE(read_request(op::generate, R"({"prompt":"\ud83d)").readable);
}

TEST_CASE("what Go takes is readable, and what it refuses is not") {
    const auto readable = [](std::string_view body) {
        return read_request(op::chat, body).readable;
    };
    CHECK(readable("{}"));
    CHECK(readable(" \r\n\t{} garbage"));
    CHECK(readable("{\"a\":\"\xff\xfe\"}"));
    CHECK(readable(R"({"a":1} {"model":"x"})"));
    CHECK_FALSE(read_request(op::chat, R"({"a":1} {"model":"x"})").model);
    for (const auto* body : {"", " ", "null", "[]", "[{\"model\":\"a\"}]", "1", "\"x\"", "{",
                             "{\"a\"", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{'a':1}", "{\"a\":01}",
                             "{\"a\":\"\n\"}", "\xEF\xBB\xBF{}", "{\"a\":1]", "// x\n{}"}) {
        INFO(body);
        CHECK_FALSE(readable(body));
    }
}

TEST_CASE("what is beyond us and may not be beyond Ollama is told from what is no JSON") {
    const auto beyond_us = [](std::string_view body) {
        const auto read = read_request(op::chat, body);
        CHECK_FALSE(read.readable);
        return read.beyond_us;
    };
    for (const auto* body : {"", " ", "null", "[]", "1", "{", "{\"a\"", "{\"a\":}", "{\"a\":1,}",
                             "{a:1}", "{\"a\":01}", "{\"a\":\"\n\"}", "{\"a\":1]", "// x\n{}",
                             R"({"a":"\ud8"})", R"({"a":"\x"})", "{\"a\":1e}", "{\"a\":-}"}) {
        INFO(body);
        CHECK_FALSE(beyond_us(body));
    }
    CHECK(beyond_us(R"({"a":1e2147483648,"model":"x"})"));
    CHECK(beyond_us(R"({"a":-1.5E+99999999999,"model":"x"})"));
    CHECK(beyond_us(R"({"a":)" + std::string(10'000, '[') + std::string(10'000, ']') + "}"));
    CHECK(read_request(op::openai_chat, {R"({"model":"m"})"}, "", "zstd").beyond_us);
    CHECK(read_request(op::transcription, {R"({"model":"m"})"}, "application/json").beyond_us);
    CHECK_FALSE(read_request(op::chat, R"({"a":1e5})").beyond_us);
}

TEST_CASE("a nesting is read to Go's depth and not deeper") {
    const auto nested = [](std::size_t depth) {
        return R"({"model":"m","x":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
    };
    CHECK(read_request(op::chat, nested(9999)).readable);
    const auto deeper = read_request(op::chat, nested(10000));
    CHECK_FALSE(deeper.readable);
    CHECK(deeper.model == "m");
}

TEST_CASE("the body is taken as JSON whatever its type says, except a transcription") {
    constexpr std::string_view body = R"({"model":"m"})";
    CHECK(read_request(op::chat, {body}, form_type).model == "m");
    CHECK_FALSE(read_request(op::transcription, {body}, "application/json").readable);
    // Ollama does not decode on its native routes, nor another spelling.
    CHECK(read_request(op::chat, {body}, "", "zstd").readable);
    CHECK(read_request(op::openai_chat, {body}, "", "ZSTD").readable);
    CHECK_FALSE(read_request(op::openai_chat, {body}, "", "zstd").readable);
}

TEST_CASE("a compressed request reads like the plain one, at every cut") {
    const std::string body = R"({"model":"m","input":")" + std::string(300000, 'x') + "\"}";
    const auto plain = to_line(read_request(op::responses, body));
    const auto packed = compressed(body);
    for_each_cutting(packed, [&](const auto& pieces) {
        if (to_line(read_request(op::responses, pieces, "", "zstd")) != plain)
            FAIL_CHECK("another report");
    });
    const auto cut = std::string_view(packed).substr(0, packed.size() - 1);
    CHECK_FALSE(read_request(op::responses, {cut}, "", "zstd").readable);
    const auto frames = compressed(body.substr(0, 1000)) + compressed(body.substr(1000));
    CHECK(to_line(read_request(op::responses, {frames}, "", "zstd")) == plain);
}

TEST_CASE("a compressed request is decoded up to the limit") {
    const auto bomb = compressed(R"({"model":"m","input":")" + std::string(8u << 20, 'x') + "\"}");
    CHECK(bomb.size() < 10000);
    const auto read = [&](std::size_t limit) {
        dialect::request_reader reader(op::responses, "", "zstd", "k", limit);
        reader.feed(bomb);
        return reader.finish();
    };
    CHECK(read(9u << 20).readable);
    CHECK_FALSE(read(1u << 20).readable);
    CHECK(read(1u << 20).model == "m");
}

TEST_CASE("a transcription's form names its model, at every cut") {
    const auto whole = read_request(op::transcription, {form}, form_type);
    CHECK(whole.readable);
    CHECK(whole.model == "whisper");
    CHECK_FALSE(whole.stream);
    CHECK(whole.prompt_bytes == 0);
    for_each_cutting(form, [&](const auto& pieces) {
        if (to_line(read_request(op::transcription, pieces, form_type)) != to_line(whole))
            FAIL_CHECK("another report");
    });
    std::string other(form);
    other.replace(other.find("RIFF"), 4, "RIFX");
    CHECK(read_request(op::transcription, {other}, form_type).prompt_hash != whole.prompt_hash);
    for (const auto end : {form.size() - 7, form.size() - 20})
        CHECK_FALSE(read_request(op::transcription, {form.substr(0, end)}, form_type).readable);
    CHECK_FALSE(read_request(op::transcription, {form}, "multipart/form-data").readable);
}

TEST_CASE("of a form's models the first counts, and lines can end with LF alone") {
    const std::string part = "--b\nContent-Disposition: form-data; name=\"model\"";
    const std::string body =
        part + "; filename=\"no\"\n\nfile\n" + part + "\n\na\n" + part + "\n\nb\r\n--b--\n";
    const auto report =
        read_request(op::transcription, {body}, "Multipart/Form-Data;charset=x; Boundary=b");
    CHECK(report.readable);
    CHECK(report.model == "a");
    CHECK(report.ambiguous);
}

TEST_CASE("a form's head has a limit") {
    const std::string body = "--b\r\n" + std::string(100000, 'x');
    CHECK_FALSE(
        read_request(op::transcription, {body}, "multipart/form-data; boundary=b").readable);
}

TEST_CASE("a huge prompt passes quickly, in pieces") {
    const std::string piece(64 * 1024, 'a');
    const auto start = std::chrono::steady_clock::now();
    dialect::request_reader reader(op::generate, "", "", "k");
    reader.feed(R"({"prompt":")");
    for (int i = 0; i < 320; ++i) reader.feed(piece);
    reader.feed(R"(","images":[")");
    for (int i = 0; i < 320; ++i) reader.feed(piece);
    reader.feed(R"("],"model":"m"})");
    const auto report = reader.finish();
    CHECK(report.readable);
    CHECK(report.model == "m");
    CHECK(report.prompt_bytes == 320 * 64 * 1024);
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(3));
}
