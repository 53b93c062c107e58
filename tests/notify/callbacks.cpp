#include "notify/owed_callback.hpp"
#include "support/catch.hpp"

#include <tallyfs/notify/callback.hpp>

using namespace tallyfs;
using namespace tallyfs::notify;

namespace {

std::vector<web_address> addresses(std::initializer_list<const char*> texts) {
    std::vector<web_address> all;
    for (const auto* text : texts) all.push_back(*parse_web_address(text));
    return all;
}

}  // namespace

TEST_CASE("a callback is allowed by scheme, host, port and path, not by its text") {
    const auto allowed = addresses({"http://127.0.0.1:5678/", "https://Flow.example/hooks"});
    for (const auto* text :
         {"http://127.0.0.1:5678/", "http://127.0.0.1:5678", "http://127.0.0.1:5678/a/b?c=../d",
          "https://flow.example/hooks", "https://FLOW.example:443/hooks/a",
          "https://flow.example/hooks?x=1", "http://127.0.0.1:5678/a/..b"}) {
        INFO(text);
        CHECK(callback_problem(text, allowed).empty());
    }
    for (const auto* text : {"http://127.0.0.1:5678@evil/",
                             "http://127.0.0.1:56789/",
                             "http://127.0.0.1:567/",
                             "http://127.0.0.1/",
                             "https://127.0.0.1:5678/",
                             "http://127.0.0.1:5678.evil/",
                             "http://[::1]:5678/",
                             "http://flow.example/hooks",
                             "https://flow.example/Hooks",
                             "https://flow.example/hooks-evil",
                             "https://flow.example/hooks/../admin",
                             "https://flow.example/hooks/..",
                             "https://flow.example/hooks/./a",
                             "https://flow.example/hooks/%2E%2e/admin",
                             "https://flow.example/hooks/a%2f..",
                             "https://flow.example/hooks/%252e%252e/",
                             "https://flow.example/hooks/..;x=1/admin",
                             "https://flow.example/hooks/..\\admin",
                             "https://flow.example.evil/hooks",
                             "https://evil/https://flow.example/hooks",
                             "//flow.example/hooks",
                             "not an address"}) {
        INFO(text);
        CHECK_FALSE(callback_problem(text, allowed).empty());
    }
    CHECK(callback_problem("", allowed).empty());
    CHECK(callback_problem("", {}).empty());
    CHECK(callback_problem("http://127.0.0.1:5678/", {}).find("[callbacks] allowed") !=
          std::string::npos);
}

TEST_CASE("what is owed is read as it was written, and nothing else is") {
    const owed_callback owed{42, "http://127.0.0.1:5678/a", "host-17",
                             *parse_rfc3339("2026-11-20T08:00:00Z"), "{\"number\":\"0042\"}"};
    const auto text = to_text(owed);
    CHECK(parse_owed_callback(text) == owed);
    for (std::size_t bytes = 0; bytes + 2 < text.size(); ++bytes) {
        CHECK_FALSE(parse_owed_callback(text.substr(0, bytes)));
    }
    for (const auto* bad : {"[]", "{}", R"({"request":-1,"callback":"a","key":"b","since":1})",
                            R"({"request":"1","callback":[],"key":{},"since":null,"body":2})"}) {
        CHECK_FALSE(parse_owed_callback(bad));
    }
}
