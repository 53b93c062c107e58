#include "trail/decisions.hpp"

using namespace tallyfs;
using namespace tallyfs::test;
using namespace std::chrono_literals;

namespace {

approval::request asked(state::approval_kind& kind, decisions& with, const std::string& duration) {
    approval::request made;
    made.number = 7;
    made.asked.parameters = {
        {"user", "jd"}, {"cluster", "orders-cl"}, {"for", duration}, {"ticket", "DB-123"}};
    made.created = with.clock.wall();
    REQUIRE(kind.prepare(made.asked).empty());
    return made;
}

}  // namespace

TEST_CASE("work that is approved hours after it was asked for is expected from then on") {
    decisions with;
    trail::expectations expected(with.for_expectations());
    auto kind = expected.kind();
    const auto request = asked(kind, with, "4h");
    const auto begins = with.clock.wall();
    with.clock.advance(3h);
    CHECK(kind.probe(request) == approval::probe::effect_absent);
    const auto done = kind.execute(request);
    INFO(done.result);
    CHECK(done.done);
    REQUIRE(expected.list()->size() == 1);
    CHECK(expected.list()->front().from == begins + 3h);
    CHECK(expected.list()->front().until == begins + 4h);
    CHECK(kind.probe(request) == approval::probe::effect_there);
}

TEST_CASE("work whose time has passed when it is approved is not announced") {
    decisions with;
    trail::expectations expected(with.for_expectations());
    auto kind = expected.kind();
    const auto request = asked(kind, with, "1h");
    with.clock.advance(1h);
    CHECK_FALSE(kind.execute(request).done);
    CHECK(expected.list()->empty());
}

TEST_CASE("announced work is known for a month after its end, for logs that are read late") {
    decisions with;
    trail::expectations expected(with.for_expectations());
    audit::expected_work work;
    work.user = "jd";
    work.cluster = "orders-cl";
    const auto announce = [&](const std::string& ticket) {
        work.ticket = ticket;
        work.from = with.clock.wall();
        work.until = work.from + 1h;
        REQUIRE(expected.announce_own(work));
    };
    announce("DB-1");
    with.clock.advance(29 * 24h);
    announce("DB-2");
    CHECK(expected.list()->size() == 2);
    with.clock.advance(2 * 24h);
    announce("DB-3");
    CHECK(expected.list()->size() == 2);
    CHECK(expected.list()->front().ticket == "DB-2");
}
