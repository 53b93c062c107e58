#include "policy/oracle.hpp"
#include "support/catch.hpp"

#include <tallyfs/policy/redaction.hpp>

#include <nlohmann/json.hpp>

#include <array>
#include <random>

using namespace tallyfs::policy;
namespace oracle = tallyfs::policy::testing;

namespace {

/// Whole finds and the pieces they are made of, in any order.
constexpr std::array<std::string_view, 48> pieces{"bob@example.com",
                                                  "@",
                                                  "bob",
                                                  "example",
                                                  ".",
                                                  "com",
                                                  "%40",
                                                  "\\u0040",
                                                  "DE89370400440532013000",
                                                  "GB29 NWBK 6016 1331 9268 19",
                                                  "DE",
                                                  "89",
                                                  "3704 0044 ",
                                                  "0532013000",
                                                  "IBAN",
                                                  "NL91ABNA0417164300",
                                                  "4111111111111111",
                                                  "5555-5555-5555-4444",
                                                  "3782 822463 10005",
                                                  "4111 ",
                                                  "1111",
                                                  " ",
                                                  "-",
                                                  "1",
                                                  "4",
                                                  "[redacted:email]",
                                                  "[redacted:",
                                                  "]",
                                                  "sk-abcdefghij0123456789",
                                                  "sk-",
                                                  "api_key",
                                                  "=",
                                                  ": ",
                                                  "Bearer ",
                                                  "abcdefgh12345678",
                                                  "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.",
                                                  "\"",
                                                  "\\",
                                                  "\n",
                                                  "{",
                                                  "}",
                                                  ",",
                                                  "-----BEGIN PRIVATE KEY-----",
                                                  "-----END PRIVATE KEY-----",
                                                  "AKIAIOSFODNN7EXAMPLE",
                                                  "a",
                                                  "\xc3\xbc",
                                                  "\xe2\x80\x93"};

std::string any_text(std::mt19937& random, std::size_t pieces_max) {
    std::string text;
    for (std::size_t n = random() % pieces_max; n > 0; --n)
        text += pieces[random() % pieces.size()];
    return text;
}

/// As a JSON string with any of its ASCII characters escaped.
std::string any_json_string(std::mt19937& random, std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out = "\"";
    for (const char c : text) {
        const auto value = static_cast<unsigned char>(c);
        if (value < 0x80 && (value < 0x20 || c == '"' || c == '\\' || random() % 4 == 0)) {
            out += "\\u00";
            out += digits[value >> 4];
            out += digits[value & 15];
        } else {
            out += c;
        }
    }
    return out + '"';
}

std::string any_json(std::mt19937& random, int depth) {
    const auto kind = depth == 0 ? 0 : random() % 3;
    if (kind == 0) {
        if (random() % 8 == 0) return "4111111111111111";
        return any_json_string(random, any_text(random, 6));
    }
    std::string out = kind == 1 ? "[" : "{";
    for (std::size_t n = random() % 4; n > 0; --n) {
        if (kind == 2) out += any_json_string(random, any_text(random, 3)) + ":";
        out += any_json(random, depth - 1);
        if (n > 1) out += ", ";
    }
    return out + (kind == 1 ? "]" : "}");
}

void check_strings(const nlohmann::json& value) {
    if (value.is_string()) {
        const auto left = oracle::left_behind(value.get<std::string>());
        CHECK(left == "");
    }
    if (value.is_number_integer()) CHECK(oracle::left_behind(value.dump()) == "");
    for (const auto& [key, inner] : value.items()) {
        if (!value.is_structured()) break;
        if (value.is_object()) CHECK(oracle::left_behind(key) == "");
        check_strings(inner);
    }
}

}  // namespace

TEST_CASE("the oracle knows what it looks for") {
    CHECK(oracle::left_behind("a bob@example.com") == "email");
    CHECK(oracle::left_behind("DE89 3704 0044 0532 0130 00") == "iban");
    CHECK(oracle::left_behind("x 4111-1111-1111-1111") == "card");
    CHECK(oracle::left_behind("DE88370400440532013000 4111111111111112 bob@x").empty());
}

TEST_CASE("redaction leaves nothing behind and is the same the second time") {
    std::mt19937 random(20261121);
    const pattern_set builtin;
    const std::vector<named_text> own{{"letter", "bob|[0-9]{4} "}, {"mark", "redacted|\\]|:e"}};
    const auto with_own = pattern_set::build(own);
    REQUIRE(with_own);
    for (int round = 0; round < 20'000; ++round) {
        const auto text = any_text(random, 12);
        INFO(text);
        const auto once = builtin.redact(text);
        REQUIRE(oracle::left_behind(once) == "");
        REQUIRE(builtin.redact(once) == once);
        REQUIRE(builtin.find(once).empty() == (builtin.find(text).empty() || once != text));
        const auto own_once = with_own->redact(text);
        REQUIRE(oracle::left_behind(own_once) == "");
        REQUIRE(with_own->redact(own_once) == own_once);
    }
}

TEST_CASE("redacted JSON is JSON, holds nothing and is the same the second time") {
    std::mt19937 random(11);
    const pattern_set builtin;
    for (int round = 0; round < 20'000; ++round) {
        const auto text = any_json(random, 3);
        INFO(text);
        REQUIRE(nlohmann::json::accept(text));
        const auto once = builtin.redact_json(text);
        INFO(once);
        REQUIRE(nlohmann::json::accept(once));
        check_strings(nlohmann::json::parse(once));
        REQUIRE(builtin.redact_json(once) == once);
    }
}

TEST_CASE("cut JSON holds no find and is the same the second time") {
    std::mt19937 random(12);
    const pattern_set builtin;
    for (int round = 0; round < 20'000; ++round) {
        auto text = any_json(random, 3);
        text.resize(random() % (text.size() + 1));
        INFO(text);
        const auto once = builtin.redact_json(text);
        INFO(once);
        // Where nothing was cut off, an escape's digits stand beside the text's.
        if (!nlohmann::json::accept(text)) REQUIRE(oracle::left_behind(once) == "");
        REQUIRE(builtin.redact_json(once) == once);
    }
}
