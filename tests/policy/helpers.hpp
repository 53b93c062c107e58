// What the tests of policies share: a call, and rules that must parse.
// Format of the rules: docs/policies.md.
#pragma once

#include <tallyfs/policy/rules.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace tallyfs::policy::testing {

/// Monday noon; nothing leaves.
inline request_facts a_call() {
    request_facts facts;
    facts.principal = "uid:1001";
    facts.service = "agent";
    facts.model = "qwen3:8b";
    facts.endpoint = "/api/chat";
    facts.prompt_bytes = 100;
    facts.minute_of_day = 12 * 60;
    return facts;
}

/// Named rule0, rule1, …
inline rule_set rules_of(const std::vector<std::string>& texts) {
    std::vector<named_text> named;
    for (const auto& text : texts) {
        named.push_back({"rule" + std::to_string(named.size()), text});
    }
    auto built = rule_set::build(named, std::make_shared<const pattern_set>());
    if (!built) throw std::runtime_error(built.error().message());
    return std::move(*built);
}

}  // namespace tallyfs::policy::testing
