#include "policy/helpers.hpp"
#include "support/catch.hpp"

#include <tallyfs/policy/budget.hpp>
#include <tallyfs/policy/capture.hpp>

#include <array>
#include <random>

using namespace tallyfs::policy;
using tallyfs::policy::testing::a_call;
using tallyfs::policy::testing::rules_of;

namespace {

template <std::size_t Size>
std::string_view any_of(std::mt19937& random, const std::array<std::string_view, Size>& values) {
    return values[random() % Size];
}

/// A rule, and whether it holds for a call, decided without the code under test.
struct simple_rule {
    verb action = verb::allow;
    std::string principal, model;  ///< exact, or "" for any
    std::string service;
    int cloud = -1;  ///< -1 for any
    std::int64_t bytes_above = -1;

    [[nodiscard]] std::string text() const {
        std::string out(to_string(action));
        if (!principal.empty()) out += " principal=" + principal;
        if (!model.empty()) out += " model=" + model;
        if (!service.empty()) out += " service=" + service;
        if (cloud >= 0) out += cloud == 1 ? " cloud=yes" : " cloud=no";
        if (bytes_above >= 0) out += " prompt_bytes>" + std::to_string(bytes_above);
        return out;
    }
    [[nodiscard]] bool holds(const request_facts& call) const {
        return (principal.empty() || principal == call.principal) &&
               (model.empty() || model == call.model) &&
               (service.empty() || service == call.service) &&
               (cloud < 0 || (cloud == 1) == call.cloud) && call.prompt_bytes > bytes_above;
    }
};

constexpr std::array<std::string_view, 4> principals{"", "uid:1", "uid:2", "key:a"};
constexpr std::array<std::string_view, 3> models{"", "m:1", "n:2"};
constexpr std::array<std::string_view, 3> services{"", "", "s"};

simple_rule any_rule(std::mt19937& random) {
    simple_rule rule;
    rule.action = static_cast<verb>(random() % 3);
    rule.principal = any_of(random, principals);
    rule.model = any_of(random, models);
    rule.service = any_of(random, services);
    rule.cloud = static_cast<int>(random() % 3) - 1;
    rule.bytes_above = random() % 3 == 0 ? static_cast<std::int64_t>(random() % 100) : -1;
    return rule;
}

request_facts any_call(std::mt19937& random) {
    auto facts = a_call();
    facts.principal = any_of(random, principals);
    facts.model = any_of(random, models);
    facts.service = any_of(random, services);
    facts.cloud = random() % 2 == 0;
    facts.prompt_bytes = static_cast<std::int64_t>(random() % 100);
    return facts;
}

std::string naive(const std::vector<simple_rule>& rules, const request_facts& call) {
    for (std::size_t i = 0; i < rules.size(); ++i) {
        if (rules[i].holds(call)) return "rule" + std::to_string(i);
    }
    return call.leaves() ? std::string(nothing_leaves) : std::string();
}

int strictness(verb action) {
    return action == verb::allow ? 0 : action == verb::ask ? 1 : 2;
}

rule_set built(const std::vector<simple_rule>& rules, bool with_services) {
    std::vector<std::string> texts;
    for (const auto& rule : rules) {
        if (with_services || rule.service.empty()) texts.push_back(rule.text());
    }
    return rules_of(texts);
}

std::string any_bytes(std::mt19937& random) {
    constexpr std::array<std::string_view, 20> words{
        "deny",  "allow", "ask",     "model",   "principal", "time",       "days",
        "=",     ">",     "<=",      "mon-fri", "08:00",     "-",          "prompt_bytes",
        "cloud", "yes",   "pattern", " ",       "\n",        "99999999999"};
    std::string text;
    for (std::size_t n = random() % 20; n > 0; --n) {
        if (random() % 3 == 0) {
            text += static_cast<char>(random() % 256);
        } else {
            text += any_of(random, words);
            if (random() % 2 == 0) text += ' ';
        }
    }
    return text;
}

template <class Parsed>
void check_told(const Parsed& read, std::string_view text) {
    if (read) return;
    REQUIRE(read.error().position <= text.size() + 1);
    REQUIRE_FALSE(read.error().reason.empty());
    for (const char c : read.error().message()) REQUIRE((c >= 0x20 && c < 0x7f));
}

}  // namespace

TEST_CASE("the first rule that matches decides, as one reads it") {
    std::mt19937 random(4);
    for (int round = 0; round < 2000; ++round) {
        std::vector<simple_rule> rules(random() % 12);
        for (auto& rule : rules) rule = any_rule(random);
        const auto set = built(rules, true);
        for (int i = 0; i < 20; ++i) {
            auto call = any_call(random);
            call.service_trusted = true;
            REQUIRE(set.evaluate(call).rule == naive(rules, call));
        }
    }
}

TEST_CASE("whatever label a caller chooses, the verdict is no milder than without labels") {
    std::mt19937 random(5);
    for (int round = 0; round < 2000; ++round) {
        std::vector<simple_rule> rules(random() % 12);
        for (auto& rule : rules) rule = any_rule(random);
        const auto with = built(rules, true);
        const auto without = built(rules, false);
        for (int i = 0; i < 20; ++i) {
            const auto call = any_call(random);
            REQUIRE(strictness(with.evaluate(call).action) >=
                    strictness(without.evaluate(call).action));
        }
    }
}

TEST_CASE("any bytes are parsed or refused with a reason that can be shown") {
    std::mt19937 random(6);
    for (int round = 0; round < 20'000; ++round) {
        const auto text = any_bytes(random);
        INFO(text);
        check_told(parse_rule(text), text);
        check_told(parse_budget("b", text), text);
        (void)parse_capture_mode(text);
        if (round % 20 != 0) continue;
        const std::vector<named_text> own{{"p", text}};
        const auto patterns = pattern_set::build(own);
        check_told(patterns, text);
        if (patterns) (void)patterns->redact(text + text);
        (void)pattern_set().redact_json(text);
    }
}

TEST_CASE("a pattern with stars takes time that can be foreseen") {
    const glob many("*a*a*a*a*a*a*a*a*a*a*b");
    CHECK_FALSE(many.matches(std::string(500, 'a')));
    CHECK(many.matches(std::string(500, 'a') + 'b'));
    CHECK(glob("a*").matches("a"));
    CHECK(glob("*a").matches("ba"));
    CHECK_FALSE(glob("*a").matches("ab"));
    CHECK(glob("a*c").matches("abc"));
    CHECK_FALSE(glob("a*bc").matches("ab"));
    CHECK(glob("?").matches("\xc3\xbc"));
    CHECK_FALSE(glob("?").matches(""));
    CHECK(glob("**").matches(""));
}
