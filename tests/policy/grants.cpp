#include "policy/helpers.hpp"
#include "support/catch.hpp"

using namespace tallyfs;
using namespace tallyfs::policy;
using tallyfs::policy::testing::a_call;
using tallyfs::policy::testing::rules_of;
using namespace std::chrono_literals;

namespace {

const wall_time noon{1'700'000'000s};

request_facts a_cloud_call() {
    auto facts = a_call();
    facts.model = "gpt-oss:120b-cloud";
    facts.cloud = true;
    facts.now = noon;
    return facts;
}

grant permission() {
    return {.name = "0042",
            .rule = std::string(nothing_leaves),
            .principal = "uid:1001",
            .model = "GPT-oss:120b-cloud",
            .endpoint = "",
            .until = noon + 1h};
}

verb with(const grant& given, const request_facts& facts) {
    return rule_set().evaluate(facts, grants({given})).action;
}

}  // namespace

TEST_CASE("a permission answers what a policy asks, for whom and what it names") {
    const auto facts = a_cloud_call();
    const auto allowed = rule_set().evaluate(facts, grants({permission()}));
    CHECK(allowed.action == verb::allow);
    CHECK(allowed.grant == "0042");
    CHECK(allowed.rule == nothing_leaves);

    auto other = permission();
    other.principal = "uid:1002";
    CHECK(with(other, facts) == verb::ask);
    other = permission();
    other.model = "other:120b-cloud";
    CHECK(with(other, facts) == verb::ask);
    other = permission();
    other.rule = "another";
    CHECK(with(other, facts) == verb::ask);
    other.rule = "";
    CHECK(with(other, facts) == verb::allow);
}

TEST_CASE("a permission ends") {
    auto facts = a_cloud_call();
    facts.now = permission().until - 1us;
    CHECK(with(permission(), facts) == verb::allow);
    facts.now = permission().until;
    CHECK(with(permission(), facts) == verb::ask);
}

TEST_CASE("a permission for a user covers the user's units, and not the other way round") {
    auto facts = a_cloud_call();
    facts.principal = "unit:user@1001.service/a.service";
    CHECK(with(permission(), facts) == verb::allow);
    auto of_unit = permission();
    of_unit.principal = "unit:user@1001.service/a.service";
    CHECK(with(of_unit, facts) == verb::allow);
    facts.principal = "uid:1001";
    CHECK(with(of_unit, facts) == verb::ask);
}

TEST_CASE("deny stays deny, whatever was permitted") {
    const auto facts = a_cloud_call();
    const auto rules = rules_of({"deny cloud=yes"});
    CHECK(rules.evaluate(facts, grants({permission()})).action == verb::deny);
}

TEST_CASE("to use a model is not to push it") {
    auto facts = a_cloud_call();
    facts.endpoint = "/api/push";
    facts.endpoint_leaves = true;
    CHECK(with(permission(), facts) == verb::ask);
    auto to_push = permission();
    to_push.endpoint = "/api/push";
    CHECK(with(to_push, facts) == verb::allow);
    facts.endpoint = "/api/chat";
    facts.endpoint_leaves = false;
    CHECK(with(to_push, facts) == verb::ask);
}

TEST_CASE("a name that looks like a pattern permits that name only") {
    auto given = permission();
    given.model = "*";
    CHECK(with(given, a_cloud_call()) == verb::ask);
    given.model = "";
    CHECK(with(given, a_cloud_call()) == verb::ask);
    given = permission();
    given.principal = "uid:*";
    CHECK(with(given, a_cloud_call()) == verb::ask);
}

TEST_CASE("the oldest permissions give way when there are too many") {
    std::vector<grant> many(grants::count_max + 1, permission());
    many.front().name = "first";
    const grants kept(std::move(many));
    CHECK(kept.list().size() == grants::count_max);
    CHECK(kept.list().front().name == "0042");
}
