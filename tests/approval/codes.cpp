#include "approval/world.hpp"

#include <tallyfs/base/text.hpp>

using namespace tallyfs;
using namespace tallyfs::approval;
using tallyfs::approval::test::one_step;
using tallyfs::approval::test::three_steps;
using tallyfs::approval::test::world;

namespace {

chain with_code() {
    auto rule = one_step();
    rule.steps[0].code_required = true;
    return rule;
}

std::string upper(std::string text) {
    for (auto& c : text) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c;
    return text;
}

}  // namespace

TEST_CASE("a step that needs the code takes no approval without it") {
    world w(with_code());
    const auto number = w.open("ann");
    const auto code = plan_code(w.at_number(number).request);
    REQUIRE(code.size() == 8);
    CHECK(w.decide(number, 1, "approve", "bea") == approval_errc::code_needed);
    CHECK(w.sentence.find("approvals/pending/0001-cloud-model/evidence.md") != std::string::npos);
    CHECK(w.decide(number, 1, "approve " + code.substr(0, 7), "bea") == approval_errc::wrong_code);
    CHECK(w.decide(number, 1, "approve 00000000", "bea") == approval_errc::wrong_code);
    CHECK(w.decide(number, 1, "approve " + code + "x", "bea") == approval_errc::wrong_code);
    CHECK(w.sentence.find("read approvals/pending/0001-cloud-model/evidence.md again") !=
          std::string::npos);
    CHECK(w.decide(number, 1, "approve " + upper(code), "bea") == std::nullopt);
    CHECK(w.at_number(number).steps[0].decided->code_given);
}

TEST_CASE("a rejection needs no code") {
    world w(with_code());
    const auto number = w.open("ann");
    CHECK(w.decide(number, 1, "reject: no", "bea") == std::nullopt);
}

TEST_CASE("a wrong code is refused where none is needed, too") {
    world w(one_step());
    const auto number = w.open("ann");
    CHECK(w.decide(number, 1, "approve 00000000", "bea") == approval_errc::wrong_code);
    CHECK(w.decide(number, 1, "approve", "bea") == std::nullopt);
}

TEST_CASE("new evidence makes codes given out before void") {
    world w(with_code());
    const auto number = w.open("ann");
    const auto old = plan_code(w.at_number(number).request);
    const auto plan = w.at_number(number).request.asked.plan;
    CHECK(w.take(w.requests.revise(number, "7 refused calls", plan, w.by("ann"), w.at())) ==
          std::nullopt);
    const auto fresh = plan_code(w.at_number(number).request);
    CHECK(fresh != old);
    CHECK(w.decide(number, 1, "approve " + old, "bea") == approval_errc::wrong_code);
    CHECK(w.decide(number, 1, "approve " + fresh, "bea") == std::nullopt);
}

TEST_CASE("every part of a request is in its hash") {
    request r;
    r.number = 1;
    r.asked = world::cloud_model();
    r.asked.title = "title";
    r.requester = {"ann", 1001, known_by::uid};
    r.created = test::start_time;
    const auto hash = plan_hash(r);
    CHECK(hash.size() == 64);
    CHECK(plan_hash(r) == hash);
    const std::vector<void (*)(request&)> changes{
        [](request& x) { x.number = 2; },
        [](request& x) { x.asked.kind = "budget"; },
        [](request& x) { x.asked.environment = "prod"; },
        [](request& x) { x.asked.title += '.'; },
        [](request& x) { x.asked.reason += '.'; },
        [](request& x) { x.asked.parameters["model"] = "x"; },
        [](request& x) { x.asked.parameters["more"] = ""; },
        [](request& x) { x.asked.evidence += '.'; },
        [](request& x) { x.asked.plan += '.'; },
        [](request& x) { x.asked.undo += '.'; },
        [](request& x) { x.asked.callback = "https://example.org"; },
        [](request& x) { x.requester.person = "hal"; },
        [](request& x) { x.requester.uid = 0; },
        [](request& x) { x.created += std::chrono::microseconds(1); },
        [](request& x) { x.chain.steps[0].role = "hal"; },
        [](request& x) { x.chain.grace_seconds += std::chrono::seconds(1); },
        [](request& x) { x.undo_of = 7; }};
    for (std::size_t i = 0; i < changes.size(); ++i) {
        INFO(i);
        auto changed = r;
        changes[i](changed);
        CHECK(plan_hash(changed) != hash);
    }
}

TEST_CASE("new evidence or a new plan starts the chain again") {
    world w(three_steps());
    const auto number = w.open("ann");
    w.approve(number, 1, "bea");
    w.approve(number, 2, "carl");
    const auto asked = w.at_number(number).request.asked;
    CHECK(w.take(w.requests.revise(number, asked.evidence, asked.plan, w.by("ann"), w.at())) ==
          std::nullopt);
    CHECK(w.at_number(number).current_step() == 3);  // nothing is new
    CHECK(w.take(w.requests.revise(number, asked.evidence, "another", w.by("hal"), w.at())) ==
          approval_errc::not_allowed);
    CHECK(w.take(w.requests.revise(number, asked.evidence, "another",
                                   identity{{}, {}, known_by::daemon}, w.at())) == std::nullopt);
    const auto& e = w.at_number(number);
    CHECK(e.current_step() == 1);
    CHECK(e.void_decisions.size() == 2);
    CHECK(e.request.asked.plan == "another");
    w.approve_all_three(number);  // the same people again: what they decided on was another thing
    CHECK(w.state_of(number) == state::approved);
    CHECK(w.take(w.requests.revise(number, "more", "another", w.by("ann"), w.at())) ==
          std::nullopt);
    CHECK(w.state_of(number) == state::pending);
    CHECK(w.tick().ready.empty());
}

TEST_CASE("evidence is replaced neither without end nor once it is executed") {
    world w(one_step());
    const auto number = w.open("ann");
    const auto revise = [&](const std::string& evidence) {
        return w.take(w.requests.revise(number, evidence, "plan", w.by("ann"), w.at()));
    };
    for (std::size_t i = 0; i < revisions_max; ++i) {
        CHECK(revise(std::to_string(i)) == std::nullopt);
    }
    CHECK(revise("once more") == approval_errc::too_many);
    CHECK(revise(std::string(evidence_bytes_max + 1, 'e')) == approval_errc::too_large);
    w.approve(number, 1, "bea");
    CHECK(w.start(number) == std::nullopt);
    CHECK(revise("too late") == approval_errc::already_decided);
}
