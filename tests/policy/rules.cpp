#include "policy/helpers.hpp"
#include "support/catch.hpp"

#include <tallyfs/policy/rules.hpp>

using namespace tallyfs;
using namespace tallyfs::policy;
using tallyfs::policy::testing::a_call;
using tallyfs::policy::testing::rules_of;

namespace {

/// What one rule decides; `allow` stands for "it does not apply".
verb decided(std::string_view text, const request_facts& facts) {
    return rules_of({std::string(text)}).evaluate(facts).action;
}

}  // namespace

TEST_CASE("without policies everything is allowed but what leaves the house") {
    const rule_set none;
    auto facts = a_call();
    CHECK(none.evaluate(facts).action == verb::allow);
    CHECK(none.evaluate(facts).rule.empty());
    facts.cloud = true;
    CHECK(none.evaluate(facts).action == verb::ask);
    CHECK(none.evaluate(facts).rule == nothing_leaves);
    CHECK_FALSE(none.evaluate(facts).reason.empty());
    facts.cloud = false;
    facts.endpoint_leaves = true;
    CHECK(none.evaluate(facts).action == verb::ask);
    CHECK(none.size() == 0);
}

TEST_CASE("a condition holds for what it names and for nothing else") {
    auto facts = a_call();
    const auto denied = [&](std::string_view conditions) {
        return decided("deny " + std::string(conditions), facts) == verb::deny;
    };
    CHECK(denied("principal=uid:1001"));
    CHECK_FALSE(denied("principal=uid:100"));
    CHECK_FALSE(denied("principal=uid:10011"));
    CHECK_FALSE(denied("principal=UID:1001"));
    CHECK(denied("principal=uid:*"));
    CHECK(denied("principal=uid:100?"));
    CHECK_FALSE(denied("principal=uid:1001?"));
    CHECK(denied("service=agent"));
    CHECK_FALSE(denied("service=agents"));
    CHECK(denied("model=QWEN3:*"));
    CHECK(denied("model=qwen3:8b"));
    CHECK_FALSE(denied("model=qwen3"));
    CHECK(denied("endpoint=/api/chat"));
    CHECK_FALSE(denied("endpoint=/api/push"));
    CHECK_FALSE(denied("endpoint=/API/chat"));
    CHECK(denied("cloud=no"));
    CHECK_FALSE(denied("cloud=yes"));
    CHECK(denied("leaves=no"));
    facts.endpoint_leaves = true;
    CHECK(denied("leaves=yes"));
    CHECK(denied("cloud=no leaves=yes"));
    CHECK_FALSE(denied("cloud=yes leaves=yes"));
}

TEST_CASE("all conditions of a rule must hold") {
    const auto facts = a_call();
    CHECK(decided("deny principal=uid:1001 model=qwen3:* endpoint=/api/chat", facts) == verb::deny);
    CHECK(decided("deny principal=uid:1002 model=qwen3:* endpoint=/api/chat", facts) ==
          verb::allow);
    CHECK(decided("deny principal=uid:1001 model=llama* endpoint=/api/chat", facts) == verb::allow);
    CHECK(decided("deny", facts) == verb::deny);
}

TEST_CASE("a prompt's size is compared on both sides of the bound") {
    auto facts = a_call();
    facts.prompt_bytes = 200;
    CHECK(decided("deny prompt_bytes>199", facts) == verb::deny);
    CHECK(decided("deny prompt_bytes>200", facts) == verb::allow);
    CHECK(decided("deny prompt_bytes>=200", facts) == verb::deny);
    CHECK(decided("deny prompt_bytes<201", facts) == verb::deny);
    CHECK(decided("deny prompt_bytes<200", facts) == verb::allow);
    CHECK(decided("deny prompt_bytes<=200 prompt_bytes>=200", facts) == verb::deny);
}

TEST_CASE("a user's units count as the user, and only as the user") {
    auto facts = a_call();
    facts.principal = "unit:user@1001.service/n8n.service";
    const auto denied = [&](std::string_view principal) {
        return decided("deny principal=" + std::string(principal), facts) == verb::deny;
    };
    CHECK(denied("uid:1001"));
    CHECK(denied("uid:*"));
    CHECK(denied("*"));
    CHECK(denied("unit:user@1001.service/*"));
    CHECK_FALSE(denied("uid:1002"));
    CHECK_FALSE(denied("uid:100"));
    CHECK_FALSE(denied("unit:*n8n.service"));
    CHECK_FALSE(denied("unit:user@1002.service/*"));
    facts.principal = "unit:n8n.service";
    CHECK(denied("unit:*n8n.service"));
    CHECK_FALSE(denied("uid:*"));
    for (const auto* other : {"unit:user@.service/x", "unit:user@1001.servicex/x",
                              "unit:user@99999999999.service/x", "unit:user@1001", "unit:user@"}) {
        facts.principal = other;
        CHECK_FALSE(denied("uid:*"));
    }
}

TEST_CASE("a model has the same name in all the ways that Ollama takes it") {
    auto facts = a_call();
    for (const auto* name :
         {"qwen3", "Qwen3:latest", "library/qwen3", "QWEN3:LATEST",
          "registry.ollama.ai/library/qwen3", "https://registry.ollama.ai/library/qwen3:latest",
          " qwen3\t", "qwen3:local", "library/qwen3:latest: Local"}) {
        INFO(name);
        facts.model = name;
        CHECK(decided("deny model=qwen3", facts) == verb::deny);
        CHECK(decided("deny model=qwen3:*", facts) == verb::deny);
        CHECK(decided("deny model=library/qwen3:latest", facts) == verb::deny);
        CHECK(decided("deny model=qwen3:8b", facts) == verb::allow);
    }
    facts.model = "library/gpt-oss:120b-CLOUD";
    CHECK(decided("deny model=gpt-oss:120b-cloud", facts) == verb::deny);
    CHECK(decided("deny model=*-cloud", facts) == verb::deny);
    for (const auto* name : {"gpt-oss:120b:cloud", "gpt-oss: 120b-cloud", "gpt-oss:120b-cloud\n"}) {
        facts.model = name;
        CHECK(decided("deny model=gpt-oss:120b-cloud", facts) == verb::deny);
    }
    facts.model = "gpt-oss: Cloud";
    CHECK(decided("deny model=gpt-oss:cloud", facts) == verb::deny);
    facts.model = "host:5000/team/qwen3";
    CHECK(decided("deny model=qwen3", facts) == verb::allow);
    CHECK(decided("deny model=host:5000/team/qwen3:latest", facts) == verb::deny);
    facts.model = "";
    CHECK(decided("deny model=?*", facts) == verb::allow);
    CHECK(decided("deny model=*", facts) == verb::deny);
}

TEST_CASE("a time of day holds from its first minute up to its last") {
    auto facts = a_call();
    const auto denied_at = [&](std::string_view when, int minute) {
        facts.minute_of_day = minute;
        return decided("deny " + std::string(when), facts) == verb::deny;
    };
    CHECK_FALSE(denied_at("time=08:00-18:00", 8 * 60 - 1));
    CHECK(denied_at("time=08:00-18:00", 8 * 60));
    CHECK(denied_at("time=08:00-18:00", 18 * 60 - 1));
    CHECK_FALSE(denied_at("time=08:00-18:00", 18 * 60));
    CHECK(denied_at("time=22:00-06:00", 22 * 60));
    CHECK(denied_at("time=22:00-06:00", 0));
    CHECK(denied_at("time=22:00-06:00", 6 * 60 - 1));
    CHECK_FALSE(denied_at("time=22:00-06:00", 6 * 60));
    CHECK(denied_at("time=18:00-24:00", 1439));
    CHECK_FALSE(denied_at("time=18:00-24:00", 0));
}

TEST_CASE("days hold for the day, and a window over midnight for the day it began") {
    auto facts = a_call();
    const auto denied_on = [&](std::string_view when, std::chrono::weekday day, int minute) {
        facts.weekday = day;
        facts.minute_of_day = minute;
        return decided("deny " + std::string(when), facts) == verb::deny;
    };
    using namespace std::chrono;
    CHECK(denied_on("days=mon-fri", Monday, 0));
    CHECK(denied_on("days=mon-fri", Friday, 0));
    CHECK_FALSE(denied_on("days=mon-fri", Saturday, 0));
    CHECK_FALSE(denied_on("days=mon-fri", Sunday, 0));
    CHECK(denied_on("days=sat-mon", Sunday, 0));
    CHECK_FALSE(denied_on("days=sat-mon", Tuesday, 0));
    CHECK(denied_on("days=tue,sun", Sunday, 0));
    CHECK(denied_on("time=22:00-06:00 days=fri", Friday, 1380));
    CHECK(denied_on("time=22:00-06:00 days=fri", Saturday, 60));
    CHECK_FALSE(denied_on("time=22:00-06:00 days=fri", Friday, 60));
    CHECK_FALSE(denied_on("time=22:00-06:00 days=fri", Saturday, 1380));
    CHECK(denied_on("time=22:00-06:00 days=sun", Monday, 60));
}

TEST_CASE("the first rule that matches decides") {
    const auto facts = a_call();
    const auto rules = rules_of({"deny model=llama*", "allow principal=uid:1001", "deny"});
    CHECK(rules.evaluate(facts).action == verb::allow);
    CHECK(rules.evaluate(facts).rule == "rule1");
    const auto turned = rules_of({"deny model=llama*", "deny", "allow principal=uid:1001"});
    CHECK(turned.evaluate(facts).rule == "rule1");
    CHECK(turned.evaluate(facts).action == verb::deny);
}

TEST_CASE("a policy can let out what nothing-leaves would ask for") {
    auto facts = a_call();
    facts.cloud = true;
    CHECK(decided("allow principal=uid:1001 cloud=yes", facts) == verb::allow);
    facts.principal = "uid:1002";
    CHECK(decided("allow principal=uid:1001 cloud=yes", facts) == verb::ask);
}

TEST_CASE("a label that the caller chose makes nothing milder") {
    auto facts = a_call();
    facts.cloud = true;
    const auto allowing = rules_of({"allow service=agent cloud=yes"});
    CHECK(allowing.evaluate(facts).action == verb::ask);
    CHECK(allowing.warnings().size() == 1);
    const auto asking = rules_of({"ask service=agent cloud=yes", "deny cloud=yes"});
    CHECK(asking.evaluate(facts).action == verb::deny);
    const auto asking_only = rules_of({"ask service=agent", "allow"});
    CHECK(asking_only.evaluate(facts).action == verb::ask);
    CHECK(asking_only.evaluate(facts).rule == "rule0");
    CHECK(decided("deny service=agent", facts) == verb::deny);

    facts.service_trusted = true;
    CHECK(allowing.evaluate(facts).action == verb::allow);
    CHECK(asking.evaluate(facts).action == verb::ask);
}

TEST_CASE("the text is looked at once, and only if a rule needs it") {
    auto facts = a_call();
    int looks = 0;
    facts.prompt_text = [&] {
        ++looks;
        return std::string_view("pay to DE89 3704 0044 0532 0130 00");
    };
    CHECK(rules_of({"deny principal=uid:1"}).evaluate(facts).action == verb::allow);
    CHECK(rules_of({"deny pattern=iban principal=uid:1"}).evaluate(facts).action == verb::allow);
    CHECK(looks == 0);
    const auto rules = rules_of({"deny pattern=card", "deny pattern=email", "ask pattern=iban"});
    CHECK(rules.looks_at_text());
    CHECK(rules.evaluate(facts).action == verb::ask);
    CHECK(looks == 1);
    facts.prompt_text = nullptr;
    CHECK(rules.evaluate(facts).action == verb::allow);
}

TEST_CASE("an escape in a JSON body hides nothing from a pattern") {
    auto facts = a_call();
    const std::string body = R"({"prompt":"write to bob\u0040example.c\u006fm"})";
    facts.prompt_text = [&] { return std::string_view(body); };
    facts.prompt_is_json = true;
    CHECK(decided("deny pattern=email", facts) == verb::deny);
    CHECK(decided("deny pattern=iban", facts) == verb::allow);
}

TEST_CASE("an ask says how long the call may be held open") {
    const std::vector<named_text> texts{{"a", "ask model=a wait=30"}, {"b", "ask"}};
    const auto rules = rule_set::build(texts, nullptr, std::chrono::seconds(7));
    REQUIRE(rules);
    auto facts = a_call();
    CHECK(rules->evaluate(facts).hold == std::chrono::seconds(7));
    facts.model = "a";
    CHECK(rules->evaluate(facts).hold == std::chrono::seconds(30));
    for (const auto& [wanted, held] :
         {std::pair{hold_max + std::chrono::seconds(1), hold_max},
          std::pair{std::chrono::seconds(-1), std::chrono::seconds(0)}}) {
        const auto bounded = rule_set::build(std::vector<named_text>{}, nullptr, wanted);
        REQUIRE(bounded);
        facts.cloud = true;
        CHECK(bounded->evaluate(facts).hold == held);
    }
}
