#include "dialect/fixtures.hpp"
#include "support/catch.hpp"

#include <tallyfs/dialect/route.hpp>

#include <boost/json.hpp>

using namespace tallyfs;
using dialect::family;

TEST_CASE("an error of ours has the form that a real Ollama gives the same one") {
    int compared = 0;
    for (const auto& reply : test::fixture_lines("measured-replies.jsonl")) {
        const auto name = test::text_of(reply, "name");
        if (!name.starts_with("err-unknown-model")) continue;
        INFO(name);
        const auto route = dialect::classify("POST", test::text_of(reply, "path"));
        const auto status = static_cast<int>(reply.at("status").as_int64());
        auto expected = boost::json::parse(test::text_of(reply, "body")).as_object();
        const auto& error = expected.at("error");
        const auto& message = error.is_string() ? error : error.as_object().at("message");
        const auto ours = make_error(route.dialect, status, message.as_string().c_str());
        CHECK(ours.content_type == test::text_of(reply, "content_type"));
        auto body = boost::json::parse(ours.body).as_object();
        if (route.dialect == family::anthropic) {
            CHECK(body.at("request_id").as_string().size() ==
                  expected.at("request_id").as_string().size());
            body["request_id"] = expected["request_id"];
        }
        CHECK(boost::json::serialize(body) == boost::json::serialize(expected));
        ++compared;
    }
    CHECK(compared > 10);
}

TEST_CASE("the type of an error follows its status") {
    const auto type = [](family dialect, int status) {
        const auto body = boost::json::parse(make_error(dialect, status, "x").body);
        return std::string(body.as_object().at("error").as_object().at("type").as_string());
    };
    CHECK(type(family::openai, 400) == "invalid_request_error");
    CHECK(type(family::openai, 503) == "api_error");
    CHECK(type(family::responses, 404) == "not_found_error");
    CHECK(type(family::anthropic, 401) == "authentication_error");
    CHECK(type(family::anthropic, 403) == "permission_error");
    CHECK(type(family::anthropic, 429) == "rate_limit_error");
    CHECK(type(family::anthropic, 503) == "overloaded_error");
    CHECK(type(family::anthropic, 502) == "api_error");
}

TEST_CASE("a message can hold anything and stays one JSON string") {
    const std::string message = "a \"b\"\n\\ \x01 \xC3\xBC \xff";
    for (const auto dialect :
         {family::native, family::openai, family::responses, family::anthropic}) {
        const auto body = boost::json::parse(make_error(dialect, 500, message).body).as_object();
        const auto& error = body.at("error");
        const auto& text = error.is_string() ? error : error.as_object().at("message");
        CHECK(text.as_string() == "a \"b\"\n\\ \x01 \xC3\xBC \xEF\xBF\xBD");
    }
}
