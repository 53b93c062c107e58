#include "audit/made_event.hpp"
#include "support/catch.hpp"

#include <tallyfs/audit/alert.hpp>
#include <tallyfs/record/action.hpp>

#include <random>

using namespace tallyfs;
using namespace tallyfs::audit;
using namespace tallyfs::audit::made;

namespace {

struct action {
    std::string event;
    std::string subject;
    std::string detail;
    wall_time time;
    std::string by;
};

alert_book replayed(const std::vector<action>& actions) {
    alert_book made;
    bool taken = true;
    for (const auto& one : actions)
        taken = made.apply(one.event, one.subject, one.detail, one.time, one.by) && taken;
    REQUIRE(taken);
    return made;
}

bool are_equal(const alert_book& one, const alert_book& other) {
    const auto same = [](const std::vector<const alert*>& a, const std::vector<const alert*>& b) {
        return std::ranges::equal(a, b, [](const auto* x, const auto* y) { return *x == *y; });
    };
    return same(one.open(), other.open()) && same(one.closed(), other.closed()) &&
           one.changes() == other.changes();
}

/// The daemon in small: a stream of events, windows, a book and its actions, with restarts.
class daemon_in_small {
  public:
    explicit daemon_in_small(unsigned seed) : random_(seed) {}

    void run(int steps) {
        for (int i = 0; i < steps; ++i) {
            const auto dice = random_() % 100;
            if (dice < 60) {
                take_event();
            } else if (dice < 70) {
                read_ += std::chrono::seconds(random_() % 200);
                counted_.pass(read_);
            } else if (dice < 90) {
                tell();
            } else if (dice < 96) {
                decide();
            } else if (dice < 98) {
                restart();
            } else {
                crash();
            }
        }
        counted_.pass(read_ + 1h);
        tell();
    }

    /// Every event is in the alert of its rule, user and window, and in no other.
    void check() const {
        std::map<alert_id, std::int64_t> events;
        for (const auto& event : stream_)
            for (const auto& name : event.rules) {
                rule of{};
                REQUIRE(parse_rule(name, of));
                ++events[{of, "c", event.user, window_of(event.logged)}];
            }
        std::map<alert_id, std::int64_t> alerted;
        for (std::uint32_t number = 1; const auto* one = book_.find(number); ++number) {
            REQUIRE(alerted.emplace(one->tally.id, one->tally.events).second);
        }
        CHECK(alerted == events);
        CHECK(are_equal(book_, replayed(actions_)));
    }

  private:
    void take_event() {
        auto event = statement("WRITE", "DELETE", "public.t", "", random_() % 2 * 500);
        event.cluster = "c";
        event.user = random_() % 2 == 0 ? "jd" : "human2";
        event.session = std::to_string(random_() % 4);
        event.statement_id = static_cast<std::int64_t>(random_() % 50);
        event.number = stream_.size() + 1;
        // Most are new, some come late.
        event.logged = read_ - std::chrono::seconds(random_() % 5 == 0 ? random_() % 1'500 : 0);
        if (random_() % 3 == 0) event.expected = "DB-1";
        judge(event, people(), settings_);
        counted_.add(event, settings_);
        stream_.push_back(std::move(event));
    }
    void tell() {
        for (const auto& one : counted_.take_changed())
            if (const auto change = book_.judge(one, paging::session)) record(*change, "tallyfs");
        open_from_ = counted_.oldest();
        told_ = stream_.size();
    }
    void decide() {
        const auto open = book_.open();
        if (open.empty()) return;
        const auto number = open[random_() % open.size()]->number;
        const auto answer = book_.decide(number, random_() % 2 == 0 ? "ack" : "close: it is done");
        if (answer.change) record(*answer.change, "anna");
    }
    /// Some of what was due is recorded, and the place is not.
    void crash() {
        for (const auto& one : counted_.take_changed()) {
            if (random_() % 2 == 0) break;
            if (const auto change = book_.judge(one, paging::session)) record(*change, "tallyfs");
        }
        restart();
    }
    /// Its owner keeps what it has told: up to which event, and which window was the oldest then
    /// that was open.
    void restart() {
        REQUIRE(are_equal(book_, replayed(actions_)));
        book_ = replayed(actions_);
        counted_ = windows("c");
        // More than has to be does no harm, as long as it is whole windows.
        const auto from = open_from_ == wall_time::max() || random_() % 2 == 0
                              ? open_from_
                              : open_from_ - std::chrono::minutes(random_() % 6 * 5);
        for (const auto& event : stream_)
            if (event.logged >= from || event.number > told_) counted_.add(event, settings_);
    }
    void record(const alert_change& change, const std::string& by) {
        const action made{change.event, std::to_string(change.number), change.detail,
                          noon + 1s * actions_.size(), by};
        REQUIRE(change.detail.size() < record::action_detail_bytes_max);
        REQUIRE(book_.apply(made.event, made.subject, made.detail, made.time, made.by));
        actions_.push_back(made);
    }

    std::mt19937 random_;
    std::vector<record::audit_event> stream_;
    std::vector<action> actions_;
    windows counted_{"c"};
    alert_book book_;
    rule_settings settings_;
    wall_time read_ = noon;
    wall_time open_from_ = wall_time::max();
    std::uint64_t told_ = 0;
};

}  // namespace

TEST_CASE("whatever happens, and however often it is begun anew, each event counts once") {
    for (unsigned seed = 1; seed <= 15; ++seed) {
        CAPTURE(seed);
        daemon_in_small one(seed);
        one.run(300);
        one.check();
    }
}

TEST_CASE("wherever windows are added again from, nothing counts twice") {
    for (unsigned seed = 1; seed <= 200; ++seed) {
        std::mt19937 random(seed);
        alert_book book;
        tally part;
        std::uint64_t number = 0;
        for (int step = 0; step < 100; ++step) {
            // All events from any place on, up to any later one: windows give no other tallies.
            number += random() % 3;
            if (number == 0) continue;
            part.id = {rule::ddl, "c", "jd", noon};
            part.first_number = 1 + random() % number;
            part.last_number = part.first_number + random() % (number - part.first_number + 1);
            part.events = static_cast<std::int64_t>(part.last_number - part.first_number + 1);
            part.statements = part.events;
            const auto change = book.judge(part, paging::window);
            if (!change) continue;
            REQUIRE(book.apply(change->event, "1", change->detail, noon, "tallyfs"));
            const auto& all = book.find(1)->tally;
            CHECK(static_cast<std::uint64_t>(all.events) <= all.last_number - all.first_number + 1);
            CHECK(all.events >= part.events);
        }
        CHECK(book.find(2) == nullptr);
    }
}

TEST_CASE("the worst names and texts fit into an action") {
    windows counted_in(std::string(128, 'c'));
    const std::string hostile = "\"\\\"\\\"\\";
    for (std::uint64_t i = 1; i <= 200; ++i) {
        auto event = statement("WRITE", "DELETE", "", "", 1);
        event.rules = {"person-dml"};
        event.account = "person";
        event.number = i;
        for (int n = 0; n < 100; ++n) event.user += hostile;
        event.session = std::to_string(i) + "-" + std::string(28, '~');
        event.object = std::to_string(i);
        for (int n = 0; n < 100; ++n) event.object += hostile;
        event.expected = event.object;
        event.command = event.object;
        counted_in.add(event, {});
    }
    for (const auto& one : counted_in.take_changed()) {
        CHECK(one.sessions.size() == 100);
        CHECK(one.objects.size() == 20);
        alert_book book;
        const auto change = book.judge(one, paging::session);
        REQUIRE(change);
        CHECK(change->detail.size() < record::action_detail_bytes_max);
        CHECK(book.apply(change->event, "1", change->detail, noon, "tallyfs"));
    }
}

TEST_CASE("actions that make no sense are passed over, and change nothing") {
    alert_book book;
    tally one;
    one.id = {rule::ddl, "c", "jd", noon};
    one.events = one.statements = 1;
    one.first_number = one.last_number = 1;
    const auto change = book.judge(one, paging::window);
    REQUIRE(change);
    const auto apply = [&](std::string_view event, std::string_view subject,
                           std::string_view detail) {
        return book.apply(event, subject, detail, noon, "x");
    };
    for (const auto* subject : {"", "0", "01", "-1", "1 ", "4294967296", "a"})
        CHECK_FALSE(apply("alert.opened", subject, change->detail));
    for (const auto* detail : {"", "{}", "[]", "null", "{\"rule\":\"ddl\"}", "{\"rule\":1}"})
        CHECK_FALSE(apply("alert.opened", "1", detail));
    CHECK_FALSE(apply("alert.counted", "1", change->detail));
    CHECK_FALSE(apply("alert.acknowledged", "1", "{}"));
    const auto with = [&](std::string_view from, std::string_view to) {
        auto detail = change->detail;
        const auto at = detail.find(from);
        REQUIRE(at != std::string::npos);
        return detail.replace(at, from.size(), to);
    };
    CHECK_FALSE(apply("alert.opened", "1", with("\"rule\":\"ddl\"", "\"rule\":\"dll\"")));
    CHECK_FALSE(
        apply("alert.opened", "1",
              with("\"window\":\"2026-11-20T12:00:00", "\"window\":\"2026-11-20T12:00:01")));
    CHECK_FALSE(
        apply("alert.opened", "1", with("\"counted\":{\"events\":1", "\"counted\":{\"events\":0")));
    CHECK_FALSE(apply("alert.opened", "1",
                      with("\"counted\":{\"events\":1", "\"counted\":{\"events\":-1")));
    CHECK_FALSE(apply("alert.opened", "1",
                      with("\"counted\":{\"events\":1", "\"counted\":{\"events\":1e99")));
    CHECK_FALSE(apply("alert.opened", "1", with("\"sessions\":[]", "\"sessions\":[1]")));
    CHECK(book.changes() == 0);
    CHECK(apply("alert.opened", "7", change->detail));
    CHECK_FALSE(apply("alert.opened", "8", change->detail));
    CHECK_FALSE(apply("alert.counted", "7", change->detail));
    CHECK_FALSE(apply("alert.closed", "7", "{}"));
    CHECK_FALSE(apply("alert.closed", "7", "{\"reason\":\"x\"}"));
    CHECK_FALSE(apply("alert.exploded", "7", "{}"));
    CHECK(apply("alert.acknowledged", "7", "{}"));
    CHECK_FALSE(apply("alert.acknowledged", "7", "{}"));
    CHECK(apply("alert.closed", "7", "{\"reason\":\"done\"}"));
    CHECK_FALSE(apply("alert.closed", "7", "{\"reason\":\"done\"}"));
    CHECK(book.changes() == 3);
}
