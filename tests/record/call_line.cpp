#include "support/catch.hpp"

#include <tallyfs/base/limits.hpp>
#include <tallyfs/record/call.hpp>

using namespace tallyfs;
using namespace std::chrono_literals;

namespace {

wall_time at(const char* text) {
    return *parse_rfc3339(text);
}

record::call full_call() {
    record::call c;
    c.time = at("2026-11-20T07:55:04.123456Z");
    c.id = uuid::make(c.time);
    c.node = "docker-host";
    c.service = "n8n";
    c.task = "email-triage";
    c.service_from = record::service_source::path;
    c.principal = "uid:1000";
    c.client = "127.0.0.1:50412";
    c.process = "node";
    c.upstream = "127.0.0.1:11434";
    c.dialect = "native";
    c.endpoint = "/api/chat";
    c.model = "qwen3:14b";
    c.model_answered = "qwen3:14b";
    c.stream = true;
    c.status = 200;
    c.prompt_tokens = 412;
    c.output_tokens = 37;
    c.tokens_from = record::tokens_from::reported;
    c.duration_ms = 1234567us;
    c.first_byte_ms = 812us;
    c.first_token_ms = 900000us;
    c.load_ms = 800001us;
    c.prompt_eval_ms = 99us;
    c.eval_ms = 300000us;
    c.tokens_per_second = 123.3;
    c.cold_start = true;
    c.evicted_model = "llama3.2:latest";
    c.context_limit = 4096;
    c.prompt_cut = false;
    c.request_bytes = 1893;
    c.response_bytes = 5211;
    c.prompt_hash = "00112233445566778899aabbccddeeff";
    c.options = R"({"num_ctx":4096,"keep_alive":"5m"})";
    c.error = "model \"x\" not found\n";
    return c;
}

std::string line_of(const record::call& c) {
    std::string line;
    record::append_line(line, c);
    return line;
}

}  // namespace

TEST_CASE("a call's line has every field in the order of the format") {
    record::call c = full_call();
    c.id = *uuid::parse("019a9fd3-6d5b-7000-8000-000000000001");
    CHECK(line_of(c) ==
          R"({"v":1,"time":"2026-11-20T07:55:04.123456Z",)"
          R"("id":"019a9fd3-6d5b-7000-8000-000000000001",)"
          R"("node":"docker-host","service":"n8n","task":"email-triage","service_from":"path",)"
          R"("principal":"uid:1000","client":"127.0.0.1:50412","process":"node",)"
          R"("upstream":"127.0.0.1:11434","dialect":"native","endpoint":"/api/chat",)"
          R"("model":"qwen3:14b","model_answered":"qwen3:14b","stream":true,"status":200,)"
          R"("outcome":"ok","prompt_tokens":412,"output_tokens":37,"tokens_from":"reported",)"
          R"("duration_ms":1234.567,"first_byte_ms":0.812,"first_token_ms":900.000,)"
          R"("queue_ms":null,"load_ms":800.001,"prompt_eval_ms":0.099,"eval_ms":300.000,)"
          R"("tokens_per_second":123.3,"cold_start":true,"evicted_model":"llama3.2:latest",)"
          R"("context_limit":4096,"prompt_cut":false,"request_bytes":1893,"response_bytes":5211,)"
          R"("prompt_hash":"00112233445566778899aabbccddeeff",)"
          R"("options":{"num_ctx":4096,"keep_alive":"5m"},"error":"model \"x\" not found\n"})"
          "\n");
}

TEST_CASE("a line reads back as the call that was written") {
    const auto c = full_call();
    CHECK(record::parse_call(line_of(c)).value() == c);
    record::call empty;
    empty.id = uuid::make(at("2026-11-20T07:55:04Z"));
    CHECK(record::parse_call(line_of(empty)).value() == empty);
}

TEST_CASE("a call that lines are read into keeps nothing of the line before") {
    auto full = full_call();
    full.error = "no escapes: read the fast way";
    const record::call empty;
    record::call read;
    for (const auto& c : {full, empty, full}) {
        REQUIRE(record::parse_call(line_of(c), read));
        CHECK(read == c);
    }
    auto with_escapes = empty;  // is read the slow way
    with_escapes.service = "a\"b";
    REQUIRE(record::parse_call(line_of(with_escapes), read));
    CHECK(read == with_escapes);
    CHECK_FALSE(record::parse_call("no line", read));
}

TEST_CASE("the fields of a line may come in any order and with spaces") {
    const auto c = full_call();
    auto line = line_of(c);
    const std::string time = R"("time":"2026-11-20T07:55:04.123456Z",)";
    line.erase(line.find(time), time.size());
    line.insert(line.size() - 2, R"(, "extra": [1, {"a": null}], )"
                                 R"("time": "2026-11-20T08:55:04.123456+01:00" )");
    CHECK(record::parse_call(line).value() == c);
}

TEST_CASE("names with control characters, quotes and broken UTF-8 stay one valid line") {
    auto c = full_call();
    c.service = "a\nb\"c\\\x01\xff\xc0\x80";
    const auto line = line_of(c);
    CHECK(line.find('\n') == line.size() - 1);
    const auto read = record::parse_call(line);
    REQUIRE(read);
    CHECK(read->service == "a\nb\"c\\\x01\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    c.model = "a\xe2\x80\xa8\xc2\x85\xe2\x80\xae\xf3\xa0\x81\x81z";
    CHECK(record::parse_call(line_of(c)).value().model == c.model);
}

TEST_CASE("a line with a byte that no JSON text has cannot be read") {
    auto c = full_call();
    c.error = "no escapes: the quick reader takes this line";
    const auto line = line_of(c);
    for (std::size_t at = 0; at + 1 < line.size(); ++at) {
        for (const char damaged :
             {'\0', '\x1f', '\x80', '\xff', static_cast<char>(line[at] ^ 0x80)}) {
            INFO("byte " << at << " is " << static_cast<int>(damaged));
            auto changed = line;
            changed[at] = damaged;
            CHECK_FALSE(record::parse_call(changed));
        }
    }
}

TEST_CASE("a line stays under its limit however long and hostile its strings are") {
    auto c = full_call();
    const std::string hostile(100'000, '\x01');
    for (auto* text :
         {&c.node, &c.service, &c.principal, &c.client, &c.upstream, &c.dialect, &c.endpoint}) {
        *text = hostile;
    }
    for (auto* text : {&c.task, &c.process, &c.model, &c.model_answered, &c.evicted_model,
                       &c.prompt_hash, &c.options, &c.error}) {
        *text = hostile;
    }
    const auto line = line_of(c);
    CHECK(line.size() <= limits::line_bytes_max);
    CHECK(record::parse_call(line));
}

TEST_CASE("what is no call's line is an error that says why") {
    CHECK(record::parse_call("").error() == make_error_code(record::record_errc::not_json));
    CHECK(record::parse_call("[]").error() == make_error_code(record::record_errc::not_json));
    CHECK(record::parse_call("{}").error() == make_error_code(record::record_errc::missing_field));
    auto line = line_of(full_call());
    line.replace(line.find("\"ok\""), 4, "\"no\"");
    CHECK(record::parse_call(line).error() == make_error_code(record::record_errc::bad_value));
    const auto whole = line_of(full_call());
    for (std::size_t cut = 0; cut + 2 < whole.size(); ++cut) {
        CHECK_FALSE(record::parse_call(std::string_view(whole).substr(0, cut)));
    }
}

TEST_CASE("the quick reader takes no value that is none in JSON") {
    const std::string line = line_of(full_call());
    const auto with = [&](std::string_view from, std::string_view to) {
        std::string changed = line;
        const auto at = changed.find(from);
        REQUIRE(at != std::string::npos);
        return changed.replace(at, from.size(), to);
    };
    REQUIRE(record::parse_call(with("123.3,", "123.25,")));
    for (const char* number : {"nan", "inf", "1.", "01.5", "+1.5", ".5", "0x1p3"}) {
        INFO(number);
        CHECK_FALSE(record::parse_call(with("123.3,", number + std::string(","))));
    }
    CHECK_FALSE(record::parse_call(with(":412,", ":0412,")));
    CHECK_FALSE(record::parse_call(with(":1234.567,", ":--1234.567,")));
    CHECK_FALSE(record::parse_call(with(":1234.567,", ":9223372036854775807.567,")));
    for (const char* options : {"{}", R"({"num_ctx":-0.5,"use_mmap":false,"a":null})"}) {
        INFO(options);
        CHECK(record::parse_call(with(R"({"num_ctx":4096,"keep_alive":"5m"})", options)));
    }
    for (const char* options : {"{x}", R"({"a"})", R"({"a":})", R"({"a":1,})", R"({"a":yes})"}) {
        INFO(options);
        CHECK_FALSE(record::parse_call(with(R"({"num_ctx":4096,"keep_alive":"5m"})", options)));
    }
}

TEST_CASE("busy time is the model's work, or the whole duration where that is unknown") {
    auto c = full_call();
    CHECK(record::busy(c) == 800001us + 99us + 300000us);
    c.cold_start = false;  // then load_ms was a wait for others
    CHECK(record::busy(c) == 99us + 300000us);
    c.prompt_eval_ms = c.eval_ms = std::nullopt;
    CHECK(record::busy(c) == c.duration_ms);
}
