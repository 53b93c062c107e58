#include "audit/alert_recorder.hpp"

#include <nlohmann/json.hpp>

using namespace tallyfs;
using namespace tallyfs::audit;
using namespace tallyfs::audit::made;

TEST_CASE("with windows people are told once of each") {
    recorder of;
    CHECK(of.pages(counted(1, 1)));
    CHECK_FALSE(of.pages(counted(1, 2, "s2")));
    CHECK(of.pages(counted(3, 3, "s1", rule::person_dml, noon + 5min)));
    CHECK(of.book.find(1)->paged);
}

TEST_CASE("with sessions people are told of each that is new for its rule and user") {
    recorder of;
    const auto pages = [&](const tally& one) { return of.pages(one, paging::session); };
    CHECK(pages(counted(1, 1, "s1")));
    CHECK_FALSE(pages(counted(1, 2, "s1")));
    CHECK_FALSE(pages(counted(3, 3, "s1", rule::person_dml, noon + 5min)));
    auto two = counted(3, 4, "s1", rule::person_dml, noon + 5min);
    two.sessions.insert("s2");
    CHECK(pages(two));
    CHECK(pages(counted(5, 5, "s1", rule::ddl)));
    auto other = counted(6, 6, "s1");
    other.id.user = "human2";
    CHECK(pages(other));
    other = counted(7, 7, "s1");
    other.id.cluster = "prod/billing";
    CHECK(pages(other));
    // Whose session is not known, of that every window tells.
    CHECK(pages(counted(8, 8, "", rule::person_dml, noon + 10min)));
    CHECK_FALSE(pages(counted(8, 9, "", rule::person_dml, noon + 10min)));
    CHECK(pages(counted(10, 10, "", rule::person_dml, noon + 15min)));
}

TEST_CASE("of sessions the last ten thousand are remembered") {
    recorder of;
    std::uint64_t number = 0;
    for (int i = 0; i < 101; ++i) {
        ++number;
        auto one = counted(number, number, "", rule::person_dml, noon + i * 5min);
        for (int s = 0; s < 100; ++s) one.sessions.insert(std::to_string(i * 100 + s));
        CHECK(of.pages(one, paging::session));
    }
    ++number;
    CHECK_FALSE(
        of.pages(counted(number, number, "10099", rule::person_dml, noon + 24h), paging::session));
    ++number;
    CHECK(of.pages(counted(number, number, "0", rule::person_dml, noon + 25h), paging::session));
}

TEST_CASE("in the digest nobody is told at once") {
    recorder of;
    CHECK_FALSE(of.pages(counted(1, 1), paging::digest));
    REQUIRE(of.say(1, "close: done").empty());
    CHECK_FALSE(of.pages(counted(1, 2), paging::digest));
    CHECK(of.book.find(1)->state == alert_state::open);
}

TEST_CASE("what was announced tells nobody until something comes that was not") {
    for (const auto how : {paging::window, paging::session}) {
        recorder of;
        auto one = counted(1, 2);
        one.expected = 2;
        one.tickets = {"DB-1"};
        CHECK_FALSE(of.pages(one, how));
        CHECK(of.book.find(1)->expected);
        one = counted(1, 3);
        one.expected = 3;
        CHECK_FALSE(of.pages(one, how));
        one = counted(1, 4);
        one.expected = 3;
        CHECK(of.pages(one, how));
        CHECK_FALSE(of.book.find(1)->expected);
        CHECK(of.book.find(1)->tally.tickets == std::set<std::string>{"DB-1"});
    }
}

TEST_CASE("who acknowledges one alert hears of the next, and of what follows a close") {
    recorder of;
    of.count(counted(1, 1));
    CHECK(of.say(1, "ack\n").empty());
    CHECK(of.book.find(1)->state == alert_state::acknowledged);
    CHECK(of.book.find(1)->by == "anna");
    CHECK_FALSE(of.pages(counted(1, 2)));
    CHECK(of.book.find(1)->state == alert_state::acknowledged);
    CHECK(of.pages(counted(3, 3, "s1", rule::person_dml, noon + 5min)));

    CHECK(of.say(1, "close: planned clean-up, DB-123").empty());
    CHECK(of.book.find(1)->reason == "planned clean-up, DB-123");
    CHECK(of.book.open().size() == 1);
    CHECK(of.book.closed().size() == 1);
    CHECK_FALSE(of.count(counted(1, 2)));
    const auto again = of.count(counted(1, 4));
    REQUIRE(again);
    CHECK(again->event == "alert.counted");
    CHECK(again->number == 1);
    CHECK(again->pages);
    CHECK(nlohmann::json::parse(again->detail)["reopens"] == true);
    CHECK(of.book.find(1)->state == alert_state::open);
    CHECK(of.book.find(1)->reason.empty());
    CHECK(of.book.closed().empty());
    CHECK(of.say(1, "close: again").empty());
}

TEST_CASE("announced events that reopen a closed alert tell nobody") {
    recorder of;
    of.count(counted(1, 1));
    REQUIRE(of.say(1, "close: done").empty());
    auto more = counted(1, 2);
    more.expected = 1;
    CHECK_FALSE(of.pages(more));
    CHECK(of.book.find(1)->state == alert_state::open);
}

TEST_CASE("rules tell people in the way that is written down") {
    for (const auto one : all_rules()) {
        const bool by_session = one == rule::person_dml || one == rule::outside_hours ||
                                one == rule::ddl || one == rule::unknown_account;
        CHECK(default_paging(one) == (by_session ? paging::session : paging::window));
    }
    paging read{};
    CHECK(parse_paging("digest", read));
    CHECK(read == paging::digest);
    CHECK_FALSE(parse_paging("never", read));
}
