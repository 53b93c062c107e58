#include "audit/made_event.hpp"
#include "support/catch.hpp"

#include <tallyfs/audit/windows.hpp>

using namespace tallyfs;
using namespace tallyfs::audit;
using namespace tallyfs::audit::made;

namespace {

/// Gives events numbers, judges them, and counts them.
class counter {
  public:
    windows counted{"prod/orders-cl"};
    rule_settings settings;

    void add(record::audit_event event, std::string expected = "") {
        event.number = ++number_;
        event.expected = std::move(expected);
        judge(event, people(), settings);
        counted.add(event, settings);
    }

  private:
    std::uint64_t number_ = 0;
};

record::audit_event deletion(wall_time logged, std::int64_t rows = 1, std::int64_t id = 1) {
    auto event = statement("WRITE", "DELETE", "public.orders", "delete from orders", rows);
    event.logged = logged;
    event.statement_id = id;
    return event;
}

record::audit_event denial(wall_time logged, std::string user = "jd") {
    auto event = error("42501", "select a");
    event.logged = logged;
    event.user = std::move(user);
    event.message = "permission denied for table orders";
    return event;
}

}  // namespace

TEST_CASE("windows are five minutes of the server's clock") {
    CHECK(window_of(noon) == noon);
    CHECK(window_of(noon + 4min + 59s + 999'999us) == noon);
    CHECK(window_of(noon + 5min) == noon + 5min);
    CHECK(window_of(noon - 1us) == noon - 5min);
    const alert_id id{rule::person_dml, "prod/orders-cl", "jd", noon};
    CHECK(id.to_string() == "person-dml|prod/orders-cl|jd|2026-11-20T12:00:00Z");
    CHECK(alert_id{rule::denied, "c", "a|b%", noon}.to_string() ==
          "denied|c|a%7Cb%25|2026-11-20T12:00:00Z");
}

TEST_CASE("events of a rule, user and window are one tally, and nothing is taken twice") {
    counter of;
    of.add(deletion(noon + 1s, 7, 1));
    of.add(deletion(noon + 2s, 9, 2), "DB-1");
    auto other = deletion(noon + 3s, 3, 2);
    other.object = "public.customers";
    of.add(other);
    auto changed = of.counted.take_changed();
    REQUIRE(changed.size() == 1);
    const auto& one = changed.front();
    CHECK(one.id == alert_id{rule::person_dml, "prod/orders-cl", "jd", noon});
    CHECK(one.events == 3);
    CHECK(one.statements == 2);
    CHECK(one.rows == 9);
    CHECK(one.expected == 1);
    CHECK(one.believable == 3);
    CHECK(one.first_number == 1);
    CHECK(one.last_number == 3);
    CHECK(one.first_logged == noon + 1s);
    CHECK(one.last_logged == noon + 3s);
    CHECK(one.sessions == std::set<std::string>{"6b00dd29.3957"});
    CHECK(one.objects == std::set<std::string>{"public.customers", "public.orders"});
    CHECK(one.tickets == std::set<std::string>{"DB-1"});
    CHECK(one.text == "DELETE public.orders");
    CHECK_FALSE(one.over);
    CHECK(of.counted.take_changed().empty());
    of.add(deletion(noon + 4s, 1, 4));
    CHECK(of.counted.take_changed().front().events == 4);
}

TEST_CASE("the same number of a statement in two sessions is two statements") {
    counter of;
    of.add(deletion(noon, 1, 1));
    auto elsewhere = deletion(noon, 1, 1);
    elsewhere.session = "6b00dd29.3958";
    of.add(elsewhere);
    of.add(deletion(noon, 1, 1));
    CHECK(of.counted.take_changed().front().statements == 2);
}

TEST_CASE("each rule, user and window has a tally of its own, the oldest window first") {
    counter of;
    of.add(deletion(noon + 5min, 500));
    of.add(deletion(noon));
    auto by_other = deletion(noon);
    by_other.user = "human2";
    of.add(by_other);
    const auto changed = of.counted.take_changed();
    std::vector<std::string> ids;
    for (const auto& one : changed) ids.push_back(one.id.to_string());
    CHECK(ids == std::vector<std::string>{"person-dml|prod/orders-cl|human2|2026-11-20T12:00:00Z",
                                          "person-dml|prod/orders-cl|jd|2026-11-20T12:00:00Z",
                                          "person-dml|prod/orders-cl|jd|2026-11-20T12:05:00Z",
                                          "bulk-delete|prod/orders-cl|jd|2026-11-20T12:05:00Z"});
}

TEST_CASE("a window is over a minute after its end, and what comes later reopens it") {
    counter of;
    CHECK(of.counted.oldest() == wall_time::max());
    of.add(deletion(noon + 1s));
    CHECK(of.counted.oldest() == noon);
    (void)of.counted.take_changed();
    of.counted.pass(noon + 5min + 59s);
    CHECK(of.counted.take_changed().empty());
    of.add(deletion(noon + 2s));
    of.counted.pass(noon + 6min);
    auto changed = of.counted.take_changed();
    REQUIRE(changed.size() == 1);
    CHECK(changed.front().over);
    CHECK(changed.front().events == 2);
    CHECK(changed.front().reopened == 0);
    CHECK(of.counted.oldest() == wall_time::max());
    CHECK(of.counted.take_changed().empty());

    of.add(deletion(noon + 3s, 50));
    changed = of.counted.take_changed();
    REQUIRE(changed.size() == 1);
    CHECK(changed.front().events == 1);
    CHECK(changed.front().rows == 50);
    CHECK(changed.front().first_number == 3);
    CHECK(changed.front().reopened == 1);
    CHECK(changed.front().over);
    CHECK(of.counted.oldest() == wall_time::max());
    // Time does not go back.
    of.counted.pass(noon);
    of.add(deletion(noon + 4s));
    CHECK(of.counted.take_changed().front().reopened == 1);
}

TEST_CASE("a window that passed without being taken is whole when it is") {
    counter of;
    of.add(deletion(noon));
    of.counted.pass(noon + 10min);
    of.add(deletion(noon + 1s));
    const auto changed = of.counted.take_changed();
    REQUIRE(changed.size() == 1);
    CHECK(changed.front().events == 2);
    CHECK(changed.front().reopened == 0);
}

TEST_CASE("denials are an alert from the burst of one user in one window on") {
    counter of;
    for (int i = 0; i < 4; ++i) of.add(denial(noon));
    for (int i = 0; i < 4; ++i) of.add(denial(noon + 5min));
    for (int i = 0; i < 4; ++i) of.add(denial(noon, "human2"));
    CHECK(of.counted.take_changed().empty());
    of.add(denial(noon));
    const auto changed = of.counted.take_changed();
    REQUIRE(changed.size() == 1);
    CHECK(changed.front().id.user == "jd");
    CHECK(changed.front().events == 5);
    CHECK(changed.front().statements == 5);
    CHECK(changed.front().text == "42501 permission denied for table orders");
}

TEST_CASE("a burst that late events complete is an alert, and counts on when it was one") {
    counter of;
    for (int i = 0; i < 3; ++i) of.add(denial(noon));
    of.counted.pass(noon + 1h);
    CHECK(of.counted.take_changed().empty());
    of.add(denial(noon));
    CHECK(of.counted.take_changed().empty());
    of.add(denial(noon));
    auto changed = of.counted.take_changed();
    REQUIRE(changed.size() == 1);
    CHECK(changed.front().events == 5);
    CHECK(changed.front().reopened == 0);
    of.add(denial(noon));
    changed = of.counted.take_changed();
    REQUIRE(changed.size() == 1);
    CHECK(changed.front().events == 1);
    CHECK(changed.front().reopened == 1);
}

TEST_CASE("a user on neither list is told once a window") {
    counter of;
    for (int i = 0; i < 3; ++i) {
        auto event = statement("READ", "SELECT", "public.t");
        event.user = "nobody_knows";
        of.add(event);
    }
    const auto changed = of.counted.take_changed();
    REQUIRE(changed.size() == 1);
    CHECK(changed.front().id.rule == rule::unknown_account);
    CHECK(changed.front().events == 3);
}

TEST_CASE("a forged entry is about nobody, and less believed") {
    counter of;
    for (int i = 0; i < 50; ++i) {
        auto event = error("");
        event.kind = "forged";
        event.trust = "text";
        event.user = "made up " + std::to_string(i);
        of.add(event);
    }
    const auto changed = of.counted.take_changed();
    REQUIRE(changed.size() == 1);
    CHECK(changed.front().id.user.empty());
    CHECK(changed.front().events == 50);
    CHECK(changed.front().believable == 0);
}

TEST_CASE("rules that are not known, and blindness, are not counted from events") {
    windows counted("c");
    auto event = deletion(noon);
    event.rules = {"a rule of the future", "blind"};
    counted.add(event, {});
    CHECK(counted.take_changed().empty());
}

TEST_CASE("where the log has no session, a process of another day is another one") {
    counter of;
    auto event = deletion(noon);
    event.session.clear();
    event.pid = 7;
    of.add(event);
    event.logged += 24h;
    of.add(event);
    const auto all = of.counted.take_changed();
    REQUIRE(all.size() == 2);
    CHECK(all[0].sessions == std::set<std::string>{"pid 7 of 2026-11-20"});
    CHECK(all[1].sessions == std::set<std::string>{"pid 7 of 2026-11-21"});
}

TEST_CASE("an alert knows its events, also of a user whose name is shown in another way") {
    auto event = denial(noon + 1s, "a\nb");
    alert_id id{rule::denied, "prod/orders-cl", "a%0Ab", noon};
    CHECK(is_of(event, id));
    id.window += 5min;
    CHECK_FALSE(is_of(event, id));
    id.window -= 5min;
    event.user = "ab";
    CHECK_FALSE(is_of(event, id));
    id.user = "(other)";
    CHECK(is_of(event, id));
}
