#include "mountd/policies.hpp"

#include <tallyfs/base/log.hpp>

namespace tallyfs::mountd {

namespace {

using policy::named_text;
using state::judged_value;
using state::setting_definition;

/// Stands in front of what nothing-leaves asks, behind all policies that people wrote.
constexpr const char* cloud_rule = "cloud_models";
constexpr int wait_seconds_max = 3600;

std::vector<named_text> listed(const std::map<std::string, std::string>& texts) {
    std::vector<named_text> all;
    for (const auto& [name, text] : texts) all.push_back({name, text});
    return all;
}

/// What is wrong with one policy by itself. Whether its pattern exists is known when it is put in
/// force together with the others.
judged_value judge_rule(std::string_view text) {
    const auto parsed = policy::parse_rule(text);
    if (!parsed) return {"", "is no policy: " + parsed.error().message()};
    return {std::string(text), ""};
}

judged_value judge_pattern(std::string_view text) {
    const std::vector<named_text> one{{"pattern", std::string(text)}};
    const auto built = policy::pattern_set::build(one);
    if (!built) return {"", "is no pattern: " + built.error().message()};
    return {std::string(text), ""};
}

}  // namespace

std::vector<setting_definition> policies::definitions() {
    // Patterns first: policies name them.
    return {patterns(), rules(), wait_seconds(), cloud_models()};
}

setting_definition policies::rules() {
    return {.name = "policies",
            .meaning =
                "What calls may do: one rule a file, asked in the order of their names; "
                "the first that matches decides.",
            .allowed =
                "allow, deny or ask, and conditions: docs/policies.md. Such as: ask cloud=yes "
                "wait=30",
            .collection = true,
            .by_request = by_request_ ? "kind=policy-change policy=NAME text=RULE (or delete=yes) "
                                        "reason=WHY"
                                      : "",
            .judge = judge_rule,
            .fits = [this](const std::string& entry, const std::string* value) -> std::string {
                if (entry == cloud_rule) return "has the name of a setting: take another one";
                auto wanted = rules_;
                wanted.erase(entry);
                if (value != nullptr) wanted[entry] = *value;
                return problem_of(wanted, patterns_);
            },
            .apply =
                [this](const std::string& entry, const std::string* value) {
                    rules_.erase(entry);
                    if (value != nullptr) rules_[entry] = *value;
                    put_in_force();
                }};
}

setting_definition policies::patterns() {
    return {.name = "redact",
            .meaning =
                "Patterns of your own, beside email, iban, card, key and private_key: "
                "policies look for them with pattern=<name>.",
            .allowed = "one RE2 expression that matches no empty text",
            .collection = true,
            .judge = judge_pattern,
            .fits =
                [this](const std::string& entry, const std::string* value) {
                    if (auto problem = problem_of_pattern(entry); !problem.empty()) return problem;
                    auto wanted = patterns_;
                    wanted.erase(entry);
                    if (value != nullptr) wanted[entry] = *value;
                    return problem_of(rules_, wanted);
                },
            .apply =
                [this](const std::string& entry, const std::string* value) {
                    patterns_.erase(entry);
                    if (value != nullptr) patterns_[entry] = *value;
                    put_in_force();
                }};
}

setting_definition policies::wait_seconds() {
    return {.name = "ask_wait_seconds",
            .meaning =
                "How long a call that a policy asks about is held open for a person's word, "
                "where the policy itself says nothing; 0 refuses it at once.",
            .allowed = "0 to 3600",
            .unit = "seconds",
            .default_value = "0",
            .needs_newline = true,
            .judge = state::whole_number(0, wait_seconds_max),
            .apply = [this](const std::string&, const std::string* value) {
                wait_ = std::chrono::seconds(std::stoi(*value));
                put_in_force();
            }};
}

setting_definition policies::cloud_models() {
    return {.name = "cloud_models",
            .meaning =
                "What becomes of calls to models that run elsewhere, where no policy "
                "decides: a person is asked, all are denied, or all are allowed.",
            .allowed = "ask, deny or allow",
            .default_value = "ask",
            // It is a policy as well, the last one.
            .by_request = by_request_ ? "kind=policy-change policy=90-cloud text=RULE reason=WHY, "
                                        "such as allow cloud=yes"
                                      : "",
            .judge = state::one_of({"ask", "deny", "allow"}),
            .apply = [this](const std::string&, const std::string* value) {
                cloud_ = *value;
                put_in_force();
            }};
}

policy::parsed<policy::rule_set> policies::build(const texts& rules, const texts& patterns) const {
    auto compiled = policy::pattern_set::build(listed(patterns));
    if (!compiled) return compiled.error();
    auto all = listed(rules);
    if (cloud_ != "ask") all.push_back({cloud_rule, cloud_ + " cloud=yes"});
    return policy::rule_set::build(
        all, std::make_shared<const policy::pattern_set>(std::move(*compiled)), wait_);
}

std::string policies::problem_of(const texts& rules, const texts& patterns) const {
    const auto built = build(rules, patterns);
    return built ? std::string()
                 : "does not go together with the others: " + built.error().message();
}

/// Whoever changes what a policy looks for changes the policy.
std::string policies::problem_of_pattern(const std::string& name) const {
    if (!by_request_) return "";
    for (const auto& [policy_name, text] : rules_) {
        const auto rule = policy::parse_rule(text);
        if (!rule || rule->pattern != name) continue;
        return "is what policies/" + policy_name +
               " looks for, which takes a request here: write another pattern, and ask for a "
               "policy with it";
    }
    return "";
}

/// What does not go together, which only another version can have accepted, leaves in force what
/// was: nothing opens by a mistake.
void policies::put_in_force() {
    auto built = build(rules_, patterns_);
    if (!built) {
        spdlog::error("control/policies: {}; what was in force stays", built.error().message());
        return;
    }
    for (const auto& warning : built->warnings()) spdlog::warn("control/policies: {}", warning);
    in_force_.set_rules(std::move(*built));
}

}  // namespace tallyfs::mountd
