// Names for which the audit's index has no room are found nevertheless, also once there is some.
#include "ledger/audit_fixture.hpp"

namespace {

using namespace tallyfs;
using namespace std::chrono_literals;
using ledger::audit_query;
using test::audit_state;

TEST_CASE("names beyond the limit are found among the others") {
    audit_state state(1, 20);
    for (int i = 0; i < 30; ++i) {
        std::vector<record::audit_event> events;
        for (int k = 0; k < 100; ++k) {
            events.push_back(state.make());
            events.back().user = "invented_" + std::to_string(i * 100 + k);
            events.back().object = "public.invented_" + std::to_string(k);
        }
        REQUIRE(state.index->add(state.append(events)));
    }
    CHECK(state.index->count().names == 20);
    const auto check = [&] {
        for (const char* user : {"invented_0", "invented_7", "invented_1234", "invented_2999"}) {
            audit_query query;
            query.user = user;
            CAPTURE(user);
            CHECK(state.find(query).size() == 1);
            query.object = "public.invented_99";
            CHECK(state.find(query) == state.find_slowly(query));
        }
        audit_query of_object;
        of_object.object = "public.invented_42";
        CHECK(state.find(of_object).size() == 30);
    };
    check();
    state.open_index();
    CHECK(state.index->was_reset().empty());
    check();
}

TEST_CASE(
    "a name that gets a number of its own late is found also where it was one of the others") {
    audit_state state(1, 20);
    const auto grow = [&](const std::string& prefix, int count) {
        std::vector<record::audit_event> events;
        for (int i = 0; i < count; ++i) {
            events.push_back(state.make());
            events.back().user = prefix + std::to_string(i);
            events.back().object = "public." + prefix + std::to_string(i % 7);
        }
        REQUIRE(state.index->add(state.append(events)));
    };
    const auto check = [&](std::size_t times) {
        for (const char* name : {"late_0", "late_6", "late_599"}) {
            audit_query query;
            query.user = name;
            CAPTURE(name);
            CHECK(state.find(query).size() == times);
            query.object = "public.late_3";
            CHECK(state.find(query) == state.find_slowly(query));
            query = {};
            query.object = "public." + std::string(name);
            CHECK(state.find(query) == state.find_slowly(query));
        }
    };
    grow("first_", 300);  // takes all numbers
    state.clock.advance(24h);
    grow("late_", 600);
    state.clock.advance(24h);
    grow("between_", 300);
    check(1);
    state.lines->turn_day();
    REQUIRE(state.index->forget_day(*day::parse("2026-11-20")));
    REQUIRE(state.lines->remove_day(*day::parse("2026-11-20")));
    const auto names = state.index->count().names;
    CHECK(names < 20);
    grow("late_", 600);
    CHECK(state.index->count().names > names);
    check(2);
    REQUIRE(state.index->flush());
    check(2);
    state.open_index();
    CHECK(state.index->was_reset().empty());
    check(2);
    REQUIRE(state.index->clear());
    state.catch_up();
    check(2);
    state.check_searches(10);
}

}  // namespace
