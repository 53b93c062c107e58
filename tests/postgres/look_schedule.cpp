#include "postgres/look_schedule.hpp"

#include "support/catch.hpp"

#include <set>

using namespace tallyfs;
using namespace tallyfs::postgres;
using namespace std::chrono_literals;

namespace {

using look = look_schedule::look;

const steady_time start{1000h};

struct scheduled {
    look_schedule plan{"prod/orders-cl"};
    intervals every;
    steady_time now = start;

    explicit scheduled(const std::vector<std::string>& databases = {"app"}) {
        plan.set(every, databases, now);
    }
    /// Waits for what comes next, and tells what it is.
    look_schedule::step wait() {
        const auto next = plan.next(now);
        now = std::max(now, next.at);
        return plan.next(now);
    }
};

}  // namespace

TEST_CASE("a server without a database that is looked at is left alone") {
    scheduled of(std::vector<std::string>{});
    CHECK(of.plan.next(start + 1000h).at == steady_time::max());
    of.plan.set(of.every, {"app"}, start);
    CHECK(of.plan.next(start).what == look::connect);
    CHECK(of.plan.next(start).at <= start);
}

TEST_CASE("a server is looked at every ten seconds, its waits every second") {
    scheduled of;
    of.plan.connected(of.now);
    std::map<look, int> looks;
    const auto end = start + 10min;
    for (;;) {
        const auto next = of.wait();
        if (of.now >= end) break;
        ++looks[next.what];
        of.now += 5ms;  // as long as a look takes
        if (next.what == look::sample) of.plan.sampled(of.now);
        if (next.what == look::waits) of.plan.looked_at_waits(of.now);
        if (next.what == look::snapshot) of.plan.snapshot_taken(next.database, of.now);
    }
    CHECK(looks[look::sample] == 60);
    CHECK(looks[look::waits] == 600);
    CHECK(looks[look::snapshot] >= 1);
    CHECK(looks[look::snapshot] <= 2);
    CHECK(looks[look::connect] == 0);
}

TEST_CASE("a look that takes longer than its interval leaves room for the others") {
    scheduled of;
    of.plan.connected(of.now);
    std::map<look, int> looks;
    for (int i = 0; i < 100; ++i) {
        const auto next = of.wait();
        ++looks[next.what];
        of.now += 12s;
        if (next.what == look::sample) of.plan.sampled(of.now);
        if (next.what == look::waits) of.plan.looked_at_waits(of.now);
        if (next.what == look::snapshot) of.plan.snapshot_failed(next.database, of.now);
    }
    CHECK(looks[look::sample] > 20);
    CHECK(looks[look::waits] > 20);
    CHECK(looks[look::snapshot] >= 4);  // as often as they may, after they failed
}

TEST_CASE("many snapshots that are due do not keep looks at the server away") {
    std::vector<std::string> names;
    for (int i = 0; i < 300; ++i) names.push_back("tenant_" + std::to_string(i));
    scheduled of(names);
    of.plan.connected(of.now);
    of.now += 10min;
    // Not even a snapshot that is due for long comes before the first look.
    CHECK(of.wait().what == look::sample);
    of.plan.looked_at_waits(of.now);
    CHECK(of.wait().what == look::sample);
    of.plan.sampled(of.now);
    std::map<look, int> looks;
    const auto end = of.now + 100s;
    while (of.now < end) {
        const auto next = of.wait();
        ++looks[next.what];
        of.now += 500ms;
        if (next.what == look::sample) of.plan.sampled(of.now);
        if (next.what == look::waits) of.plan.looked_at_waits(of.now);
        if (next.what == look::snapshot) of.plan.snapshot_taken(next.database, of.now);
    }
    CHECK(looks[look::sample] >= 9);
    CHECK(looks[look::waits] >= 60);
    CHECK(looks[look::snapshot] >= 90);
}

TEST_CASE("the pauses between tries grow to a minute and are small again after a success") {
    scheduled of;
    std::vector<std::chrono::seconds> pauses;
    for (int i = 0; i < 9; ++i) {
        of.plan.failed(of.now, true);
        const auto at = of.plan.next(of.now).at;
        pauses.push_back(std::chrono::duration_cast<std::chrono::seconds>(at - of.now));
        of.now = at;
    }
    CHECK(pauses == std::vector<std::chrono::seconds>{1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s, 60s});
    of.plan.connected(of.now);
    // To be let in is no success yet: a server that hangs does that as well.
    of.plan.failed(of.now, true);
    CHECK(of.plan.next(of.now).at == of.now + 60s);
    of.plan.connected(of.now);
    of.plan.sampled(of.now);
    of.plan.failed(of.now, true);
    CHECK(of.plan.next(of.now).at == of.now + 1s);
}

TEST_CASE("the snapshots of many databases are spread over their interval") {
    std::vector<std::string> names;
    for (int i = 0; i < 300; ++i) names.push_back("tenant_" + std::to_string(i));
    scheduled of(names);
    std::map<std::int64_t, int> first;  // by 10 seconds
    std::map<std::int64_t, int> later;  // by minute
    for (const auto& name : names) {
        const auto at = of.plan.snapshot_at(name);
        CHECK(at >= start);
        CHECK(at < start + of.every.first_snapshots);
        ++first[(at - start) / 10s];
        of.plan.snapshot_taken(name, at);
        const auto next = of.plan.snapshot_at(name);
        CHECK(next >= at + 15min);
        CHECK(next < at + 45min);
        ++later[(next - start) / 1min];
        of.plan.snapshot_taken(name, next);
        CHECK(of.plan.snapshot_at(name) == next + 30min);
    }
    CHECK(first.size() == 6);
    CHECK(later.size() > 25);
    for (const auto& [minute, databases] : later) CHECK(databases < 30);
}

TEST_CASE("a snapshot that fails is tried again after pauses that grow to its interval") {
    scheduled of;
    std::vector<std::chrono::minutes> pauses;
    for (int i = 0; i < 7; ++i) {
        of.plan.snapshot_failed("app", of.now);
        const auto at = of.plan.snapshot_at("app");
        pauses.push_back(std::chrono::duration_cast<std::chrono::minutes>(at - of.now));
        of.now = at;
    }
    CHECK(pauses == std::vector<std::chrono::minutes>{1min, 2min, 4min, 8min, 16min, 30min, 30min});
}

TEST_CASE("a snapshot that somebody waits for comes next, also during a pause") {
    scheduled of({"app", "other"});
    of.plan.connected(of.now);
    of.plan.sampled(of.now);
    of.plan.looked_at_waits(of.now);
    of.plan.snapshot_taken("app", of.now);
    of.plan.snapshot_taken("other", of.now);
    of.plan.demand("app", of.now);
    CHECK(of.plan.next(of.now).what == look::snapshot);
    CHECK(of.plan.next(of.now).database == "app");
    for (int i = 0; i < 10; ++i) of.plan.failed(of.now, true);
    of.plan.demand("app", of.now);
    CHECK(of.plan.next(of.now).what == look::connect);
    CHECK(of.plan.next(of.now).at <= of.now);
}

TEST_CASE("intervals that become shorter take effect at once") {
    scheduled of;
    of.plan.connected(of.now);
    of.plan.sampled(of.now);
    of.plan.looked_at_waits(of.now);
    of.plan.snapshot_taken("app", of.now);
    of.plan.set({100ms, 50ms, 200ms, 1s, 1s, 1s}, {"app"}, of.now);
    CHECK(of.plan.snapshot_at("app") <= of.now + 300ms);
    std::set<look> looks;
    while (of.now < start + 400ms) {
        const auto next = of.wait();
        looks.insert(next.what);
        if (next.what == look::sample) of.plan.sampled(of.now);
        if (next.what == look::waits) of.plan.looked_at_waits(of.now);
        if (next.what == look::snapshot) of.plan.snapshot_taken(next.database, of.now);
    }
    CHECK(looks == std::set<look>{look::sample, look::waits, look::snapshot});
}
