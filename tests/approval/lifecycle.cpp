#include "approval/world.hpp"

using namespace tallyfs;
using namespace tallyfs::approval;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using tallyfs::approval::test::company;
using tallyfs::approval::test::one_step;
using tallyfs::approval::test::three_steps;
using tallyfs::approval::test::world;

namespace {

chain with_grace() {
    auto rule = three_steps();
    rule.grace_seconds = minutes(10);
    return rule;
}

/// A request that was started and has no end.
std::uint32_t started(world& w) {
    const auto number = w.open("ann");
    w.approve(number, 1, "bea");
    REQUIRE(w.start(number) == std::nullopt);
    return number;
}

}  // namespace

TEST_CASE("an approved request is executed once") {
    world w(one_step());
    const auto number = w.open("ann");
    CHECK(w.start(number) == approval_errc::not_pending);
    w.approve(number, 1, "bea");
    CHECK(w.tick().ready == std::vector<std::uint32_t>{number});
    CHECK(w.start(number) == std::nullopt);
    CHECK(w.start(number) == approval_errc::not_pending);
    CHECK(w.tick().ready.empty());
    CHECK(w.requests.unfinished() == std::vector<std::uint32_t>{number});
    CHECK(w.take(w.requests.finish(number, ending::ok, "allowed", w.now)) == std::nullopt);
    CHECK(w.state_of(number) == state::done);
    CHECK(w.requests.unfinished().empty());
    CHECK(w.start(number) == approval_errc::not_pending);
    CHECK(w.take(w.requests.finish(number, ending::ok, "", w.now)) == approval_errc::not_pending);
    CHECK(w.tick().ready.empty());
}

TEST_CASE("a failed execution is not tried again") {
    world w(one_step());
    const auto number = started(w);
    CHECK(w.take(w.requests.finish(number, ending::failed, std::string(5000, 'x'), w.now)) ==
          std::nullopt);
    CHECK(w.state_of(number) == state::failed);
    CHECK(w.at_number(number).result.size() == result_bytes_max);
    CHECK(w.command(number, "retry: please", "bea") == approval_errc::not_pending);
    CHECK(w.start(number) == approval_errc::not_pending);
}

TEST_CASE("execution waits for the end of the grace time") {
    world w(with_grace());
    const auto number = w.open("ann");
    w.approve_all_three(number);
    w.now += minutes(10) - seconds(1);
    CHECK(w.tick().ready.empty());
    CHECK(w.start(number) == approval_errc::not_pending);
    w.now += seconds(1);
    CHECK(w.tick().ready == std::vector<std::uint32_t>{number});
    CHECK(w.start(number) == std::nullopt);
}

TEST_CASE("the requester and those who approved can withdraw until it starts") {
    for (const auto* const name : {"ann", "bea", "eve"}) {
        world w(with_grace());
        const auto number = w.open("ann");
        w.approve_all_three(number);
        CHECK(w.command(number, "withdraw: second thoughts", name) == std::nullopt);
        CHECK(w.state_of(number) == state::withdrawn);
        CHECK(w.at_number(number).withdrawn->who.person == name);
        w.now += hours(1);
        CHECK(w.tick().ready.empty());
        CHECK(w.start(number) == approval_errc::not_pending);
    }
    world w(with_grace());
    const auto number = w.open("ann");
    CHECK(w.command(number, "withdraw", "hal") == approval_errc::not_allowed);
    CHECK(w.command(number, "withdraw", "bea") == approval_errc::not_allowed);  // not yet approved
    w.approve_all_three(number);
    CHECK(w.command(number, "withdraw", "dora") == approval_errc::not_allowed);
    CHECK(w.take(w.requests.command(number, "withdraw", w.by("bea", known_by::policy), w.at())) ==
          approval_errc::not_allowed);
    CHECK(w.command(number, "widthraw", "ann") == approval_errc::bad_command);
    CHECK(w.sentence.ends_with("; did you mean withdraw?"));
    w.now += minutes(10);
    CHECK(w.start(number) == std::nullopt);
    CHECK(w.command(number, "withdraw", "ann") == approval_errc::already_decided);
}

TEST_CASE("the one for whom a deputy approved can withdraw") {
    auto list = company();
    list[1].deputies = {"fay"};
    world w(with_grace(), list);
    const auto number = w.open("ann");
    w.approve(number, 1, "fay");
    CHECK(w.command(number, "withdraw", "bea") == std::nullopt);
}

TEST_CASE("a pending request expires, once") {
    world w(one_step());
    const auto number = w.open("ann");
    w.now += hours(72) - seconds(1);
    for (const auto& e : w.tick().events) CHECK(name_of(e) == "step_reminded");
    w.now += seconds(1);
    const auto found = w.tick();
    REQUIRE(found.events.size() == 1);
    CHECK(name_of(found.events[0]) == "request_expired");
    CHECK(w.state_of(number) == state::expired);
    CHECK(w.tick().events.empty());
    CHECK(w.decide(number, 1, "approve", "bea") == approval_errc::expired);
    CHECK(w.open("ann") == number + 1);
}

TEST_CASE("an approval that nobody executes for long is not executed any more") {
    world w(one_step());
    const auto number = w.open("ann");
    w.now += hours(71);
    w.approve(number, 1, "bea");
    w.now += hours(71);
    CHECK(w.tick().ready == std::vector<std::uint32_t>{number});
    w.now += hours(1);
    CHECK(w.start(number) == approval_errc::expired);
    CHECK(w.tick().ready.empty());
    CHECK(w.state_of(number) == state::expired);
}

TEST_CASE("a step is reminded of at each interval and not in between") {
    world w(one_step());
    w.open("ann");
    CHECK(w.tick().events.empty());
    w.now += hours(24);
    CHECK(w.tick().events.size() == 1);
    CHECK(w.tick().events.empty());
    w.now += hours(23);
    CHECK(w.tick().events.empty());
    w.now += hours(1);
    CHECK(w.tick().events.size() == 1);
    w.now -= hours(1000);  // the clock was set back
    CHECK(w.tick().events.empty());

    auto silent = one_step();
    silent.remind_seconds = seconds(0);
    world s(silent);
    s.open("ann");
    s.now += hours(71);
    CHECK(s.tick().events.empty());
}

TEST_CASE("after a while the manager of the approver may decide, in their own right") {
    auto rule = three_steps();
    rule.escalate_seconds = hours(4);
    rule.remind_seconds = seconds(0);
    world w(rule);
    const auto number = w.open("ann");
    w.now += hours(4) - seconds(1);
    CHECK(w.tick().events.empty());
    CHECK(w.decide(number, 1, "approve", "gus") == approval_errc::not_allowed);
    w.now += seconds(1);
    CHECK(w.tick().events.size() == 1);
    CHECK(w.tick().events.empty());
    CHECK(waiting_for(w.at_number(number), w.at()).names == std::vector<std::string>{"bea", "gus"});
    CHECK(w.decide(number, 1, "approve", "gus") == std::nullopt);
    CHECK(w.at_number(number).steps[0].decided->capacity == capacity{way::escalation, {}, "bea"});
    // gus is used up; the clock of the next step begins with this one's decision
    CHECK(w.decide(number, 2, "approve", "fay") == approval_errc::not_allowed);
    CHECK(w.tick().events.empty());
    w.approve(number, 2, "carl");
    w.now += hours(4);
    CHECK(w.tick().events.size() == 1);
    CHECK(w.decide(number, 3, "approve", "gus") == approval_errc::person_used);
}

TEST_CASE("after a restart a probe tells whether the effect is there") {
    world w(one_step());
    const auto there = started(w);
    CHECK(w.take(w.requests.probed(there, probe::effect_there, w.now)) == std::nullopt);
    CHECK(w.state_of(there) == state::done);

    const auto absent = started(w);
    CHECK(w.take(w.requests.probed(absent, probe::effect_absent, w.now)) == std::nullopt);
    CHECK(w.state_of(absent) == state::approved);
    CHECK(w.tick().ready == std::vector<std::uint32_t>{absent});

    CHECK(w.take(w.requests.probed(there, probe::effect_there, w.now)) ==
          approval_errc::not_pending);
}

TEST_CASE("an effect that never comes about is tried three times at most") {
    world w(one_step());
    const auto number = started(w);
    for (std::size_t i = 1; i < starts_max; ++i) {
        CHECK(w.take(w.requests.probed(number, probe::effect_absent, w.now)) == std::nullopt);
        CHECK(w.start(number) == std::nullopt);
    }
    CHECK(w.take(w.requests.probed(number, probe::effect_absent, w.now)) == std::nullopt);
    CHECK(w.state_of(number) == state::outcome_unknown);
    CHECK(w.command(number, "retry: the disk was full", "bea") == std::nullopt);
    CHECK(w.start(number) == std::nullopt);
    CHECK(w.take(w.requests.probed(number, probe::effect_absent, w.now)) == std::nullopt);
    CHECK(w.state_of(number) == state::approved);  // three more
}

TEST_CASE("after an unknown outcome a person says done or retry, never the program") {
    world w(one_step());
    const auto number = started(w);
    CHECK(w.take(w.requests.probed(number, probe::unknown, w.now)) == std::nullopt);
    CHECK(w.state_of(number) == state::outcome_unknown);
    CHECK(w.tick().ready.empty());
    CHECK(w.start(number) == approval_errc::not_pending);
    CHECK(w.command(number, "retry: it is not there", "ann") == approval_errc::not_allowed);
    CHECK(w.command(number, "retry: it is not there", "hal") == approval_errc::not_allowed);
    CHECK(w.take(w.requests.command(number, "done: x", w.by("bea", known_by::daemon), w.at())) ==
          approval_errc::not_allowed);
    CHECK(w.command(number, "retry", "bea") == approval_errc::bad_command);
    CHECK(w.command(number, "retry: it is not there", "bea") == std::nullopt);
    CHECK(w.state_of(number) == state::approved);
    CHECK(w.start(number) == std::nullopt);
    CHECK(w.take(w.requests.lose(number, "no answer", w.now)) == std::nullopt);
    CHECK(w.command(number, "done: seen it", "bea") == std::nullopt);
    CHECK(w.state_of(number) == state::done);
    CHECK(w.at_number(number).settlements.size() == 2);
    CHECK(w.command(number, "done: seen it", "bea") == approval_errc::not_pending);
}

TEST_CASE("how an unknown outcome goes on is said by somebody known well enough") {
    auto rule = one_step();
    rule.steps[0].accepted = {known_by::token};
    world w(rule);
    const auto number = w.open("ann");
    CHECK(w.decide(number, 1, "approve", "bea", known_by::token) == std::nullopt);
    CHECK(w.start(number) == std::nullopt);
    CHECK(w.take(w.requests.lose(number, "", w.now)) == std::nullopt);
    CHECK(w.command(number, "retry: x", "bea") == approval_errc::not_known_by);
}

TEST_CASE("the requester does not say how an unknown outcome of several steps goes on") {
    auto list = company();
    list[0].roles = {"security"};  // ann
    world w(three_steps(), list);
    const auto number = w.open("ann");
    w.approve_all_three(number);
    CHECK(w.start(number) == std::nullopt);
    CHECK(w.take(w.requests.lose(number, "", w.now)) == std::nullopt);
    CHECK(w.command(number, "retry: x", "ann") == approval_errc::not_allowed);
    CHECK(w.command(number, "retry: x", "carl") == std::nullopt);
}

TEST_CASE("an unknown outcome is not tried again without end") {
    world w(one_step());
    const auto number = started(w);
    for (std::size_t i = 0; i < settlements_max; ++i) {
        CHECK(w.take(w.requests.lose(number, "", w.now)) == std::nullopt);
        CHECK(w.command(number, "retry: x", "bea") == std::nullopt);
        CHECK(w.start(number) == std::nullopt);
    }
    CHECK(w.take(w.requests.lose(number, "", w.now)) == std::nullopt);
    CHECK(w.command(number, "retry: x", "bea") == approval_errc::too_many);
    CHECK(w.command(number, "done: x", "bea") == std::nullopt);
}
