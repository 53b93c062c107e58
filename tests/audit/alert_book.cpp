#include "audit/alert_recorder.hpp"

#include <nlohmann/json.hpp>

using namespace tallyfs;
using namespace tallyfs::audit;
using namespace tallyfs::audit::made;

TEST_CASE("a window has one alert, which counts on") {
    recorder of;
    const auto first = of.count(counted(1, 3));
    REQUIRE(first);
    CHECK(first->event == "alert.opened");
    CHECK(first->number == 1);
    CHECK_FALSE(of.count(counted(1, 3)));
    auto more = counted(1, 5);
    more.rows = 7;
    more.objects = {"public.customers"};
    const auto second = of.count(more);
    REQUIRE(second);
    CHECK(second->event == "alert.counted");
    CHECK(second->number == 1);
    const auto* alert = of.book.find(1);
    REQUIRE(alert);
    CHECK(alert->tally.events == 5);
    CHECK(alert->tally.rows == 7);
    CHECK(alert->tally.objects == std::set<std::string>{"public.customers", "public.orders"});
    CHECK(directory_name(*alert) == "1-person-dml");
    CHECK(of.book.open().size() == 1);
    CHECK(of.book.changes() == 2);
    CHECK(of.count(counted(6, 6, "s1", rule::person_dml, noon + 5min))->event == "alert.opened");
    CHECK(of.book.open().size() == 2);
    CHECK_FALSE(of.book.judge(tally{}, paging::window));
}

TEST_CASE("that a window is over is no change of its alert") {
    recorder of;
    auto one = counted(1, 3);
    of.count(one);
    one.over = true;
    CHECK_FALSE(of.count(one));
}

TEST_CASE("late events add to the counts, and events that are read again do not") {
    recorder of;
    of.count(counted(1, 10));
    auto late = counted(20, 21);
    late.reopened = 1;
    of.count(late);
    CHECK(of.book.find(1)->tally.events == 12);
    CHECK(of.book.find(1)->tally.reopened == 1);
    // After a restart windows are added again: from their beginning, …
    CHECK_FALSE(of.count(counted(1, 10)));
    CHECK_FALSE(of.count(counted(20, 20)));
    CHECK_FALSE(of.count(late));
    // …and another late event comes.
    late = counted(20, 22);
    late.reopened = 1;
    of.count(late);
    CHECK(of.book.find(1)->tally.events == 13);
    CHECK(of.book.find(1)->tally.reopened == 1);
    CHECK(of.book.find(1)->tally.first_number == 1);
    CHECK(of.book.find(1)->tally.last_number == 22);
}

TEST_CASE("a tally that begins within what was counted never makes the count too large") {
    recorder of;
    of.count(counted(1, 10));
    of.count(counted(8, 12));
    CHECK(of.book.find(1)->tally.events == 10);
    of.count(counted(8, 30));
    CHECK(of.book.find(1)->tally.events == 23);
}

TEST_CASE("very many late events take bounded room and are all counted") {
    recorder of;
    of.count(counted(1, 1));
    for (std::uint64_t i = 1; i <= 100; ++i) {
        auto late = counted(10 * i, 10 * i);
        late.reopened = 1;
        of.count(late);
    }
    CHECK(of.book.find(1)->tally.events == 101);
    CHECK(of.book.find(1)->tally.reopened == 100);
    auto again = counted(10 * 100, 10 * 100 + 1);
    of.count(again);
    CHECK(of.book.find(1)->tally.events == 102);
}

TEST_CASE("whoever writes something else is told what to write") {
    recorder of;
    of.count(counted(1, 1));
    for (const auto* text :
         {"", "ok", "acknowledge", "closed: done", "close done", "ack: x", "\xff"}) {
        CAPTURE(text);
        CHECK(of.say(1, text).find("write ack, or close: and why") != std::string::npos);
    }
    for (const auto* text : {"close", "close:", "close: x", "close: \n"}) {
        CAPTURE(text);
        CHECK(of.say(1, text).find("a reason is missing") != std::string::npos);
    }
    CHECK_FALSE(of.say(1, "close: " + std::string(501, 'a')).empty());
    CHECK_FALSE(of.say(1, "close: a\nb").empty());
    CHECK_FALSE(of.say(1,
                       "close: a\xff"
                       "bc")
                    .empty());
    CHECK_FALSE(of.say(2, "ack").empty());
    CHECK_FALSE(of.say(0, "ack").empty());
    CHECK(of.say(1, " ACK ").empty());
    CHECK(of.say(1, "ack").find("already, by anna") != std::string::npos);
    CHECK(of.say(1, "Close:" + std::string(500, 'a')).empty());
    CHECK(of.say(1, "close: again").find("closed already") != std::string::npos);
    CHECK(of.say(1, "ack").find("closed already") != std::string::npos);
}

TEST_CASE("of closed alerts a thousand are kept, and a late event of an older opens no second") {
    recorder of;
    for (std::uint32_t i = 1; i <= 1'001; ++i) {
        of.count(counted(i, i, "s1", rule::person_dml, noon + i * 5min));
        REQUIRE(of.say(i, "close: done").empty());
    }
    CHECK(of.book.closed().size() == 1'000);
    CHECK(of.book.find(1) == nullptr);
    CHECK_FALSE(of.book.decide(1, "ack").problem.empty());
    // What it has counted is known still.
    CHECK_FALSE(of.count(counted(1, 1, "s1", rule::person_dml, noon + 5min)));
    const auto late = of.count(counted(2'000, 2'000, "s1", rule::person_dml, noon + 5min));
    REQUIRE(late);
    CHECK(late->event == "alert.counted");
    CHECK(late->number == 1);
    CHECK(late->pages);
    REQUIRE(of.book.find(1));
    CHECK(of.book.find(1)->state == alert_state::open);
    CHECK(of.book.find(1)->tally.events == 1);
    REQUIRE(of.say(1, "close: done").empty());
    CHECK(of.book.closed().size() == 1'000);
    CHECK(of.book.find(1) != nullptr);
    CHECK(of.book.find(2) == nullptr);
}

TEST_CASE("blindness has no events: every window is an alert, which grows with its tests") {
    recorder of;
    auto blind = counted(0, 0, "", rule::blind);
    CHECK(of.pages(blind));
    CHECK_FALSE(of.count(blind));
    blind.events = 2;
    CHECK_FALSE(of.pages(blind));
    CHECK(of.book.find(1)->tally.events == 2);
    CHECK(of.pages(counted(0, 0, "", rule::blind, noon + 5min)));
}

TEST_CASE("alert.json says what there is to say") {
    recorder of;
    of.count(counted(1, 2));
    of.say(1, "close: \"done\"");
    const auto json = nlohmann::json::parse(to_json(*of.book.find(1)));
    CHECK(json["number"] == 1);
    CHECK(json["id"] == "person-dml|prod/orders-cl|jd|2026-11-20T12:00:00Z");
    CHECK(json["state"] == "closed");
    CHECK(json["reason"] == "\"done\"");
    CHECK(json["by"] == "anna");
    CHECK(json["expected"] == false);
    CHECK(json["expected_events"] == 0);
    CHECK(json["events"] == 2);
    CHECK(json["sessions"] == nlohmann::json{"s1"});
}

TEST_CASE("a statement of more rows than there can be has its alert too") {
    recorder of;
    auto one = counted(1, 1);
    one.rows = std::numeric_limits<std::int64_t>::max();
    REQUIRE(of.count(one));
    REQUIRE(of.book.find(1));
    CHECK(of.book.find(1)->tally.rows == one.rows);
    CHECK_FALSE(of.count(one));
    CHECK(of.count(counted(2, 2, "s1", rule::person_dml, noon + 5min))->number == 2);
}
