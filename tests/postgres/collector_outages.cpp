#include "postgres/collecting.hpp"

#include <algorithm>

using namespace tallyfs;
using namespace tallyfs::test;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

namespace {

using strings = std::vector<std::string>;

}  // namespace

TEST_CASE("a wrong role is tried at one database only") {
    NEEDS_POSTGRESQL();
    postgres_cluster cluster({"log_connections=on"}, {"host all nobody 127.0.0.1/32 reject"});
    collecting of;
    std::vector<health::registration> many;
    for (int i = 0; i < 20; ++i) {
        many.push_back(registration_of(cluster, "orders-cl", "db" + std::to_string(10 + i)));
        many.back().credential = "nobody";
    }
    of.watch(many);
    REQUIRE(
        of.becomes("orders-cl", [](const auto& server) { return !server.reach.problem.empty(); }));
    CHECK(of.server()->databases.front().reach.problem == of.server()->reach.problem);
    CHECK(cluster.log().find("db10") != std::string::npos);
    CHECK(cluster.log().find("db11") == std::string::npos);
}

TEST_CASE("servers that are down, hang or refuse logins delay nobody and keep their findings") {
    NEEDS_POSTGRESQL();
    postgres_cluster well;
    postgres_cluster hangs;
    postgres_cluster refuses({}, {"host all nobody 127.0.0.1/32 reject"});
    postgres_cluster down;
    collecting of;
    psql_session session(hangs);
    session.run("BEGIN; SELECT 1");
    auto refused = registration_of(refuses, "refuses");
    const auto watch = [&] {
        of.watch({registration_of(down, "down"), registration_of(hangs, "hangs"), refused,
                  registration_of(well, "well")});
    };
    watch();
    for (const auto* name : {"well", "refuses", "down"}) REQUIRE(of.becomes(name, answers));
    const auto is_found = [](const auto& server) {
        return has_finding(server, "idle_in_transaction");
    };
    REQUIRE(of.becomes("hangs", is_found));
    hangs.freeze();
    down.stop();
    refused.credential = "nobody";
    watch();

    // Looks at the one that is well, until all of the others are told to be unreachable.
    const std::map<std::string, strings> expected{
        {"hangs", {"finding.opened idle_in_transaction", "server.unreachable"}},
        {"refuses", {"server.unreachable"}},
        {"down", {"server.unreachable"}}};
    const auto all_told = [&] {
        return std::ranges::all_of(
            expected, [&](const auto& one) { return of.told(one.first) == one.second; });
    };
    std::chrono::microseconds longest{};
    wall_time last = of.server("well")->sample->taken;
    const auto start = steady::now();
    while (!all_told() && since(start) < 60s) {
        REQUIRE(
            of.becomes("well", [&](const auto& server) { return server.sample->taken > last; }));
        const auto taken = of.server("well")->sample->taken;
        longest = std::max(longest, taken - last);
        last = taken;
    }
    WARN("told after " << since(start).count() << " ms; longest pause between two looks at the "
                       << "server that is well, of 100 ms: " << longest.count() / 1000 << " ms");
    CHECK(all_told());
    CHECK(longest < 3s);  // a step with one of the others has 5
    CHECK(of.told("well").empty());
    for (const auto& [name, events] : expected) {
        INFO(name);
        const auto server = of.server(name);
        CHECK_FALSE(server->reach.problem.empty());
        CHECK(server->reach.failing_since.has_value());
        CHECK(server->reach.seen.has_value());
        CHECK(server->sample != nullptr);  // what was seen last is still shown
        CHECK(server->databases.at(0).reach == server->reach);
    }
    CHECK(is_found(*of.server("hangs")));
    const auto failing_since = of.server("hangs")->reach.failing_since;

    of.start();
    watch();
    CHECK(is_found(*of.server("hangs")));
    CHECK(of.server("hangs")->reach.failing_since == failing_since);
    hangs.thaw();
    down.start();
    for (const auto* name : {"hangs", "down"}) {
        INFO(name);
        CHECK(of.becomes(name, answers));
        auto events = expected.at(name);
        events.emplace_back("server.back");
        CHECK(of.told(name) == events);
    }
}

TEST_CASE("the collector stops within a second, with many servers that hang") {
    NEEDS_POSTGRESQL();
    postgres_cluster cluster({"max_connections=150"});
    collecting of;
    of.settings.every = {};
    of.start();
    std::vector<health::registration> many;
    for (int i = 0; i < 60; ++i) {
        many.push_back(registration_of(cluster, "cl-" + std::to_string(10 + i)));
    }
    of.watch(many);
    for (const auto& one : many) REQUIRE(of.becomes(one.cluster.cluster, answers));
    cluster.freeze();
    // Some are in the middle of a look, some wait for a new connection.
    REQUIRE(of.becomes("cl-10", [](const auto& server) { return !server.reach.problem.empty(); }));
    const auto start = steady::now();
    of.collector->stop();
    const auto took = since(start);
    WARN("60 servers that hang were left after " << took.count() << " ms");
    CHECK(took < 1s);
    of.collector->stop();
    of.collector->take_snapshot_now(
        "prod/cl-10/postgres", [](const std::string& problem) { CHECK_FALSE(problem.empty()); });
    cluster.thaw();
}
