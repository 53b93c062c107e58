#include "support/catch.hpp"

#include <tallyfs/health/mutes.hpp>
#include <tallyfs/health/waits.hpp>

using namespace tallyfs;
using namespace tallyfs::health;
using namespace std::chrono_literals;

namespace {

const wall_time now = *parse_rfc3339("2026-11-20T12:00:00Z");
const cluster_id server{"prod", "orders-cl"};

finding of_table() {
    finding made;
    made.rule = "dead_ratio";
    made.database = "app";
    made.subject = "public.orders";
    return made;
}

std::string muted(const mute& by, const finding& found) {
    return muted_by(std::vector<mute>{by}, server, found, now);
}

}  // namespace

TEST_CASE("a mute silences a rule at its place until it ends, and says why") {
    mute by{"dead_ratio", "", "", "known, DB-12", now + 24h, "anna"};
    CHECK(muted(by, of_table()) == "anna until 2026-11-21: known, DB-12");
    for (const auto* place : {"prod", "prod/orders-cl", "prod/orders-cl/app"}) {
        by.place = place;
        CHECK_FALSE(muted(by, of_table()).empty());
    }
    for (const auto* place : {"pro", "dev", "prod/orders", "prod/orders-cl/ap", "prod/"}) {
        by.place = place;
        CHECK(muted(by, of_table()).empty());
    }
    by.place = "";
    by.subject = "public.orders";
    CHECK_FALSE(muted(by, of_table()).empty());
    by.subject = "public.other";
    CHECK(muted(by, of_table()).empty());
    by.subject = "";
    by.rule = "churn";
    CHECK(muted(by, of_table()).empty());
    by.rule = "dead_ratio";
    by.until = now;
    CHECK(muted(by, of_table()).empty());
}

TEST_CASE("a mute of one database does not silence its server") {
    auto of_server = of_table();
    of_server.database = "";
    CHECK(muted({"dead_ratio", "prod/orders-cl/app", "", "", now + 1h, ""}, of_server).empty());
    CHECK_FALSE(muted({"dead_ratio", "prod/orders-cl", "", "", now + 1h, ""}, of_server).empty());
}

TEST_CASE("waits are sessions on average over ten minutes of looks") {
    wait_window window;
    const std::chrono::steady_clock::time_point start{1h};
    CHECK(window.profile(start).shares.empty());
    for (int second = 0; second < 100; ++second) {
        std::vector<waiting_session> active{{"app", "", ""}};
        if (second % 4 == 0) active.push_back({"app", "IO", "WALSync"});
        if (second % 10 == 0) active.push_back({"app", "IO", "WALSync"});
        window.add(start + second * 1s, 1s, active);
    }
    const auto profile = window.profile(start + 100s);
    CHECK(profile.covered == 100s);
    REQUIRE(profile.shares.size() == 2);
    CHECK(profile.shares[0].type == "CPU");
    CHECK(profile.shares[0].sessions == Approx(1));
    CHECK(profile.shares[1].event == "WALSync");
    CHECK(profile.shares[1].sessions == Approx(0.35));
    // What is older than ten minutes does not count, looks that were not taken neither.
    window.add(start + 20min, 1s, {});
    CHECK(window.profile(start + 20min).covered == 1s);
    CHECK(window.profile(start + 20min).shares.empty());
    for (int second = 0; second < 3'600; ++second) window.add(start + 1h + second * 1s, 1s, {});
    CHECK(window.profile(start + 2h).covered == 600s);
}

TEST_CASE("very many kinds of waits take bounded room") {
    wait_window window;
    std::vector<waiting_session> active;
    for (int i = 0; i < 5'000; ++i) active.push_back({std::to_string(i), "Lock", "relation"});
    window.add({}, 1s, active);
    const auto profile = window.profile({});
    CHECK(profile.shares.size() == wait_window::shares_max + 1);
    CHECK(profile.shares.at(0).type == "(other)");
}
