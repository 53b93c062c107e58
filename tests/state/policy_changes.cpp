// The kind of request that changes a policy: what its plan says, and that only that is done.
#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/temporary_directory.hpp"

#include <tallyfs/state/policy_change_kind.hpp>

using namespace tallyfs;
using namespace tallyfs::state;
using namespace tallyfs::test;

namespace {

struct office {
    explicit office(const std::filesystem::path& folder)
        : lines(folder / "actions", clock),
          settings({{.name = "policies",
                     .collection = true,
                     .judge = [](std::string_view text) -> judged_value {
                         if (text.starts_with("deny")) return {std::string(text), ""};
                         return {"", "is no policy"};
                     },
                     .apply = [](const std::string&, const std::string*) {}}}),
          actions(lines, folder / "head", "host", [this](const record::action& past) {
              settings.replay(past);
              last = past;
          }) {
        settings.put_in_force();
        kind = policy_change_kind(settings, actions);
    }

    void write(const std::string& text) {
        REQUIRE(settings.change(settings.propose("policies", "10-a", text), {}, actions));
    }
    [[nodiscard]] std::string now() const {
        const auto all = settings.current();
        const auto place = all->values.find("policies/10-a");
        return place != all->values.end() ? place->second.text : "(none)";
    }
    /// The request that is made of these parameters, or why there is none.
    std::string ask(approval::parameters all) {
        asked = {};
        asked.number = 7;
        asked.asked.parameters = std::move(all);
        return kind.prepare(asked.asked);
    }
    /// What takes back what was asked for.
    [[nodiscard]] approval::request undoing() const {
        auto made = asked;
        made.number = 8;
        made.undo_of = asked.number;
        made.asked.plan = asked.asked.undo;
        return made;
    }

    manual_clock clock{*parse_rfc3339("2026-11-20T10:00:00Z")};
    journal::stream lines;
    state::settings settings;
    record::action last;
    action_log actions;
    approval_kind kind;
    approval::request asked;
};

}  // namespace

TEST_CASE("the plan of a policy is read as it was written, and nothing else is") {
    for (const policy_change& change :
         {policy_change{"10-a", "deny a", "deny b"}, policy_change{"10-a", std::nullopt, "+ x"},
          policy_change{"10-a", "- x", std::nullopt}}) {
        CHECK(parse_plan(to_plan(change)) == change);
    }
    for (const auto* text :
         {"", "control/policies/10-a\n", "control/policies/10-a\n+ b\n- a\n",
          "control/budgets/a\n- a\n", "control/policies/10-a\n- a\n+ b\nmore\n"}) {
        CHECK_FALSE(parse_plan(text));
    }
}

TEST_CASE("a policy is added, changed and removed as the plan says, and each is undone") {
    const temporary_directory folder;
    office o(folder.path());
    REQUIRE(o.ask({{"policy", "10-a"}, {"text", " deny a "}}).empty());
    CHECK(o.asked.asked.plan == "control/policies/10-a\n+ deny a");
    CHECK(o.asked.asked.title == "Add the policy 10-a");
    CHECK(o.kind.probe(o.asked) == approval::probe::effect_absent);
    CHECK(o.kind.execute(o.asked).done);
    CHECK(o.now() == "deny a");
    CHECK(o.kind.probe(o.asked) == approval::probe::effect_there);
    CHECK(o.settings.current()->history.back().detail == R"({"to":"deny a","request":"0007"})");
    CHECK(o.kind.execute(o.undoing()).done);
    CHECK(o.now() == "(none)");

    o.write("deny a");
    REQUIRE(o.ask({{"policy", "10-a"}, {"text", "deny b"}}).empty());
    CHECK(o.asked.asked.plan == "control/policies/10-a\n- deny a\n+ deny b");
    CHECK(o.kind.execute(o.asked).done);
    CHECK(o.now() == "deny b");
    CHECK(o.kind.execute(o.undoing()).done);
    CHECK(o.now() == "deny a");

    for (const auto& removal : {approval::parameters{{"policy", "10-a"}, {"text", ""}},
                                approval::parameters{{"policy", "10-a"}, {"delete", "yes"}}}) {
        REQUIRE(o.ask(removal).empty());
        CHECK(o.kind.execute(o.asked).done);
        CHECK(o.now() == "(none)");
        CHECK(o.kind.execute(o.undoing()).done);
        CHECK(o.now() == "deny a");
    }
}

TEST_CASE("a policy that was changed after the request is not overwritten, nor by its undoing") {
    const temporary_directory folder;
    office o(folder.path());
    o.write("deny a");
    REQUIRE(o.ask({{"policy", "10-a"}, {"text", "deny b"}}).empty());
    const auto request = o.asked;
    o.write("deny c");
    const auto refused = o.kind.execute(request);
    CHECK_FALSE(refused.done);
    CHECK(refused.result.find("changed after this was asked for") != std::string::npos);
    CHECK(o.now() == "deny c");
    CHECK(o.kind.probe(request) == approval::probe::unknown);
    o.write("deny a");
    CHECK(o.kind.execute(request).done);
    o.write("deny c");
    CHECK_FALSE(o.kind.execute(o.undoing()).done);
    CHECK(o.now() == "deny c");
}

TEST_CASE("what is no policy, or says nothing new, cannot be asked for") {
    const temporary_directory folder;
    office o(folder.path());
    o.write("deny a");
    for (const auto& [all, told] : std::vector<std::pair<approval::parameters, std::string>>{
             {{{"text", "deny a"}}, "policy=… is missing"},
             {{{"policy", "10-a"}}, "text=… is missing"},
             {{{"policy", "10-a"}, {"text", "let all pass"}}, "is no policy"},
             {{{"policy", "10-a"}, {"text", "deny a"}}, "says that already"},
             {{{"policy", "10-a"}, {"text", "deny b"}, {"delete", "yes"}}, "both given"},
             {{{"policy", "10-a"}, {"delete", "no"}}, "is not yes"},
             {{{"policy", "20-b"}, {"delete", "yes"}}, "there is no policies/20-b"},
             {{{"policy", "../log_level"}, {"text", "deny b"}}, "a name here has"},
             {{{"policy", "10-a"}, {"test", "deny b"}}, "has no \"test\""}}) {
        INFO(told);
        CHECK(o.ask(all).find(told) != std::string::npos);
    }
    auto stranger = o.asked;
    stranger.asked.plan = "let all pass";
    CHECK_FALSE(o.kind.execute(stranger).done);
    CHECK(o.kind.probe(stranger) == approval::probe::unknown);
}
