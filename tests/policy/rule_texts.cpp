#include "policy/helpers.hpp"
#include "support/catch.hpp"

#include <tallyfs/policy/budget.hpp>

using namespace tallyfs::policy;
using tallyfs::policy::testing::a_call;
using tallyfs::policy::testing::rules_of;

namespace {

struct malformed {
    std::string text;
    std::size_t position;
    std::string reason;  ///< a part of it
    std::string nearest;
};

void check_error(const text_error& error, const malformed& expected) {
    CHECK(error.position == expected.position);
    CHECK(error.reason.find(expected.reason) != std::string::npos);
    CHECK(error.nearest == expected.nearest);
    CHECK(error.message().find_first_of("\r\n\t") == std::string::npos);
}

}  // namespace

TEST_CASE("a malformed policy is refused with its place, a reason and the nearest word") {
    const std::string long_text = "deny model=" + std::string(2000, 'a');
    const std::vector<malformed> table{
        {"", 1, "nothing is written", ""},
        {"   # only a comment", 1, "nothing is written", ""},
        {"\n", 1, "nothing is written", ""},
        {"dney model=x", 1, "begins with allow, deny or ask", "deny"},
        {"forbid model=x", 1, "\"forbid\"", ""},
        {"DENY model=x", 1, "begins with", "deny"},
        {"model=x deny", 1, "begins with", ""},
        {"deny modle=x", 6, "unknown condition \"modle\"", "model"},
        {"deny principle=uid:1", 6, "unknown condition", "principal"},
        {"deny task=x", 6, "unknown condition", ""},
        {"deny model", 6, "has no value, write model=", ""},
        {"deny model=", 12, "has no value", ""},
        {"deny  model=x model=y", 15, "stands here twice", ""},
        {"deny model>x", 6, "takes =", ""},
        {"deny cloud=ye", 12, "neither yes nor no", "yes"},
        {"deny cloud=true", 12, "neither yes nor no", ""},
        {"deny prompt_bytes=5", 6, "compared with", ""},
        {"deny prompt_bytes>", 19, "has no value", ""},
        {"deny prompt_bytes>5k", 19, "no number of bytes", ""},
        {"deny prompt_bytes>-5", 19, "no number of bytes", ""},
        {"deny prompt_bytes>99999999999999999999", 19, "no number of bytes", ""},
        {"deny prompt_bytes>5 prompt_bytes>6", 21, "a second bound", ""},
        {"deny prompt_bytes>5 prompt_bytes<5", 21, "no prompt is of such a size", ""},
        {"deny time=8-18", 11, "no time like 08:00-18:00", ""},
        {"deny time=08:00", 11, "no time like", ""},
        {"deny time=08:60-18:00", 11, "no time like", ""},
        {"deny time=24:00-18:00", 11, "no time like", ""},
        {"deny time=08:00-24:01", 11, "no time like", ""},
        {"deny time=08:00-08:00", 11, "begins when it ends", ""},
        {"deny days=mon-fir", 15, "no day of", "fri"},
        {"deny days=mon,", 15, "no day of", ""},
        {"deny days=monday", 11, "no day of", ""},
        {"deny wait=30", 6, "wait is for ask only", ""},
        {"ask wait=3601", 10, "seconds up to 3600", ""},
        {"ask wait=soon", 10, "no number of seconds", ""},
        {"deny model=x\nallow", 13, "a second line", ""},
        {"deny model=x # why\nallow", 19, "a second line", ""},
        {"deny model=a\x01z", 13, "a control character", ""},
        {std::string("deny model=a\0", 13), 13, "a control character", ""},
        {long_text, 0, "longer than 2000 bytes", ""},
    };
    for (const auto& row : table) {
        INFO(row.text);
        const auto read = parse_rule(row.text);
        REQUIRE_FALSE(read);
        check_error(read.error(), row);
    }
}

TEST_CASE("a comment, blanks and a newline change nothing") {
    for (const auto* text : {"deny model=qwen3:8b", "  deny\tmodel=qwen3:8b  ",
                             "deny model=qwen3:8b # not this one\n", "deny model=qwen3:8b\r\n"}) {
        CHECK(rules_of({text}).evaluate(a_call()).action == verb::deny);
    }
    auto facts = a_call();
    facts.model = "a#b";
    CHECK(rules_of({"deny model=a#b"}).evaluate(facts).action == verb::deny);
}

TEST_CASE("a set of policies names the one that is wrong") {
    const auto built = [](std::vector<named_text> texts) {
        const auto rules = rule_set::build(texts, std::make_shared<const pattern_set>());
        REQUIRE_FALSE(rules);
        return rules.error().message();
    };
    CHECK(built({{"good", "allow"}, {"bad", "alow"}}) ==
          "bad: column 1: a policy begins with allow, deny or ask, not with \"alow\", did you mean "
          "\"allow\"?");
    CHECK(built({{"p", "deny pattern=ibam"}}) ==
          "p: column 14: there is no pattern \"ibam\", did you mean \"iban\"?");
    CHECK(built({{"a", "allow"}, {"a", "deny"}}) == "a: a second policy of this name");
    CHECK(built({{"nothing-leaves", "allow"}}) == "nothing-leaves: no name for a policy");
    CHECK(built({{"../a", "allow"}}) == "../a: no name for a policy");
    CHECK(built({{"x", "\xff\x1b[31m"}}).find('\x1b') == std::string::npos);
    CHECK(built(std::vector<named_text>(rules_max + 1, {"a", "deny"})) == "more than 500 policies");
}

TEST_CASE("a refusal says in English which conditions held") {
    auto facts = a_call();
    CHECK(rules_of({"deny principal=uid:1001 model=qwen* cloud=no"}).evaluate(facts).reason ==
          "denied by policy rule0: principal uid:1001 and model qwen* and a local model");
    CHECK(rules_of({"deny"}).evaluate(facts).reason == "denied by policy rule0: every call");
}

TEST_CASE("a policy that will surprise is accepted with a warning") {
    CHECK(rules_of({"allow service=a"}).warnings().size() == 1);
    CHECK(rules_of({"deny service=a"}).warnings().empty());
    CHECK(rules_of({"ask service=a"}).warnings().empty());
    CHECK(rules_of({"deny cloud=yes leaves=no"}).warnings().size() == 1);
}

TEST_CASE("a malformed budget is refused with its place and a reason") {
    const std::vector<malformed> table{
        {"", 1, "nothing is written", ""},
        {"principal=uid:1", 0, "no limit", ""},
        {"token_per_day=5", 1, "unknown condition", "tokens_per_day"},
        {"tokens_per_day=", 16, "has no value", ""},
        {"tokens_per_day=-1", 16, "no whole number", ""},
        {"tokens_per_day=1.5", 16, "no whole number", ""},
        {"tokens_per_day>5", 1, "takes =", ""},
        {"calls_per_minute=0", 18, "no rate", ""},
        {"calls_at_once=1 calls_at_once=2", 17, "twice", ""},
        {"calls_at_once=1\ncalls_at_once=2", 16, "a second line", ""},
    };
    for (const auto& row : table) {
        INFO(row.text);
        const auto read = parse_budget("b", row.text);
        REQUIRE_FALSE(read);
        CHECK(read.error().name == "b");
        check_error(read.error(), row);
    }
    CHECK_FALSE(parse_budget("", "calls_at_once=1"));
    CHECK(parse_budget("b", "calls_at_once=0 # nobody\n"));
}
