// Remedies that are proposed by themselves, and what is measured of their effect.
#include "postgres/remedy_office.hpp"

using namespace tallyfs;
using namespace tallyfs::test;
using std::chrono::hours;

TEST_CASE("a finding is proposed once, with its SQL and its evidence, also over a restart") {
    day_at_work day;
    {
        remedy_office o(day.folder.path(), day.clock);
        o.find("orders");
        o.show(124'000'000);
        o.propose();
        const auto all = o.all();
        REQUIRE(all.size() == 1);
        const auto& asked = all[0].request.asked;
        CHECK(asked.title == "Vacuum public.orders (prod/orders-cl/app)");
        CHECK(asked.environment == "prod");
        CHECK(asked.plan == "-- prod/orders-cl/app at db port 5432\nVACUUM \"public\".\"orders\";");
        CHECK(asked.evidence.find("124M dead of 747M (16.6%)") != std::string::npos);
        CHECK(asked.evidence.find("dead_rows = 124000000") != std::string::npos);
        CHECK(all[0].request.requester.how == approval::known_by::policy);
        CHECK(o.request_of(0) == "0001-pg-vacuum");
        for (int i = 0; i < 5; ++i) o.propose();
        CHECK(o.all().size() == 1);
    }
    remedy_office next(day.folder.path(), day.clock);
    next.find("orders").finding.since = day.clock.wall() - hours(2);
    next.show(124'000'000);
    next.propose();
    CHECK(next.all().size() == 1);
    CHECK(next.request_of(0) == "0001-pg-vacuum");
}

TEST_CASE("after a no there is silence for 7 days, and for as long as the finding stands") {
    day_at_work day;
    remedy_office o(day.folder.path(), day.clock);
    o.find("orders");
    o.show(1'000);
    o.propose();
    REQUIRE(o.say(1, "reject: not now") == 0);
    o.propose();
    CHECK(o.all().size() == 1);
    CHECK(o.request_of(0).empty());
    // It went away and came back.
    day.clock.advance(hours(24));
    o.findings[0].finding.since = day.clock.wall();
    o.show(1'000);
    o.propose();
    CHECK(o.all().size() == 1);
    day.clock.advance(hours(7 * 24));
    o.propose();
    CHECK(o.all().size() == 2);
    // The same standing, years later.
    REQUIRE(o.say(2, "reject: I said no") == 0);
    day.clock.advance(hours(1000 * 24));
    o.propose();
    CHECK(o.all().size() == 2);
}

TEST_CASE("a remedy that failed is proposed again a day later, one that worked is not") {
    day_at_work day;
    remedy_office o(day.folder.path(), day.clock);
    o.find("orders");
    o.show(1'000);
    o.works = false;
    o.propose();
    REQUIRE(o.say(1, "approve") == 0);
    o.propose();
    CHECK(o.all()[0].state == approval::state::failed);
    CHECK(o.all().size() == 1);
    day.clock.advance(hours(24));
    o.works = true;
    o.propose();
    REQUIRE(o.all().size() == 2);
    REQUIRE(o.say(2, "approve") == 0);
    day.clock.advance(hours(24));
    o.propose();
    CHECK(o.all()[1].state == approval::state::done);
    CHECK(o.all().size() == 2);
}

TEST_CASE("nothing is proposed for what is muted, switched off, or could not be carried out") {
    day_at_work day;
    remedy_office o(day.folder.path(), day.clock);
    o.find("orders").muted_by = "anna until 2026-12-01: known";
    o.show(1'000);
    o.propose();
    CHECK(o.all().empty());
    o.findings[0].muted_by = "";
    const auto setting = o.setting();
    const std::string off = "off";
    setting.apply("", &off);
    o.show(1'000);
    o.propose();
    CHECK(o.all().empty());
    setting.apply("", nullptr);
    o.what.remedies_credential = "";
    o.show(1'000);
    o.propose();
    CHECK(o.all().empty());
    o.what.remedies_credential = "mender";
    o.show(1'000);
    o.propose();
    CHECK(o.all().size() == 1);
}

TEST_CASE("two findings with one remedy make one request, and at most 20 of ours are open") {
    day_at_work day;
    remedy_office o(day.folder.path(), day.clock);
    o.find("orders");
    o.find("orders").finding.rule = "wraparound";
    o.show(1'000);
    o.propose();
    CHECK(o.all().size() == 1);
    CHECK(o.request_of(0) == o.request_of(1));
    for (int i = 0; i < 30; ++i) o.find("table" + std::to_string(i));
    o.show(1'000);
    o.propose();
    CHECK(o.all().size() == postgres::proposals::open_max);
    REQUIRE(o.say(1, "reject: no") == 0);
    o.propose();
    CHECK(o.all().size() == postgres::proposals::open_max + 1);
}

TEST_CASE("the effect is measured before, an hour and a day after it, also over a restart") {
    day_at_work day;
    std::string kept;
    {
        remedy_office o(day.folder.path(), day.clock);
        o.find("orders");
        o.show(124'000'000);
        o.propose();
        REQUIRE(o.say(1, "approve") == 0);
        o.propose();
        REQUIRE(o.all()[0].state == approval::state::done);
        auto shown = o.effects.find(1);
        REQUIRE(shown);
        CHECK(shown->json.find(R"("finding_open":true)") != std::string::npos);
        CHECK(shown->json.find(R"("dead_rows":124000000.0)") != std::string::npos);
        CHECK(shown->json.find(R"("after_hour":null)") != std::string::npos);
        // The look of before the hour was over does not count.
        o.show(7);
        day.clock.advance(hours(1));
        o.measure();
        CHECK(o.effects.find(1)->json == shown->json);
        o.show(0);
        day.clock.advance(std::chrono::minutes(1));
        o.measure();
        shown = o.effects.find(1);
        CHECK(shown->json.find(R"("finding_open":false)") != std::string::npos);
        CHECK(shown->json.find(R"("after_day":null)") != std::string::npos);
        kept = shown->json;
    }
    remedy_office next(day.folder.path(), day.clock);
    REQUIRE(next.effects.find(1));
    CHECK(next.effects.find(1)->json == kept);
    // Nobody looks for two days: that is said as well.
    day.clock.advance(hours(49));
    next.measure();
    CHECK(next.effects.find(1)->json.find("not looked at in time") != std::string::npos);
    CHECK_FALSE(next.effects.find(2));
}
