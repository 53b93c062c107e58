#include "trail/decisions.hpp"

using namespace tallyfs;
using namespace tallyfs::test;
using namespace std::chrono_literals;

namespace {

audit::tally counted(const decisions& with, std::int64_t events, bool over = false) {
    audit::tally made;
    made.id = {audit::rule::person_dml, "prod/orders-cl", "jd",
               audit::window_of(with.clock.wall())};
    made.events = made.statements = made.believable = events;
    made.first_number = 1;
    made.last_number = static_cast<std::uint64_t>(events);
    made.first_logged = made.last_logged = made.id.window + 1s;
    made.sessions = {"s1"};
    made.text = "DELETE public.orders";
    made.over = over;
    return made;
}

error_code say(trail::alerts& to, std::uint32_t number, const std::string& text) {
    std::promise<error_code> answered;
    auto answer = answered.get_future();
    to.decide({}, number, text, [&answered](const error_code& code) { answered.set_value(code); });
    return answer.get();
}

}  // namespace

TEST_CASE("an alert that is closed within its window stays so when that is over") {
    decisions with;
    trail::alerts alerts(with.for_alerts());
    REQUIRE(alerts.report({counted(with, 1)}));
    // Seen, and no action yet: while a window is open only what opens or pages is one.
    REQUIRE(alerts.report({counted(with, 2)}));
    CHECK(alerts.find(1)->tally.events == 2);
    CHECK_FALSE(say(alerts, 1, "close: planned clean-up"));
    const auto end = with.actions.head().lines;
    REQUIRE(alerts.report({counted(with, 2, true)}));
    CHECK(with.actions.head().lines == end);
    CHECK(alerts.find(1)->state == audit::alert_state::closed);
    CHECK(alerts.find(1)->tally.events == 2);
    // What comes after that opens it again, and who closed it is not who opened it.
    REQUIRE(alerts.report({counted(with, 3, true)}));
    CHECK(alerts.find(1)->state == audit::alert_state::open);
    CHECK(alerts.find(1)->by.empty());
}

TEST_CASE("many alerts at once are recorded in pieces, and nobody is told of old windows") {
    decisions with;
    trail::alerts alerts(with.for_alerts());
    std::vector<audit::tally> all;
    for (int i = 0; i < 40; ++i) {
        all.push_back(counted(with, 1));
        all.back().id.window -= i * 2h;
        all.back().id.rule = audit::rule::bulk_delete;
    }
    REQUIRE(alerts.report(all));
    REQUIRE(alerts.open().size() == 40);
    for (const auto& one : alerts.open()) {
        INFO(to_rfc3339(one.tally.id.window));
        CHECK(one.paged == (one.tally.id.window >= with.clock.wall() - 72h));
    }
}
