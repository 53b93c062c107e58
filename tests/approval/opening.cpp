#include "approval/world.hpp"

using namespace tallyfs;
using namespace tallyfs::approval;
using std::chrono::hours;
using tallyfs::approval::test::company;
using tallyfs::approval::test::one_step;
using tallyfs::approval::test::three_steps;
using tallyfs::approval::test::world;

namespace {

draft undoable() {
    auto asked = world::cloud_model();
    asked.undo = "forbid it again\n";
    return asked;
}

}  // namespace

TEST_CASE("the same open request is opened once") {
    world w(one_step());
    const auto number = w.open("ann");
    const auto again = w.requests.open(world::cloud_model(), w.by("ann"), w.rule, w.at());
    REQUIRE(again);
    CHECK(again->number == number);
    CHECK(again->existing);
    CHECK(again->events.empty());
    CHECK(w.open("hal") == number + 1);
    auto other = world::cloud_model();
    other.parameters["model"] = "another-cloud";
    CHECK(w.open(w.by("ann"), other) == number + 2);
    other.environment = "prod";
    CHECK(w.open(w.by("ann"), other) == number + 3);
    CHECK(w.decide(number, 1, "reject: no", "bea") == std::nullopt);
    CHECK(w.open("ann") == number + 4);
    w.now += hours(72);  // the clock has not ticked yet
    CHECK(w.open("ann") == number + 5);
}

TEST_CASE("another title, evidence or callback is another request, except from a policy") {
    world w(one_step());
    auto asked = world::cloud_model();
    const auto number = w.open(w.by("ann"), asked);
    asked.title = "Something else";
    CHECK(w.open(w.by("ann"), asked) == number + 1);
    asked.evidence = "another list";
    CHECK(w.open(w.by("ann"), asked) == number + 2);
    asked.callback = "http://127.0.0.1/a";
    CHECK(w.open(w.by("ann"), asked) == number + 3);
    CHECK(w.open(w.by("ann"), asked) == number + 3);
    const identity policy{"uid:7", std::nullopt, known_by::policy};
    const auto first = w.open(policy, world::cloud_model());
    asked = world::cloud_model();
    asked.evidence = "from another service";
    CHECK(w.open(policy, asked) == first);
}

TEST_CASE("a stranger may ask, under the name of the uid") {
    world w(one_step());
    const auto number = w.open(world::stranger(1234));
    CHECK(w.at_number(number).request.requester.person == "uid:1234");
    CHECK(w.take(w.requests.command(number, "withdraw", world::stranger(1234), w.at())) ==
          std::nullopt);
}

TEST_CASE("a request that nobody could ever decide is refused at once") {
    world w(three_steps());
    auto refused = w.requests.open(world::cloud_model(), world::stranger(1234), w.rule, w.at());
    REQUIRE(!refused);
    CHECK(refused.error().code == make_error_code(approval_errc::nobody_decides));
    CHECK(refused.error().sentence.find("no manager of uid:1234") != std::string::npos);
    w.rule.steps[1].role = "astronaut";
    refused = w.requests.open(world::cloud_model(), w.by("ann"), w.rule, w.at());
    REQUIRE(!refused);
    CHECK(refused.error().sentence.find("nobody holds the role astronaut") != std::string::npos);
    refused = w.requests.open(world::cloud_model(), w.by("gus"), three_steps(), w.at());
    REQUIRE(!refused);
    auto alone = company();
    alone[4].roles = {};
    alone[0].roles = {"security"};  // ann, and nobody else
    w.who = people(alone);
    refused = w.requests.open(world::cloud_model(), w.by("ann"), three_steps(), w.at());
    REQUIRE(!refused);
    CHECK(refused.error().sentence.find("nobody but ann holds the role security") !=
          std::string::npos);
    auto endless = one_step();
    endless.expires_seconds = std::chrono::hours(24 * 1000);
    refused = w.requests.open(world::cloud_model(), w.by("ann"), endless, w.at());
    REQUIRE(!refused);
    CHECK(refused.error().sentence.find("over a year") != std::string::npos);
}

TEST_CASE("open requests are bounded, of one requester and of all") {
    world w(one_step());
    const auto ask = [&](std::uint32_t uid, std::size_t index) {
        auto asked = world::cloud_model();
        asked.parameters["index"] = std::to_string(index);
        const auto opened = w.requests.open(asked, world::stranger(uid), w.rule, w.at());
        if (opened) w.keep(opened->events);
        return opened.has_value();
    };
    for (std::size_t i = 0; i < open_requests_max; ++i) {
        const auto uid = static_cast<std::uint32_t>(5000 + i / open_requests_each_max);
        REQUIRE(ask(uid, i));
        if (i + 1 == open_requests_each_max) CHECK(!ask(uid, i + 1));
    }
    CHECK(!ask(9000, 0));
    CHECK(w.command(1, "withdraw", "hal") == approval_errc::not_allowed);
    CHECK(w.take(w.requests.command(1, "withdraw", world::stranger(5000), w.at())) == std::nullopt);
    CHECK(ask(9000, 0));
}

TEST_CASE("of finished requests the newest thousand are kept") {
    world w(one_step());
    for (std::size_t i = 0; i <= finished_requests_max; ++i) {
        const auto number = w.open("ann");
        CHECK(w.command(number, "withdraw", "ann") == std::nullopt);
    }
    CHECK(w.requests.find(1) == nullptr);
    CHECK(w.requests.find(2) != nullptr);
    CHECK(w.requests.entries().size() == finished_requests_max);
}

TEST_CASE("what is done is undone by a request of its own, once") {
    world w(one_step());
    const auto number = w.open(w.by("ann"), undoable());
    const auto undo = [&](const std::string& reason, const std::string& name) {
        return w.requests.undo(number, reason, w.by(name), w.rule, w.at());
    };
    CHECK(undo("not needed any more", "ann").error().code ==
          make_error_code(approval_errc::not_pending));
    w.approve(number, 1, "bea");
    CHECK(w.start(number) == std::nullopt);
    w.keep(*w.requests.finish(number, ending::ok, "", w.now));
    CHECK(undo(" ", "ann").error().code == make_error_code(approval_errc::bad_command));
    const auto opened = undo("not needed any more", "ann");
    REQUIRE(opened);
    w.keep(opened->events);
    CHECK(w.at_number(opened->number).request.asked.plan == "forbid it again\n");
    CHECK(w.at_number(opened->number).request.undo_of == number);
    const auto again = undo("me too", "hal");
    REQUIRE(again);
    CHECK(again->existing);
    CHECK(again->number == opened->number);
    CHECK(w.start(opened->number) == approval_errc::not_pending);
    w.approve(opened->number, 1, "bea");
    CHECK(w.start(opened->number) == std::nullopt);
    w.keep(*w.requests.finish(opened->number, ending::ok, "", w.now));
    CHECK(w.at_number(number).undone_by == opened->number);
    CHECK(undo("again", "ann").error().code == make_error_code(approval_errc::not_pending));
    CHECK(w.requests.undo(opened->number, "redo", w.by("ann"), w.rule, w.at()).error().code ==
          make_error_code(approval_errc::bad_command));
}
