#include "approval/world.hpp"

using namespace tallyfs::approval;
using tallyfs::approval::test::three_steps;
using tallyfs::approval::test::world;

TEST_CASE("a request goes through its steps in order and is then executed once") {
    world w(three_steps());
    const auto number = w.open("ann");
    CHECK(number == 1);
    CHECK(w.decide(number, 2, "approve", "carl") == approval_errc::not_pending);
    CHECK(w.sentence == "step 1 (manager) comes first");
    w.approve_all_three(number);
    CHECK(w.state_of(number) == state::approved);
    CHECK(w.tick().ready == std::vector<std::uint32_t>{number});
    CHECK(w.start(number) == std::nullopt);
    CHECK(w.start(number) == approval_errc::not_pending);
    CHECK(w.requests.unfinished() == std::vector<std::uint32_t>{number});
    CHECK(w.take(w.requests.finish(number, ending::ok, "allowed", w.now)) == std::nullopt);
    CHECK(w.state_of(number) == state::done);
    CHECK(w.start(number) == approval_errc::not_pending);
    CHECK(w.take(w.requests.finish(number, ending::ok, "", w.now)) == approval_errc::not_pending);
    CHECK(w.tick().ready.empty());
}

TEST_CASE("every event is the same after a round trip through its text") {
    world w(three_steps());
    const auto number = w.open("ann");
    w.approve(number, 1, "bea");
    for (const auto& e : w.journal) {
        INFO(event_text(e));
        const auto again = parse_event(event_text(e));
        REQUIRE(again);
        CHECK(*again == e);
    }
}
