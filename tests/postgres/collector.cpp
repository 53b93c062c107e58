#include "postgres/collecting.hpp"

#include <algorithm>

using namespace tallyfs;
using namespace tallyfs::test;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

namespace {

using strings = std::vector<std::string>;

const health::watched_database& database_of(const health::watched_server& server,
                                            std::string_view name) {
    const auto place = std::ranges::find(server.databases, name, [](const auto& one) {
        return std::string_view(one.what.database);
    });
    REQUIRE(place != server.databases.end());
    return *place;
}

}  // namespace

TEST_CASE("a registered server is looked at, and each of its databases in full") {
    NEEDS_POSTGRESQL();
    postgres_cluster cluster;
    cluster.psql("CREATE DATABASE app");
    collecting of;
    of.watch({registration_of(cluster, "orders-cl", "app"), registration_of(cluster)});
    CHECK(of.becomes("orders-cl", [](const auto& server) {
        return answers(server) && server.databases.size() == 2 &&
               std::ranges::all_of(server.databases,
                                   [](const auto& one) { return one.full != nullptr; });
    }));
    const auto server = of.server();
    REQUIRE(server);
    CHECK(server->host == cluster.host());
    CHECK(server->port == cluster.port());
    CHECK(server->sample->version / 10'000 >= 12);
    CHECK(server->reach.seen.has_value());
    for (const auto& one : server->databases) {
        CHECK(one.full->database == one.what.database);
        CHECK(one.reach.problem.empty());
        REQUIRE(one.next_full.has_value());
        CHECK(*one.next_full > one.full->taken + 14min);
    }
    CHECK(of.becomes("orders-cl", [](const auto& now) { return now.waits.covered >= 1s; }));
    CHECK(of.told().empty());
}

TEST_CASE("a finding is told once over a restart, and closed when it is over") {
    NEEDS_POSTGRESQL();
    postgres_cluster cluster;
    collecting of;
    std::optional<psql_session> session(std::in_place, cluster);
    session->run("BEGIN; SELECT 1");
    of.watch({registration_of(cluster)});
    const auto is_found = [](const auto& server) {
        return has_finding(server, "idle_in_transaction");
    };
    REQUIRE(of.becomes("orders-cl", is_found));
    CHECK(of.told() == strings{"finding.opened idle_in_transaction"});
    const auto began = of.server()->findings.at(0).finding.since;

    of.start();
    of.watch({registration_of(cluster)});
    // Known at once, and the same one after looks that see it again.
    CHECK(is_found(*of.server()));
    REQUIRE(of.becomes("orders-cl", [](const auto& server) { return answers(server); }));
    const auto version = of.server()->version;
    REQUIRE(
        of.becomes("orders-cl", [&](const auto& server) { return server.version > version + 6; }));
    CHECK(of.told() == strings{"finding.opened idle_in_transaction"});
    CHECK(std::chrono::abs(of.server()->findings.at(0).finding.since - began) < 1s);

    session.reset();
    REQUIRE(of.becomes("orders-cl", [&](const auto& server) { return !is_found(server); }));
    CHECK(of.told() ==
          strings{"finding.opened idle_in_transaction", "finding.closed idle_in_transaction"});
    of.start();
    of.watch({registration_of(cluster)});
    CHECK_FALSE(is_found(*of.server()));
}

TEST_CASE("a muted finding is shown as such, and told with who silenced it") {
    NEEDS_POSTGRESQL();
    postgres_cluster cluster;
    collecting of;
    psql_session session(cluster);
    session.run("BEGIN; SELECT 1");
    of.watch({registration_of(cluster)});
    REQUIRE(of.becomes("orders-cl", [](const auto& server) { return !server.findings.empty(); }));
    CHECK(of.server()->findings.at(0).muted_by.empty());
    auto settings = of.settings;
    settings.mutes.push_back(
        {"idle_in_transaction", "prod", "", "known", system_clock_source().wall() + 24h, "anna"});
    of.collector->configure(settings);
    CHECK(of.server()->findings.at(0).muted_by.starts_with("anna until "));
    of.collector->configure(of.settings);
    CHECK(of.server()->findings.at(0).muted_by.empty());
}

TEST_CASE("a snapshot that somebody asks for comes at once, or a reason why there is none") {
    NEEDS_POSTGRESQL();
    postgres_cluster cluster;
    collecting of;
    auto inactive = registration_of(cluster, "orders-cl", "template1");
    inactive.active = false;
    auto missing = registration_of(cluster, "orders-cl", "missing");
    of.watch({missing, registration_of(cluster), inactive});
    CHECK(of.snapshot_now("prod/orders-cl/postgres").empty());
    const auto first = database_of(*of.server(), "postgres").full;
    REQUIRE(first);
    CHECK(of.snapshot_now("prod/orders-cl/postgres").empty());
    const auto second = database_of(*of.server(), "postgres").full;
    CHECK(second->taken > first->taken);
    CHECK(database_of(*of.server(), "postgres").full_before->taken == first->taken);
    CHECK(of.snapshot_now("prod/orders-cl/missing").find("missing") != std::string::npos);
    CHECK(of.snapshot_now("prod/orders-cl/template1").find("not active") != std::string::npos);
    CHECK(of.snapshot_now("prod/orders-cl/other").find("not registered") != std::string::npos);
    CHECK(of.snapshot_now("prod/other/app").find("not registered") != std::string::npos);
    // A database that is not there is no reason not to look at the server.
    CHECK(answers(*of.server()));
    CHECK_FALSE(database_of(*of.server(), "missing").reach.problem.empty());
    CHECK(database_of(*of.server(), "missing").reach.failing_since.has_value());
    CHECK(database_of(*of.server(), "template1").full == nullptr);
    cluster.stop();
    CHECK_FALSE(of.snapshot_now("prod/orders-cl/postgres").empty());
}

TEST_CASE("servers come, change and go while others are looked at") {
    NEEDS_POSTGRESQL();
    postgres_cluster first;
    postgres_cluster second;
    first.psql("CREATE DATABASE app");
    collecting of;
    of.watch({registration_of(first)});
    REQUIRE(of.becomes("orders-cl", answers));
    of.watch({registration_of(first, "orders-cl", "app"), registration_of(first),
              registration_of(second, "other-cl")});
    REQUIRE(of.becomes("other-cl", answers));
    REQUIRE(of.becomes("orders-cl", [](const auto& server) {
        return server.databases.size() == 2 && server.databases.at(0).full != nullptr;
    }));

    // The other server takes the name of the first.
    const auto system_of = [](const postgres_cluster& server) { return server.port(); };
    of.watch({registration_of(second)});
    CHECK_FALSE(of.server("other-cl"));
    REQUIRE(of.becomes("orders-cl", [&](const auto& server) {
        return server.databases.size() == 1 && server.port == system_of(second);
    }));
    first.wait_until("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tallyfs'",
                     "0");
    second.wait_until("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tallyfs'",
                      "1");

    auto inactive = registration_of(second);
    inactive.active = false;
    of.watch({inactive});
    second.wait_until("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tallyfs'",
                      "0");
    of.watch({});
    CHECK(of.shown.servers().empty());
}

TEST_CASE("what was wrong with a server that is not registered any more is closed") {
    NEEDS_POSTGRESQL();
    postgres_cluster cluster;
    collecting of;
    psql_session session(cluster);
    session.run("BEGIN; SELECT 1");
    of.watch({registration_of(cluster)});
    REQUIRE(of.becomes("orders-cl", [](const auto& server) { return !server.findings.empty(); }));
    of.watch({});
    CHECK(of.told().back() == "finding.closed idle_in_transaction");
}

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
    CHECK(database_of(*of.server(), "db10").reach.problem == of.server()->reach.problem);
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
    postgres_cluster cluster;
    collecting of;
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
