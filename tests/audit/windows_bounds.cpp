#include "audit/made_event.hpp"
#include "support/catch.hpp"

#include <tallyfs/audit/windows.hpp>

using namespace tallyfs;
using namespace tallyfs::audit;
using namespace tallyfs::audit::made;

namespace {

record::audit_event of_user(std::string user, std::uint64_t number) {
    auto event = statement("WRITE", "DELETE", "public.t", "", 1);
    event.user = std::move(user);
    event.account = "person";
    event.number = number;
    event.rules = {"person-dml"};
    return event;
}

std::int64_t events_of(const std::vector<tally>& all) {
    std::int64_t sum = 0;
    for (const auto& one : all) sum += one.events;
    return sum;
}

}  // namespace

TEST_CASE("of very many users the rest is one, and no event is lost") {
    windows counted("c");
    for (std::uint64_t i = 1; i <= 12'000; ++i)
        counted.add(of_user("user" + std::to_string(i), i), {});
    const auto all = counted.take_changed();
    CHECK(all.size() == 10'001);
    CHECK(events_of(all) == 12'000);
    const auto other =
        std::ranges::find(all, "(other)", [](const auto& one) { return one.id.user; });
    REQUIRE(other != all.end());
    CHECK(other->events == 2'000);
}

TEST_CASE("entries of any time take bounded room") {
    windows counted("c");
    for (std::uint64_t i = 1; i <= 40'000; ++i) {
        auto event = of_user("user" + std::to_string(i), i);
        event.logged = noon + i * 5min;
        counted.add(event, {});
    }
    const auto all = counted.take_changed();
    CHECK(all.size() <= 11'100);
    CHECK(events_of(all) == 40'000);
}

TEST_CASE("names that a client made up without a log-in are few alerts") {
    windows counted("c");
    rule_settings settings;
    settings.denied_burst = 1;
    for (std::uint64_t i = 1; i <= 1'000; ++i) {
        auto event = error("28P01");
        event.number = i;
        event.user = "made up " + std::to_string(i);
        judge(event, people(), settings);
        counted.add(event, settings);
        auto forged = of_user(event.user, i);
        forged.account = "unknown";
        forged.trust = "text";
        counted.add(forged, settings);
    }
    auto all = counted.take_changed();
    CHECK(all.size() == 202);
    CHECK(events_of(all) == 2'000);
    // A user whom the lists know is told apart all the same, and the room is given back.
    auto known = error("28P01");
    judge(known, people(), settings);
    counted.add(known, settings);
    CHECK(counted.take_changed().front().id.user == "jd");
    counted.pass(noon + 1h);
    (void)counted.take_changed();
    auto later = error("28P01");
    later.user = "somebody else";
    later.logged = noon + 2h;
    judge(later, people(), settings);
    counted.add(later, settings);
    CHECK(counted.take_changed().front().id.user == "somebody else");
}

TEST_CASE("what is shown of hostile names is short, and two users stay two") {
    windows counted("c");
    const std::string hostile(5'000, '\x01');
    for (std::uint64_t i = 1; i <= 300; ++i) {
        auto event = of_user(hostile, i);
        event.session = std::to_string(i) + hostile;
        event.object = std::to_string(i) + hostile;
        event.expected = std::to_string(i) + hostile;
        event.command = hostile;
        counted.add(event, {});
    }
    counted.add(of_user(hostile + "b", 301), {});
    counted.add(of_user("a\nb", 302), {});
    const auto all = counted.take_changed();
    REQUIRE(all.size() == 3);
    for (const auto& one : all) {
        CHECK(one.id.user.size() <= 255);
        CHECK(one.id.user.find('\n') == std::string::npos);
        CHECK(one.sessions.size() <= 100);
        CHECK(one.objects.size() <= 20);
        CHECK(one.tickets.size() <= 20);
        CHECK(one.text.size() <= 200);
        for (const auto& session : one.sessions) CHECK(session.size() <= 32);
        for (const auto& object : one.objects) CHECK(object.size() <= 100);
        for (const auto& ticket : one.tickets) CHECK(ticket.size() <= 48);
    }
}

TEST_CASE("very many statements are counted in bounded room") {
    windows counted("c");
    for (std::int64_t i = 1; i <= 30'000; ++i) {
        auto event = of_user("jd", static_cast<std::uint64_t>(2 * i));
        event.statement_id = i;
        counted.add(event, {});
        event.number += 1;
        counted.add(event, {});
    }
    CHECK(counted.take_changed().front().statements == 30'000);
}

TEST_CASE("bursts that were never complete do not wait without end") {
    windows counted("c");
    rule_settings settings;
    for (std::uint64_t i = 1; i <= 5'000; ++i) {
        auto event = error("42501");
        event.number = i;
        event.logged = noon + i * 5min;
        judge(event, people(), settings);
        counted.add(event, settings);
    }
    counted.pass(noon + 24h * 365);
    CHECK(counted.take_changed().empty());
    // The newest thousand wait still, older ones begin anew.
    const auto complete = [&](std::uint64_t window) {
        for (int more = 0; more < 4; ++more) {
            auto event = error("42501");
            event.number = 6'000;
            event.logged = noon + window * 5min;
            judge(event, people(), settings);
            counted.add(event, settings);
        }
        return counted.take_changed().size();
    };
    CHECK(complete(4'001) == 1);
    CHECK(complete(3'999) == 0);
}
