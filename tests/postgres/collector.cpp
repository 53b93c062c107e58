#include "postgres/collecting.hpp"

#include <algorithm>

using namespace tallyfs;
using namespace tallyfs::test;
using namespace std::chrono_literals;

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
