#include "dialect/fixtures.hpp"
#include "support/catch.hpp"

#include <array>

using namespace tallyfs;
using namespace tallyfs::test;
using op = dialect::operation;

namespace {

/// Every request that the fixtures have, with its route.
struct given_request {
    op operation;
    std::string body;
};

std::vector<given_request> given_requests() {
    std::vector<given_request> requests;
    for (const auto& reply : fixture_lines("measured-replies.jsonl")) {
        const auto route = dialect::classify("POST", text_of(reply, "path"));
        if (route.op == op::none) continue;
        requests.push_back({route.op, text_of(reply, "request")});
    }
    return requests;
}

}  // namespace

TEST_CASE("a request reader that is used again remembers nothing of the request before") {
    const auto requests = given_requests();
    REQUIRE(requests.size() > 40);
    dialect::request_reader reader(op::chat, "", "", "a key");
    // What leaves most behind: everything given, an escape cut in two, a form, a broken frame.
    const std::array<std::array<std::string, 3>, 3> before{{
        {"", "",
         R"({"model":"a","model":"b","stream":true,"keep_alive":0,"options":{"num_ctx":9},)"
         R"("stream_options":{"include_usage":false},"prompt":"x","messages":[{"content":"\ud8)"},
        {"multipart/form-data; boundary=b", "",
         "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper"},
        {"", "zstd", "\x28\xb5\x2f\xfd and no more"},
    }};
    const std::array before_as{op::generate, op::transcription, op::responses};
    std::size_t turn = 0;
    for (const auto& request : requests) {
        const auto expected = to_line(read_request(request.operation, request.body));
        const auto& [type, coding, body] = before[turn % before.size()];
        reader.restart(before_as[turn % before.size()], type, coding);
        reader.feed(body);
        // Some were read to their end, others given up in the middle.
        if (++turn % 2 == 0) (void)reader.finish();
        reader.restart(request.operation, "application/json", "");
        reader.feed(request.body);
        INFO(request.body);
        CHECK(to_line(reader.finish()) == expected);
    }
}

TEST_CASE("a response reader that is used again remembers nothing of the response before") {
    constexpr std::string_view half_event =
        "event: response.failed\ndata: "
        "{\"type\":\"error\",\"model\":\"m\",\"error\":{\"message\":\"no";
    dialect::response_reader reader(op::chat, 200, "");
    std::size_t turn = 0;
    for (const auto& reply : fixture_lines("measured-replies.jsonl")) {
        const auto route = dialect::classify("POST", text_of(reply, "path"));
        const auto status = static_cast<int>(reply.at("status").as_int64());
        const auto type = text_of(reply, "content_type");
        const auto body = text_of(reply, "body");
        const auto expected = to_line(read_response(route.op, status, type, body));
        reader.restart(op::responses, turn % 2 == 0 ? 200 : 500, "text/event-stream");
        reader.feed(half_event);
        if (++turn % 3 == 0) reader.finish();
        reader.restart(route.op, status, type);
        reader.feed(body);
        reader.finish();
        INFO(text_of(reply, "name"));
        CHECK(to_line(reader.report()) == expected);
    }
    CHECK(turn > 90);
}
