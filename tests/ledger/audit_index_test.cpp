// The audit's index finds what reading every line finds, whatever happened to it.
#include "ledger/audit_fixture.hpp"

namespace {

using namespace tallyfs;
using namespace std::chrono_literals;
using ledger::audit_query;
using test::audit_state;

day date_of(std::string_view text) {
    return day::parse(text).value();
}

TEST_CASE("a search finds what reading all lines finds, in memory and in the file") {
    audit_state state(GENERATE(1U, 2U, 3U));
    for (int step = 0; step < 40; ++step) {
        state.grow(state.pick(200));
        state.clock.advance(std::chrono::minutes(state.pick(300)));
        if (state.pick(3) == 0) REQUIRE(state.index->flush());
        if (step % 8 == 0) state.check_searches(4);
    }
    state.check_searches(25);
    const auto end = state.lines->end();
    state.open();
    CHECK(state.index->was_reset().empty());
    CHECK((state.index->checkpoint() == end));
    state.check_searches(25);
}

TEST_CASE("a search of few events reads few lines") {
    audit_state state;
    for (int i = 0; i < 100; ++i) {
        std::vector<record::audit_event> events;
        for (int k = 0; k < 256; ++k) {
            auto e = state.make();
            e.user = i % 50 == 7 && k == 3 ? "rare" : "app";
            e.object = i % 50 == 20 && k == 9 ? "rare" : "public.orders";
            e.logged = state.clock.wall();
            events.push_back(std::move(e));
        }
        REQUIRE(state.index->add(state.append(events)));
        state.clock.advance(1h);
    }
    audit_query query;
    query.user = "rare";
    const auto nothing = [](std::string_view, const record::audit_event&) {};
    auto found = state.index->find(query, state.directory(), nothing).value();
    CHECK(found.events == 2);
    CHECK(found.lines_read == 512);
    query.events_max = 1;
    found = state.index->find(query, state.directory(), nothing).value();
    CHECK(found.events == 1);
    CHECK(found.more);
    // Of those that are rare, the second one is in a block of its own.
    query.events_max = 10;
    query.lines_read_max = 256;
    found = state.index->find(query, state.directory(), nothing).value();
    CHECK(found.events == 1);
    CHECK(found.lines_read == 256);
    CHECK(found.more);
    query = {};
    query.from = state.clock.wall() - 150min;
    found = state.index->find(query, state.directory(), nothing).value();
    CHECK(found.events == 512);
    CHECK(found.lines_read == 512);
    query = {};
    query.user = "nobody";
    CHECK(state.index->find(query, state.directory(), nothing)->lines_read == 0);
    // Each is somewhere, and nowhere both.
    REQUIRE(state.index->flush());
    query.user = "rare";
    query.object = "rare";
    CHECK(state.index->find(query, state.directory(), nothing)->lines_read == 0);
}

TEST_CASE("lines that are not next are refused, and nothing of them is taken") {
    audit_state state;
    state.grow(10);
    std::vector<record::audit_event> events{state.make(), state.make(), state.make()};
    const auto right = state.append(events);
    const auto before = state.index->checkpoint();
    auto wrong = right;
    SECTION("one is missing") {
        wrong.erase(wrong.begin() + 1);
    }
    SECTION("one comes twice") {
        wrong.push_back(wrong.back());
    }
    SECTION("another order") {
        std::swap(wrong[0], wrong[1]);
    }
    SECTION("no event") {
        wrong[2].event = nullptr;
    }
    SECTION("in the middle of a later segment") {
        wrong[2].at = {{state.lines->end().segment.date.next(), 1}, 500};
    }
    CHECK_FALSE(state.index->add(wrong));
    CHECK(state.index->checkpoint() == before);
    CHECK(state.index->count().lines == 10);
    CHECK(state.index->add(right));
    CHECK_FALSE(state.index->apply({before.segment, before.offset, "{}\n"}));
    CHECK_FALSE(state.index->apply({state.lines->end().segment, state.lines->end().offset, "{}"}));
    state.check_searches(10);
}

TEST_CASE("lines that cannot be read are counted, and hide nobody's events") {
    audit_state state;
    state.grow(300);
    state.index.reset();
    state.links.reset();
    state.lines.reset();
    {
        std::ofstream text(state.directory() / "2026-11-20.jsonl", std::ios::app);
        text << "{}\n\n" << std::string(70'000, 'x') << "\n\x01\xff\n";
    }
    state.open();
    CHECK(state.index->reconcile(state.lines->segments()).value().empty());
    state.catch_up(100'000);
    state.grow(20);
    CHECK(state.index->count().unreadable_lines == 4);
    CHECK(state.index->count().lines == 324);
    state.check_searches(10);
    state.open_index();
    CHECK(state.index->was_reset().empty());
    CHECK(state.index->count().unreadable_lines == 4);
}

TEST_CASE("killed at any time, the index goes on where its file ends") {
    audit_state state(GENERATE(11U, 12U));
    for (int step = 0; step < 15; ++step) {
        state.grow(state.pick(600));
        state.clock.advance(std::chrono::hours(state.pick(8)));
        if (state.pick(2) == 0) REQUIRE(state.index->flush());
        state.kill_index();
        CHECK(state.index->was_reset().empty());
        CHECK(state.index->reconcile(state.lines->segments()).value().empty());
        CHECK(state.index->checkpoint() <= state.lines->end());
        state.catch_up();
        CHECK(state.index->count().lines == state.links->head().lines);
        state.check_searches(5);
    }
}

TEST_CASE("an index begun anew from the lines finds the same") {
    audit_state state;
    for (int day = 0; day < 4; ++day) {
        state.grow(700);
        state.clock.advance(24h);
    }
    const auto names = state.index->count().names;
    REQUIRE(state.index->clear());
    CHECK(state.index->checkpoint() == journal::position{});
    CHECK(state.index->count().lines == 0);
    state.catch_up();
    CHECK(state.index->count().lines == 2800);
    CHECK(state.index->count().names == names);
    state.check_searches(25);
}

TEST_CASE("a name that is no text, or too long, is found as it stands in its line") {
    audit_state state;
    std::vector<record::audit_event> events;
    for (const auto& user : {std::string("bad\xff\x01y"), std::string(5'000, 'x'),
                             std::string("a\"b\\c"), std::string(300, '\x02')}) {
        events.push_back(state.make());
        events.back().user = user;
    }
    REQUIRE(state.index->add(state.append(events)));
    for (const auto& line : state.find_slowly({})) {
        audit_query query;
        query.user = record::parse_audit_event(line)->user;
        CHECK(state.find(query) == audit_state::strings{line});
    }
}

TEST_CASE("a day that is deleted is forgotten, and others are not") {
    audit_state state;
    for (int day = 0; day < 5; ++day) {
        state.grow(700);
        state.clock.advance(24h);
    }
    state.lines->turn_day();
    const bool flushed = GENERATE(true, false);
    if (flushed) REQUIRE(state.index->flush());
    CHECK(state.index->oldest_day() == date_of("2026-11-20"));
    CHECK_FALSE(state.index->last_forgotten());
    const auto names = state.index->count().names;
    REQUIRE(state.index->forget_day(date_of("2026-11-20")));
    CHECK(state.index->oldest_day() == date_of("2026-11-21"));
    CHECK(state.index->last_forgotten() == date_of("2026-11-20"));
    CHECK(state.index->count().lines == 2800);
    CHECK(state.index->count().names < names);
    REQUIRE(state.index->forget_day(date_of("2026-11-20")));
    REQUIRE(state.lines->remove_day(date_of("2026-11-20")));
    state.check_searches(10);
    state.grow(100);
    state.check_searches(10);
    state.kill_index();
    CHECK(state.index->was_reset().empty());
    CHECK(state.index->last_forgotten() == date_of("2026-11-20"));
    CHECK(state.index->oldest_day() == date_of("2026-11-21"));
    state.catch_up();
    state.check_searches(10);
}

TEST_CASE("where every day was forgotten, the index goes on with the next line") {
    audit_state state;
    state.grow(10);
    state.clock.advance(72h);
    state.lines->turn_day();
    REQUIRE(state.index->forget_day(date_of("2026-11-20")));
    REQUIRE(state.lines->remove_day(date_of("2026-11-20")));
    CHECK_FALSE(state.index->oldest_day());
    state.open_index();
    CHECK(state.index->reconcile(state.lines->segments()).value().empty());
    state.grow(10);
    CHECK(state.index->count().lines == 10);
    state.check_searches(10);
}

TEST_CASE("lines that are deleted while somebody looks are passed over") {
    audit_state state;
    state.grow(700);
    state.clock.advance(24h);
    state.grow(10);
    std::filesystem::remove(state.directory() / "2026-11-20.jsonl");
    audit_query all;
    CHECK(state.find(all).size() == 10);
    std::filesystem::resize_file(state.directory() / "2026-11-21.jsonl", 100);
    CHECK(state.find(all).empty());
}

}  // namespace
