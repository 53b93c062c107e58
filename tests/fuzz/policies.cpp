// The texts of policies, budgets and patterns, and what redaction leaves of a text.
// Formats: docs/policies.md.
#include "fuzz/fuzz.hpp"
#include "fuzz/targets.hpp"

#include <tallyfs/policy/budget.hpp>
#include <tallyfs/policy/rules.hpp>

namespace tallyfs::fuzz {

namespace {

void judge(std::string_view text) {
    const auto rule = policy::parse_rule(text);
    if (!rule) {
        require(!rule.error().message().empty(), "a refusal says why");
        return;
    }
    const std::vector<policy::named_text> one{{"10-it", std::string(text)}};
    const auto set = policy::rule_set::build(one, std::make_shared<const policy::pattern_set>());
    if (!set) return;
    policy::request_facts facts;
    facts.principal = "uid:1000";
    facts.service = "n8n";
    facts.model = "qwen3:14b";
    facts.endpoint = "/api/chat";
    const auto said = set->evaluate(facts);
    require(said.action == rule->action || said.rule != "10-it", "a rule says what it says");
    facts.cloud = true;
    const auto outside = set->evaluate(facts);
    require(outside.action != policy::verb::allow || rule->action == policy::verb::allow,
            "nothing leaves that no rule allows");
}

void redact(std::string_view text) {
    const policy::pattern_set patterns;
    const auto once = patterns.redact(text);
    require_equal(patterns.redact(once), once, "redacting twice changes nothing more");
    require(patterns.find(once).empty(), "nothing is left to find");
    const auto json = patterns.redact_json(text);
    require_equal(patterns.redact_json(json), json, "redacting JSON twice changes nothing more");
}

}  // namespace

void policies(std::string_view input) {
    switch (take_choice(input, 4)) {
        case 0:
            return judge(input);
        case 1: {
            const auto budget = policy::parse_budget("house", input);
            if (budget) require(budget->name == "house", "a budget has the name of its file");
            return;
        }
        case 2: {
            const std::vector<policy::named_text> one{{"own", std::string(input)}};
            const auto built = policy::pattern_set::build(one);
            if (built) (void)built->redact("a text with 4111 1111 1111 1111 and more");
            return;
        }
        default:
            return redact(input);
    }
}

}  // namespace tallyfs::fuzz
