#include "support/catch.hpp"

#include <tallyfs/policy/redaction.hpp>

using namespace tallyfs::policy;

namespace {

const pattern_set builtin;
constexpr auto email = static_cast<std::size_t>(builtin_pattern::email);
constexpr auto key = static_cast<std::size_t>(builtin_pattern::key);

}  // namespace

TEST_CASE("strings, keys and numbers of a JSON document are redacted") {
    CHECK(builtin.redact_json(R"({"a": "bob@x.de", "b": ["c", "4111 1111 1111 1111"]})") ==
          R"({"a": "[redacted:email]", "b": ["c", "[redacted:card]"]})");
    CHECK(builtin.redact_json(R"({"bob@x.de": 1})") == R"({"[redacted:email]": 1})");
    CHECK(builtin.redact_json(R"({"card": 4111111111111111})") == R"({"card": "[redacted:card]"})");
    CHECK(builtin.redact_json("\"bob@x.de\"") == "\"[redacted:email]\"");
    CHECK(builtin.redact_json("{\"a\":\"bob@x.de\"}\n{\"a\":1}\n") ==
          "{\"a\":\"[redacted:email]\"}\n{\"a\":1}\n");
}

TEST_CASE("what holds no find is kept byte for byte") {
    for (const std::string_view text :
         {R"( { "a" : "\u00e4\ud83d\ude00\/" , "b" : -0.0e+10, "c":[ ] } )", "[]", "null", " 1 ",
          R"(["0.4111111111111111", 0.4111111111111111])", "{\"a\":\"\xff\"}", R"(["\ud800"])"}) {
        CHECK(builtin.redact_json(text) == text);
    }
}

TEST_CASE("no escape smuggles a find past") {
    CHECK(builtin.redact_json(R"(["bob\u0040x.de"])") == R"(["[redacted:email]"])");
    CHECK(builtin.redact_json(R"(["bo\u0062@x\u002ede"])") == R"(["[redacted:email]"])");
    CHECK(builtin.redact_json(R"(["\u00341111111\u00311111111"])") == R"(["[redacted:card]"])");
    CHECK(builtin.redact_json(R"(["4111\u00201111\u00a01111-1111"])") == R"(["[redacted:card]"])");
    CHECK(builtin.redact_json(R"(["s\u006b-abcdefghij0123456789"])") == R"(["[redacted:key]"])");
    CHECK(builtin.redact_json(R"(["\u0044E89 3704 0044 0532 0130 00"])") ==
          R"(["[redacted:iban]"])");
    CHECK(builtin.redact_json(
              R"(["-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\n"])") ==
          R"(["[redacted:private_key]\n"])");
    CHECK(builtin.redact_json(R"(["quote \" bob@x.de"])") == R"(["quote \" [redacted:email]"])");
}

TEST_CASE("JSON in a string in JSON is looked into") {
    CHECK(builtin.redact_json(R"({"arguments":"{\"to\":\"bob\\u0040x.d\\u0065\"}"})") ==
          R"({"arguments":"{\"to\":\"[redacted:email]\"}"})");
    CHECK(builtin.redact_json(R"({"arguments":"{\"api_key\":\"abcdefghij\"}"})") ==
          R"({"arguments":"{\"api_key\":\"[redacted:key]\"}"})");
}

TEST_CASE("a value under the name of a secret is redacted") {
    CHECK(builtin.redact_json(R"({"api_key": "any words at all"})") ==
          R"({"api_key": "[redacted:key]"})");
    CHECK(builtin.redact_json(R"({"client-secret":"hunter2hunter2","x":"y"})") ==
          R"({"client-secret":"[redacted:key]","x":"y"})");
    for (const std::string_view text :
         {R"({"api_key":"none"})", R"({"api_keys":"a word and another one"})", R"({"api_key":[1]})",
          R"({"api_key":1,"x":"a long text with 1"})"}) {
        CHECK(builtin.redact_json(text) == text);
    }
}

TEST_CASE("a text that is no JSON is redacted as a text, its escapes read as far as it goes") {
    CHECK(builtin.redact_json("bob@x.de") == "[redacted:email]");
    CHECK(builtin.redact_json(R"({"a":"bo\u0062\u0040x.de)") == R"({"a":"[redacted:email]")");
    CHECK(builtin.redact_json(R"({"a":"bob@x.de",})") == R"({"a":"[redacted:email]",})");
    CHECK(builtin.redact_json("data: {\"a\":\"bob\\u0040x.d\\u0065\"}\n\n") ==
          "data: {\"a\":\"[redacted:email]\"}\n\n");
    CHECK(builtin.redact_json("").empty());
    for (const std::string_view broken :
         {"{", "[1,]", "{\"a\"}", "{\"a\":}", "{1:2}", "\"", "\"\\", "\"\\u12", "01", "[1 2]",
          "tru", "}", "[}", "{\"a\":1,}", "-", "1.", "\"\\x\"", "\"a\nb\""}) {
        INFO(broken);
        CHECK(builtin.redact_json(broken).find('@') == std::string::npos);
    }
}

TEST_CASE("no nesting is too deep") {
    const std::string deep(200'000, '[');
    CHECK(builtin.redact_json(deep + "\"bob@x.de\"" + std::string(200'000, ']')) ==
          deep + "\"[redacted:email]\"" + std::string(200'000, ']'));
    CHECK(builtin.redact_json(deep) == deep);
    std::string quoted = "bob@x.de";
    for (int i = 0; i < 8; ++i) {
        std::string next = "\"";
        for (const char c : quoted) {
            if (c == '"' || c == '\\') next += '\\';
            next += c;
        }
        quoted = next + '"';
    }
    CHECK(builtin.redact_json(quoted).find("x.de") == std::string::npos);
}

TEST_CASE("a pattern looks into JSON as redaction does") {
    CHECK(builtin.contains_in_json(email, R"({"a":["bob\u0040x.d\u0065"]})"));
    CHECK(builtin.contains_in_json(email, R"({"a":"{\"b\":\"bob\\u0040x.d\\u0065\"}"})"));
    CHECK(builtin.contains_in_json(email, R"({"a":"bob\u0040x.d\u0065)"));
    CHECK(builtin.contains_in_json(key, R"({"api_key":"abcdefghij0"})"));
    CHECK_FALSE(builtin.contains_in_json(email, R"({"a":"bob","b":"@x.de"})"));
    CHECK_FALSE(builtin.contains_in_json(key, R"({"api_key":1,"b":"abcdefghij0"})"));
    CHECK(builtin.contains_in_json(email, "bob@x.de"));
    CHECK_FALSE(builtin.contains_in_json(99, "bob@x.de"));
}
