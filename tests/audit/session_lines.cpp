#include "audit/making.hpp"

using namespace tallyfs;
using audit::event_maker;
using audit::session_lines;
using test::made_of;
using test::some_entry;

TEST_CASE("lines that are missing in a session are an event, before that of the line") {
    event_maker maker("c");
    auto e = some_entry();
    e.message = "AUDIT: SESSION,1,1,MISC,BEGIN,,,begin,<none>";
    CHECK(made_of(maker, e).size() == 1);
    e.line = 2;
    CHECK(made_of(maker, e).size() == 1);
    CHECK(made_of(maker, e).size() == 1);  // read again
    e.line = 5;
    auto events = made_of(maker, e);
    REQUIRE(events.size() == 2);
    CHECK(events[0].kind == "gap");
    CHECK(events[0].message == "lines 3 to 4 of session 6b00dd29.3957 are missing");
    CHECK(events[0].user == "jd");
    CHECK(events[1].kind == "statement");
    CHECK(events[0].key != events[1].key);
    e.line = 7;
    CHECK(made_of(maker, e)[0].message == "line 6 of session 6b00dd29.3957 is missing");
    // What is no event itself counts too.
    e.message = "duration: 1 ms";
    e.line = 9;
    events = made_of(maker, e);
    REQUIRE(events.size() == 1);
    CHECK(events[0].kind == "gap");
    // The first line of a session that is seen from its beginning.
    e.session = "6b00dd30.3957";
    e.line = 3;
    events = made_of(maker, e);
    REQUIRE(events.size() == 1);
    CHECK(events[0].message == "lines 1 to 2 of session 6b00dd30.3957 are missing");
    CHECK(maker.sessions().at("6b00dd29.3957").line == 9);
}

TEST_CASE("an entry of several lines takes their numbers") {
    event_maker maker("c");
    auto e = some_entry();
    e.lines = 3;
    CHECK(made_of(maker, e).empty());
    e.line = 4;
    CHECK(made_of(maker, e).empty());
    e.line = 8;
    CHECK(made_of(maker, e).size() == 1);
}

TEST_CASE("where lines are unknown a session is taken as it comes, and a new one is not") {
    event_maker maker("c");
    maker.lines_unknown();
    auto e = some_entry();
    e.line = 17;
    CHECK(made_of(maker, e).empty());
    e.line = 19;
    CHECK(made_of(maker, e).size() == 1);
    // It began an hour after the first entry.
    e.session = "6b00eb39.1";
    e.logged += std::chrono::hours(1);
    e.line = 2;
    CHECK(made_of(maker, e).size() == 1);
    maker.lines_unknown();
    e.line = 40;
    CHECK(made_of(maker, e).empty());
}

TEST_CASE("sessions that are known from before are gone on with") {
    session_lines known;
    known["6b00dd29.3957"] = {4, {}};
    event_maker maker("c", known);
    auto e = some_entry();
    e.line = 6;
    CHECK(made_of(maker, e).size() == 1);
}

TEST_CASE("of more sessions than a server has the silent ones are forgotten, without a gap") {
    event_maker maker("c");
    auto e = some_entry();
    std::size_t events = 0;
    for (std::size_t i = 0; i < event_maker::sessions_max + 500; ++i) {
        const auto session = "6b00dd29." + std::to_string(i);
        e.session = session;
        e.logged += std::chrono::milliseconds(1);
        events += made_of(maker, e).size();
        CHECK(maker.sessions().size() <= event_maker::sessions_max);
    }
    e.session = "6b00dd29.0";
    e.line = 9;
    events += made_of(maker, e).size();
    CHECK(events == 0);
    CHECK(maker.sessions().contains("6b00dd29." + std::to_string(event_maker::sessions_max)));
}

TEST_CASE("after a restart too a session that began before the log is taken as it comes") {
    event_maker before("c");
    before.lines_unknown();
    auto e = some_entry();
    e.session = "6b00dd40.1";
    e.line = 3;
    e.logged += std::chrono::hours(1);
    CHECK_FALSE(before.begun_until());
    CHECK(made_of(before, e).empty());
    REQUIRE(before.begun_until() == e.logged);
    event_maker after("c", before.sessions(), before.begun_until());
    e.session = "6b00dd29.3957";  // silent until now
    e.line = 6;
    CHECK(made_of(after, e).empty());
    e.line = 8;
    CHECK(made_of(after, e).size() == 1);
    // One that is known misses no line unseen.
    e.session = "6b00dd40.1";
    e.line = 5;
    CHECK(made_of(after, e).size() == 1);
}
