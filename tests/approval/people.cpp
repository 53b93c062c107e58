#include "approval/world.hpp"

#include <tallyfs/approval/check.hpp>

using namespace tallyfs;
using namespace tallyfs::approval;
using tallyfs::approval::test::company;
using tallyfs::approval::test::human;
using tallyfs::approval::test::one_step;
using tallyfs::approval::test::three_steps;

namespace {

std::vector<std::string> problems(std::vector<person> list, std::vector<chain> rules = {},
                                  bool only_one_uid = false) {
    return check(people(std::move(list)), chains(std::move(rules)), only_one_uid);
}
std::vector<std::string> one(std::string sentence) {
    return {std::move(sentence)};
}

}  // namespace

TEST_CASE("people are found by name, uid and chat id") {
    auto list = company();
    list[0].chat = "U07";
    const people who(list);
    CHECK(who.by_name("ann")->uid == 1001U);
    CHECK(who.by_uid(1001)->name == "ann");
    CHECK(who.by_chat("U07")->name == "ann");
    CHECK(who.by_name("") == nullptr);
    CHECK(who.by_chat("") == nullptr);
    CHECK(who.by_uid(0) == nullptr);
}

TEST_CASE("an identity is recorded under the name that it has by right") {
    const people who(company());
    const auto name = [&](identity i) { return who.resolve(std::move(i)).person; };
    CHECK(name({"gus", 1001, known_by::uid}) == "ann");
    CHECK(name({"gus", 1234, known_by::uid}) == "uid:1234");
    CHECK(name({"gus", {}, known_by::uid}) == "nobody");
    CHECK(name({"gus", {}, known_by::token}) == "gus");
    CHECK(name({"uid:1234", {}, known_by::token}) == "token:uid:1234");
    CHECK(name({"stranger", {}, known_by::sso}) == "sso:stranger");
    CHECK(name({"a\nb\x1b\xff", {}, known_by::sso}) == "sso:a b\xef\xbf\xbd\xef\xbf\xbd");
    CHECK(name({std::string(1000, 'x'), {}, known_by::sso}).size() == 256);
    CHECK(name({{}, {}, known_by::daemon}) == "daemon");
    CHECK(name({"key:n8n", {}, known_by::policy}) == "key:n8n");
    CHECK(name({"uid:1001", {}, known_by::policy}) == "ann");
    CHECK(name({"uid:1001x", {}, known_by::policy}) == "uid:1001x");
    CHECK(who.person_of(who.resolve({{}, 1001, known_by::policy})) == nullptr);
}

TEST_CASE("the role manager is the requester's own manager") {
    const people who(company());
    const auto at = test::start_time;
    CHECK(who.holds("bea", "manager", at, "ann"));
    CHECK(!who.holds("gus", "manager", at, "ann"));
    CHECK(who.holds("gus", "manager", at, "bea"));
    CHECK(!who.holds("bea", "manager", at, "uid:1234"));
    CHECK(!who.holds("", "manager", at, "gus"));  // gus has none
    auto list = company();
    list[6].roles = {"manager"};
    CHECK(!people(list).holds("gus", "manager", at, "ann"));
}

TEST_CASE("a chain is chosen by kind, then by environment") {
    const auto named = [](const char* kind, const char* environment, const char* role) {
        chain c;
        c.kind = kind;
        c.environment = environment;
        c.steps = {{role, {}, false}};
        return c;
    };
    const chains all({named("*", "*", "any"), named("*", "prod", "prod"),
                      named("role", "*", "role"), named("role", "prod", "both"),
                      named("role", "prod", "later")});
    const auto role = [&](const char* kind, const char* environment) {
        return all.find(kind, environment).steps[0].role;
    };
    CHECK(role("role", "prod") == "both");
    CHECK(role("role", "qa") == "role");
    CHECK(role("x", "prod") == "prod");
    CHECK(role("x", "") == "any");
    CHECK(chains().find("role", "prod").steps[0].role == "owner");
    CHECK(chains().find("role", "prod").expires_seconds == std::chrono::hours(72));
}

TEST_CASE("a sound configuration has no problems") {
    CHECK(problems(company(), {one_step()}).empty());
    auto rule = three_steps();
    rule.kind = "role";
    CHECK(problems(company(), {one_step(), rule}).empty());
    CHECK(problems({}, {}).empty());
}

TEST_CASE("what is wrong with people is said in sentences") {
    auto list = company();
    list.push_back(human("ann", 1001));
    CHECK(problems(list) == std::vector<std::string>{"two people are called ann",
                                                     "uid 1001 belongs to ann and to ann"});
    list = company();
    list[0].chat = list[1].chat = "U07";
    CHECK(problems(list) == one("the chat id U07 belongs to ann and to bea"));
    list = company();
    list[0].manager = "baa";
    CHECK(problems(list) ==
          one("the manager of ann, baa, is not among the people; did you mean bea?"));
    list = company();
    list[0].deputies = {"zacharias"};
    CHECK(problems(list) == one("the deputy of ann, zacharias, is not among the people"));
    list = company();
    list[0].delegations = {{"hal", test::start_time, test::start_time, ""}};
    CHECK(problems(list) == one("the delegation of ann to hal ends before it begins"));
    list = company();
    list[0].manager = "ann";
    CHECK(problems(list) == one("ann is named as the own manager"));
    list = company();
    list[6].manager = "bea";  // gus
    CHECK(problems(list) == one("managers go round in a circle: bea, gus, bea"));
    list = company();
    list[0].roles = {"manager"};
    CHECK(problems(list).size() == 1);
    for (const std::string name : {"", "uid:1", "a/b", "a,b", " a", "a\n", "\x1b", "\xff"}) {
        INFO(name);
        CHECK(problems({human(name, 1)}).size() == 1);
    }
}

TEST_CASE("what is wrong with chains is said in sentences") {
    auto rule = one_step();
    rule.steps[0].role = "securty";
    CHECK(problems(company(), {rule}) ==
          one("the chain of kind *, environment *, needs the role securty, which nobody holds; did "
              "you mean security?"));
    rule.steps = {{"security", {}, false}, {"security", {}, false}};
    CHECK(problems(company(), {rule}) ==
          one("the chain of kind *, environment *, has 2 steps, but too few different people hold "
              "their roles: one person takes one step"));
    rule.steps = {{"database", {}, false}, {"database", {}, false}};
    CHECK(problems(company(), {rule}).empty());
    rule.steps = {{"manager", {}, false}};
    CHECK(problems({human("ann", 1)}, {rule}).size() == 1);
    CHECK(problems(company(), {one_step(), one_step()}) ==
          one("there are two chains of kind *, environment *: keep one"));
    rule = one_step();
    rule.steps[0].accepted = {known_by::policy};
    CHECK(problems(company(), {rule}).size() == 1);
    rule.steps.clear();
    CHECK(problems(company(), {rule}).size() == 1);
    rule.steps.resize(steps_max + 1, {"owner", {}, false});
    CHECK(problems(company(), {rule}).size() == 1);
    rule = one_step();
    rule.steps[0].role = "";
    CHECK(problems(company(), {rule}).size() == 1);
    rule = one_step();
    rule.kind = "Cloud Model";
    CHECK(problems(company(), {rule}).size() == 1);
    rule = one_step();
    rule.expires_seconds = std::chrono::seconds(0);
    CHECK(problems(company(), {rule}).size() == 1);
    rule = one_step();
    rule.grace_seconds = std::chrono::seconds(-1);
    CHECK(problems(company(), {rule}).size() == 1);
}

TEST_CASE("people are moved between steps before too few are reported") {
    auto list = company();
    list[2].roles = {"database", "security"};  // carl
    list[3].roles = {"database"};              // dora
    list[4].roles = {};                        // eve
    chain rule;
    rule.steps = {{"database", {}, false}, {"security", {}, false}};
    CHECK(problems(list, {rule}).empty());
}

TEST_CASE("several steps with one uid are reported") {
    auto rule = three_steps();
    CHECK(problems(company(), {rule}, false).empty());
    const auto found = problems(company(), {rule}, true);
    REQUIRE(found.size() == 1);
    CHECK(found[0].find("need tokens over HTTP") != std::string::npos);
    rule.steps[0].accepted = rule.steps[1].accepted = {known_by::uid};
    CHECK(problems(company(), {rule}, true)[0].find("can never be completed") != std::string::npos);
    CHECK(problems(company(), {one_step()}, true).empty());
}
