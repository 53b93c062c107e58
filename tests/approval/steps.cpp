#include "approval/world.hpp"

using namespace tallyfs;
using namespace tallyfs::approval;
using tallyfs::approval::test::company;
using tallyfs::approval::test::human;
using tallyfs::approval::test::one_step;
using tallyfs::approval::test::three_steps;
using tallyfs::approval::test::world;

namespace {

std::vector<person> with(const std::string& name, void (*change)(person&)) {
    auto list = company();
    for (auto& p : list) {
        if (p.name == name) change(p);
    }
    return list;
}

}  // namespace

TEST_CASE("a request goes through its steps in order") {
    world w(three_steps());
    const auto number = w.open("ann");
    CHECK(number == 1);
    CHECK(w.decide(number, 2, "approve", "carl") == approval_errc::not_pending);
    CHECK(w.sentence == "step 1 (manager) comes first");
    CHECK(w.decide(number, 3, "reject: no", "eve") == approval_errc::not_pending);
    w.approve_all_three(number);
    CHECK(w.state_of(number) == state::approved);
}

TEST_CASE("one rejection stops a request, and says why") {
    world w(three_steps());
    const auto number = w.open("ann");
    w.approve(number, 1, "bea");
    CHECK(w.decide(number, 2, "reject", "carl") == approval_errc::bad_command);
    CHECK(w.decide(number, 2, "reject:  ", "carl") == approval_errc::bad_command);
    CHECK(w.decide(number, 2, "reject: not in prod", "carl") == std::nullopt);
    CHECK(w.state_of(number) == state::rejected);
    CHECK(w.at_number(number).steps[1].decided->reason == "not in prod");
    CHECK(w.decide(number, 3, "approve", "eve") == approval_errc::already_decided);
    CHECK(w.tick().ready.empty());
}

TEST_CASE("a decided step is not decided again") {
    world w(three_steps());
    const auto number = w.open("ann");
    w.approve(number, 1, "bea");
    CHECK(w.decide(number, 1, "reject: second thoughts", "bea") == approval_errc::already_decided);
    CHECK(w.decide(number, 1, "approve", "gus") == approval_errc::already_decided);
    w.approve(number, 2, "carl");
    w.approve(number, 3, "eve");
    CHECK(w.decide(number, 3, "approve", "eve") == approval_errc::already_decided);
}

TEST_CASE("only who holds the role decides, and root has none by being root") {
    world w(three_steps());
    const auto number = w.open("ann");
    CHECK(w.decide(number, 1, "approve", "carl") == approval_errc::not_allowed);
    CHECK(w.sentence == "carl does not hold the role manager here; it can be decided by bea");
    for (const std::uint32_t uid : {0U, 4711U}) {
        CHECK(w.take(w.requests.decide(number, 1, "approve", world::stranger(uid), w.at())) ==
              approval_errc::not_allowed);
    }
}

TEST_CASE("the uid of the kernel counts, not a claimed name") {
    world w(three_steps());
    const auto number = w.open("ann");
    const identity claimed{"bea", 1003, known_by::uid};
    CHECK(w.take(w.requests.decide(number, 1, "approve", claimed, w.at())) ==
          approval_errc::not_allowed);
    const identity nobody{"bea", std::nullopt, known_by::uid};
    CHECK(w.take(w.requests.decide(number, 1, "approve", nobody, w.at())) ==
          approval_errc::not_allowed);
}

TEST_CASE("neither the daemon nor a policy decides, in whatever name") {
    world w(one_step());
    const auto number = w.open("ann");
    for (const auto how : {known_by::daemon, known_by::policy}) {
        CHECK(w.decide(number, 1, "approve", "bea", how) == approval_errc::not_allowed);
    }
    CHECK(w.decide(number, 1, "approve", "bea", known_by::chat) == std::nullopt);
}

TEST_CASE("the requester decides nothing in a chain of several steps") {
    auto list = with("ann", [](person& p) { p.roles = {"database", "owner"}; });
    world w(three_steps(), list);
    const auto number = w.open("ann");
    w.approve(number, 1, "bea");
    CHECK(w.decide(number, 2, "approve", "ann") == approval_errc::own_request);
    CHECK(w.decide(number, 2, "reject: no", "ann") == approval_errc::own_request);
    CHECK(w.decide(number, 2, "delegate ann: knows it", "carl") == approval_errc::own_request);
    CHECK(waiting_for(w.at_number(number), w.at()).names ==
          std::vector<std::string>{"carl", "dora"});

    world alone(one_step(), list);
    const auto own = alone.open("ann");
    CHECK(alone.decide(own, 1, "approve", "ann") == std::nullopt);
}

TEST_CASE("nobody decides for the requester in a chain of several steps") {
    world w(three_steps(), with("ann", [](person& p) {
                p.roles = {"database"};
                p.deputies = {"hal"};
            }));
    const auto number = w.open("ann");
    w.approve(number, 1, "bea");
    CHECK(w.decide(number, 2, "approve", "hal") == approval_errc::not_allowed);
}

TEST_CASE("a request by policy is the request of the person behind the uid") {
    auto list = with("ann", [](person& p) { p.roles = {"database"}; });
    world w(three_steps(), list);
    const auto number = w.open(identity{"uid:1001", std::nullopt, known_by::policy});
    CHECK(w.at_number(number).request.requester.person == "ann");
    w.approve(number, 1, "bea");
    CHECK(w.decide(number, 2, "approve", "ann") == approval_errc::own_request);
}

TEST_CASE("one person takes one step") {
    world w(three_steps(), with("bea", [](person& p) { p.roles = {"owner", "database"}; }));
    const auto number = w.open("ann");
    w.approve(number, 1, "bea");
    CHECK(w.decide(number, 2, "approve", "bea") == approval_errc::person_used);
    CHECK(w.decide(number, 2, "reject: no", "bea") == approval_errc::person_used);
    CHECK(w.decide(number, 2, "delegate bea: has time", "carl") == approval_errc::person_used);
    w.approve(number, 2, "carl");
}

TEST_CASE("a deputy counts as the one for whom it decides, and both are used up") {
    auto list = with("bea", [](person& p) {
        p.deputies = {"carl"};
        p.roles = {"database"};
    });
    world w(three_steps(), list);
    const auto number = w.open("ann");
    w.approve(number, 1, "carl");
    CHECK(w.at_number(number).steps[0].decided->who.person == "carl");
    CHECK(w.at_number(number).steps[0].decided->capacity == capacity{way::deputy, "bea", {}});
    CHECK(w.decide(number, 2, "approve", "carl") == approval_errc::person_used);
    CHECK(w.decide(number, 2, "approve", "bea") == approval_errc::person_used);
    w.approve(number, 2, "dora");
}

TEST_CASE("who stands for two people decides for the one who is not used up") {
    auto list = company();
    list[2].deputies = {"fay"};  // carl
    list[3].deputies = {"fay"};  // dora
    list[3].roles.emplace_back("security");
    chain rule;
    rule.steps = {{"database", {}, false}, {"security", {}, false}};
    world w(rule, list);
    const auto number = w.open("ann");
    w.approve(number, 1, "carl");
    CHECK(w.decide(number, 2, "approve", "fay") == std::nullopt);
    CHECK(w.at_number(number).steps[1].decided->capacity.for_whom == "dora");

    world other(rule, list);
    const auto second = other.open("ann");
    other.approve(second, 1, "dora");
    CHECK(other.decide(second, 2, "approve", "fay") == approval_errc::person_used);
}

TEST_CASE("a deputy's deputy stands for nobody") {
    auto list = with("bea", [](person& p) { p.deputies = {"fay"}; });
    list[5].deputies = {"hal"};  // fay
    world w(three_steps(), list);
    const auto number = w.open("ann");
    CHECK(w.decide(number, 1, "approve", "hal") == approval_errc::not_allowed);
    w.approve(number, 1, "fay");
}

TEST_CASE("a delegation holds from its first moment until its last, exclusively") {
    world w(three_steps(), with("bea", [](person& p) {
                p.delegations = {{"fay", test::start_time + std::chrono::hours(1),
                                  test::start_time + std::chrono::hours(2), "holiday"}};
            }));
    const auto number = w.open("ann");
    CHECK(w.decide(number, 1, "approve", "fay") == approval_errc::not_allowed);
    w.now += std::chrono::hours(2);
    CHECK(w.decide(number, 1, "approve", "fay") == approval_errc::not_allowed);
    w.now -= std::chrono::hours(1);
    CHECK(w.decide(number, 1, "approve", "fay") == std::nullopt);
    CHECK(w.at_number(number).steps[0].decided->capacity.way == way::delegation);
}

TEST_CASE("a step is handed over with a reason, and the record says by whom") {
    world w(three_steps());
    const auto number = w.open("ann");
    CHECK(w.decide(number, 1, "delegate fay", "bea") == approval_errc::bad_command);
    CHECK(w.sentence == "say why: delegate NAME: REASON");
    CHECK(w.decide(number, 1, "delegate: knows it", "bea") == approval_errc::bad_command);
    CHECK(w.decide(number, 1, "delegate fya: knows it", "bea") == approval_errc::bad_command);
    CHECK(w.sentence == "there is no person fya; did you mean fay?");
    CHECK(w.decide(number, 1, "delegate bea: myself", "bea") == approval_errc::bad_command);
    CHECK(w.decide(number, 1, "delegate hal: knows it", "fay") == approval_errc::not_allowed);
    CHECK(w.decide(number, 1, "delegate fay: knows it", "bea") == std::nullopt);
    CHECK(w.decide(number, 1, "delegate hal: me not", "fay") == approval_errc::not_allowed);
    CHECK(w.decide(number, 1, "approve", "fay") == std::nullopt);
    CHECK(w.at_number(number).steps[0].decided->capacity == capacity{way::handed, "bea", {}});
    CHECK(w.at_number(number).steps[0].delegated[0].reason == "knows it");
}

TEST_CASE("who handed a step over as a deputy is used up with it") {
    auto list = with("bea", [](person& p) { p.deputies = {"carl"}; });
    world w(three_steps(), list);
    const auto number = w.open("ann");
    CHECK(w.decide(number, 1, "delegate fay: knows it", "carl") == std::nullopt);
    w.approve(number, 1, "fay");
    CHECK(w.at_number(number).steps[0].decided->capacity == capacity{way::handed, "bea", "carl"});
    CHECK(w.decide(number, 2, "approve", "carl") == approval_errc::person_used);
    w.approve(number, 2, "dora");
}

TEST_CASE("a step handed over by one who lost the role since is not decided") {
    world w(three_steps());
    const auto number = w.open("ann");
    CHECK(w.decide(number, 1, "delegate fay: knows it", "bea") == std::nullopt);
    auto list = company();
    list[0].manager = "gus";  // ann has another manager now
    w.who = people(list);
    CHECK(w.decide(number, 1, "approve", "fay") == approval_errc::not_allowed);
    w.approve(number, 1, "gus");
}

TEST_CASE("a step is handed over ten times at most") {
    world w(three_steps());
    const auto number = w.open("ann");
    for (std::size_t i = 0; i < delegations_max; ++i) {
        CHECK(w.decide(number, 1, "delegate fay: again", "bea") == std::nullopt);
    }
    CHECK(w.decide(number, 1, "delegate fay: again", "bea") == approval_errc::too_many);
}

TEST_CASE("a step can demand how the person is known") {
    auto rule = one_step();
    rule.steps[0].accepted = {known_by::token, known_by::sso};
    world w(rule);
    const auto number = w.open("ann");
    CHECK(w.decide(number, 1, "approve", "bea") == approval_errc::not_known_by);
    CHECK(w.sentence == "this step counts only who is known by token, sso, not by uid");
    CHECK(w.decide(number, 1, "approve", "bea", known_by::chat) == approval_errc::not_known_by);
    CHECK(w.decide(number, 1, "approve", "bea", known_by::token) == std::nullopt);
    CHECK(w.at_number(number).steps[0].decided->who.how == known_by::token);
}

TEST_CASE("a decision that is not understood changes nothing and names the nearest verb") {
    world w(one_step());
    const auto number = w.open("ann");
    for (const auto* const text : {"", " \n", "aprove", "yes", "approve: because", "reject no",
                                   "delegate", "reject me: no", "\xff\xfe"}) {
        INFO(text);
        CHECK(w.decide(number, 1, text, "bea") == approval_errc::bad_command);
    }
    CHECK(w.decide(number, 1, "aprove", "bea") == approval_errc::bad_command);
    CHECK(w.sentence.ends_with("; did you mean approve?"));
    CHECK(w.decide(number, 1, std::string(20'000, 'a'), "bea") == approval_errc::too_large);
    CHECK(w.decide(number, 1, "reject: " + std::string(1001, 'a'), "bea") ==
          approval_errc::too_large);
    CHECK(w.state_of(number) == state::pending);
    CHECK(w.decide(number, 1, "  APPROVE\r\n", "bea") == std::nullopt);
}

TEST_CASE("what does not exist has its own error") {
    world w(one_step());
    const auto number = w.open("ann");
    CHECK(w.decide(number + 1, 1, "approve", "bea") == approval_errc::unknown_number);
    CHECK(w.decide(number, 0, "approve", "bea") == approval_errc::unknown_number);
    CHECK(w.decide(number, 2, "approve", "bea") == approval_errc::unknown_number);
    CHECK(w.command(9, "withdraw", "ann") == approval_errc::unknown_number);
    CHECK(w.object(9, "no", "ann") == approval_errc::unknown_number);
    CHECK(w.start(9) == approval_errc::unknown_number);
}

TEST_CASE("a decision after expiry is refused, also before the clock has ticked") {
    world w(one_step());
    const auto number = w.open("ann");
    w.now += std::chrono::hours(72);
    CHECK(w.decide(number, 1, "approve", "bea") == approval_errc::expired);
    CHECK(w.object(number, "late", "hal") == approval_errc::expired);
    CHECK(w.command(number, "withdraw", "ann") == approval_errc::expired);
    w.now -= std::chrono::microseconds(1);
    CHECK(w.decide(number, 1, "approve", "bea") == std::nullopt);
}
