#include "support/catch.hpp"

#include <tallyfs/policy/redaction.hpp>

#include <chrono>

using namespace tallyfs::policy;

namespace {

constexpr std::size_t megabyte = 1 << 20;
/// A hundred times what a megabyte takes in a build with assertions; a pass that looks at each byte
/// once for every other would take hours.
constexpr std::chrono::seconds enough{30};

std::string repeated(std::string_view piece, std::size_t bytes = megabyte) {
    std::string text;
    text.reserve(bytes + piece.size());
    while (text.size() < bytes) text += piece;
    return text;
}

template <class Work>
void check_quick(Work&& work) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    const auto taken = std::chrono::steady_clock::now() - begin;
    CHECK(taken < enough);
}

}  // namespace

TEST_CASE("no text makes redaction slow") {
    const pattern_set builtin;
    for (const std::string_view piece : {"a",
                                         "1",
                                         "1 ",
                                         "1-",
                                         "123 ",
                                         "4111 ",
                                         "@",
                                         "a@",
                                         "a.",
                                         "a@a.",
                                         "a@a-",
                                         "%40",
                                         "a%40",
                                         ".",
                                         "-",
                                         "DE89 ",
                                         "DE89",
                                         "de",
                                         "IBANDE",
                                         "sk-",
                                         "eyJ-",
                                         "eyJ.",
                                         "eyJa.a",
                                         "api_key=",
                                         "api-",
                                         "Bearer ",
                                         "bearer bearer ",
                                         "[redacted:",
                                         "[redacted:a]",
                                         "-----BEGIN PRIVATE KEY-----!",
                                         "-----BEGIN ",
                                         "-----BEGIN PRIVATE KEY-----",
                                         "\\u0040",
                                         "xoxb-",
                                         "\xc3\xbc",
                                         "\xff",
                                         " ",
                                         "bob@example.com ",
                                         "4111111111111111 ",
                                         "aDE89370400440532013000"}) {
        INFO(piece);
        const auto text = repeated(piece);
        check_quick([&] { CHECK(builtin.redact(text).size() <= 2 * text.size()); });
    }
    const auto dashes = repeated("eyJ-") + "." + repeated("a");
    check_quick([&] { (void)builtin.redact(dashes); });
}

TEST_CASE("10 MB of the worst are redacted") {
    const pattern_set builtin;
    for (const std::string_view piece : {"a@a-", "4111 ", "eyJ-", "-----BEGIN PRIVATE KEY-----!"}) {
        INFO(piece);
        const auto text = repeated(piece, 10 * megabyte);
        check_quick([&] { (void)builtin.redact_json(text); });
    }
}

TEST_CASE("no JSON makes redaction slow") {
    const pattern_set builtin;
    for (const std::string_view piece :
         {"[", "{\"a\":", "\"", "\"\"", "\\", "\"\\\"", "1 ", "\"a@b.de\"\n", "\"\\u0040", "{}",
          "\"[", "\"{\\\"a\\\":\\\"b\\\"}\" "}) {
        INFO(piece);
        const auto text = repeated(piece);
        check_quick([&] { (void)builtin.redact_json(text); });
        check_quick([&] { (void)builtin.contains_in_json(0, text); });
    }
    std::string nested = repeated("\\\"");
    check_quick([&] { (void)builtin.redact_json("[\"" + nested + "\"]"); });
}

TEST_CASE("a user's pattern that looks far ahead does not make redaction slow") {
    const auto text = repeated("a");
    for (const std::string_view expression :
         {"a(.*b)?", "a+b", "(a|aa)+$", ".{1,50}b", "(?:a?){20}a{20}", "[^b]{1,50}"}) {
        INFO(expression);
        const std::vector<named_text> own{{"own", std::string(expression)}};
        const auto patterns = pattern_set::build(own);
        REQUIRE(patterns);
        check_quick([&] { (void)patterns->redact(text); });
    }
}
