#include "health/observed.hpp"
#include "support/catch.hpp"

#include <tallyfs/health/holders.hpp>

using namespace tallyfs;
using namespace tallyfs::health;
using namespace tallyfs::health::observed;

TEST_CASE("idle sessions that hold nothing waste connections and do not block vacuum") {
    auto now = server();
    for (int i = 0; i < 35; ++i) {
        now.sessions.push_back(client(1000 + i, "idle in transaction", 133 * 24h));
    }
    const auto found = judged(now);
    REQUIRE(found.size() == 1);
    const auto& one = found.front();
    CHECK(one.key() == "idle_in_transaction|app|repl_agent@10.2.4.17");
    CHECK(one.severity == severity::info);
    CHECK(one.figures_text == "35 sessions, repl_agent@10.2.4.17");
    CHECK(says(one, "hold no xmin: vacuum is not blocked; 35 of 400 connections lost"));
    CHECK(says(one, "133 days"));
    CHECK(one.evidence.rows.size() == evidence_rows_max);
    CHECK(one.evidence.rows_total == 35);
    CHECK(one.since == noon - 133 * 24h);
    CHECK(one.remedy.kind == "pg-terminate");
    REQUIRE(one.remedy.parameters.size() == 3);
    CHECK(
        one.remedy.parameters.at("sessions").starts_with("1000@2026-11-19T12:00:00.000000Z,1001@"));
    for (const auto& [name, text] : one.remedy.parameters) CHECK(text.size() <= 512);
    CHECK(one.remedy.parameters.at("sessions3").find("1034@") != std::string::npos);
}

TEST_CASE("one idle session that has written or reads a snapshot blocks vacuum") {
    auto now = server();
    now.sessions = {client(1, "idle in transaction", 10min), client(2, "idle in transaction", 1h)};
    const bool writes = GENERATE(true, false);
    (writes ? now.sessions[0].xid_age : now.sessions[0].xmin_age) = 4000;
    const auto found = judged(now);
    REQUIRE(found.size() == 1);
    CHECK(found[0].severity == severity::warning);
    CHECK(says(found[0], "1 of 2 hold back vacuum, by up to 4,000 transactions"));
    CHECK(found[0].evidence.rows.front().front() == "1");
    CHECK(value(found[0], "idle_seconds") == 3600);
}

TEST_CASE("sessions of other roles, places and databases are findings of their own") {
    auto now = server();
    now.sessions.assign(4, client(1, "idle in transaction", 10min));
    now.sessions[1].user = "other";
    now.sessions[2].client = "";
    now.sessions[3].database = "another";
    const auto found = judged(now);
    REQUIRE(found.size() == 4);
    CHECK(found[3].subject == "repl_agent@[local]");
}

TEST_CASE("an aborted transaction is idle and holds nothing") {
    auto now = server();
    now.sessions = {client(1, "idle in transaction (aborted)", 10min)};
    const auto found = judged(now);
    REQUIRE(found.size() == 1);
    CHECK(found[0].severity == severity::info);
}

TEST_CASE("who is idle for less, without a transaction, active, or ourselves is no finding") {
    auto now = server();
    now.sessions = {client(1, "idle in transaction", 300s), client(2, "idle", 10h),
                    client(3, "active", 10h), client(4, "idle in transaction", 10h),
                    client(5, "", 10h)};
    // A long transaction whose last statement has just ended.
    now.sessions[0].transaction_start = noon - 10h;
    now.sessions[3].application = "tallyfs";
    CHECK(judged(now).empty());
    now.sessions[3].application = "tallyfs 0057";
    CHECK(judged(now).empty());
    now.sessions[3].application = "tallyfsx";
    CHECK(judged(now).size() == 1);
}

TEST_CASE("ages are reckoned by the server's clock") {
    auto now = server(noon + 1h);
    now.sessions = {client(1, "idle in transaction", 10s)};
    CHECK(judged(now).size() == 1);
    now.server_time = noon;
    CHECK(judged(now).empty());
}

TEST_CASE("more sessions than a request can name are ended in turns") {
    auto now = server();
    for (int i = 0; i < 300; ++i) {
        now.sessions.push_back(client(100'000 + i, "idle in transaction", 1h));
        now.sessions.back().backend_start = noon - 2h;
    }
    now.sessions[0].backend_start.reset();
    const auto found = of("idle_in_transaction", judged(now));
    REQUIRE(found.size() == 1);
    CHECK(found[0].remedy.parameters.size() == 4);
    CHECK(found[0].remedy.advice.ends_with("of 299 at a time)"));
    CHECK(found[0].remedy.parameters.at("sessions").find("100000@") == std::string::npos);
}

TEST_CASE("connections are counted of clients, against all that there are") {
    auto now = server();
    now.connections_max = 100;
    for (int i = 0; i < 81; ++i) now.sessions.push_back(client(i, "idle", 1s));
    for (int i = 0; i < 30; ++i) now.sessions[static_cast<std::size_t>(i)].user = "few";
    auto worker = client(500, "", 1s);
    worker.backend_type = "autovacuum worker";
    now.sessions.push_back(worker);
    const auto found = judged(now);
    REQUIRE(found.size() == 1);
    CHECK(found[0].key() == "connections||connections");
    CHECK(found[0].figures_text == "81 of 100 (81.0%)");
    CHECK(says(found[0], "most: 51 of repl_agent@10.2.4.17"));
    CHECK(found[0].severity == severity::warning);
    CHECK(found[0].remedy.kind.empty());

    for (int i = 0; i < 16; ++i) now.sessions.push_back(client(600 + i, "idle", 1s));
    CHECK(judged(now).front().severity == severity::critical);
    now.sessions.resize(80);
    CHECK(judged(now).empty());
    now.connections_max = 0;
    CHECK(judged(now).empty());
}

namespace {

session waiter(std::int32_t pid, std::vector<std::int32_t> behind, std::chrono::seconds since) {
    auto made = client(pid, "active", since);
    made.user = "web";
    made.blocked_by = std::move(behind);
    made.waits_for = "relation public.orders, AccessShareLock";
    made.waits_since = noon - since;
    return made;
}

}  // namespace

TEST_CASE("a queue for a lock names the one that all wait for") {
    auto now = server();
    now.sessions = {client(10, "idle in transaction", 2min), waiter(11, {10}, 60s)};
    for (int i = 0; i < 30; ++i) now.sessions.push_back(waiter(20 + i, {11}, 5s));
    now.sessions.push_back(waiter(60, {21, 22}, 1s));
    const auto found = judged(now);
    REQUIRE(found.size() == 1);
    CHECK(found[0].key() == "locks|app|repl_agent@10.2.4.17");
    CHECK(found[0].severity == severity::warning);
    CHECK(value(found[0], "waiting_sessions") == 32);
    CHECK(value(found[0], "longest_wait_seconds") == 60);
    CHECK(found[0].figures_text == "32 waiting, for up to 60 s");
    CHECK(found[0].evidence.rows.front().front() == "10");
    CHECK(found[0].remedy.parameters.at("sessions") == "10@2026-11-19T12:00:00.000000Z");
    CHECK(found[0].since == noon - 60s);
}

TEST_CASE("all who hold what a session waits for have to go") {
    auto now = server();
    now.sessions = {client(10, "idle in transaction", 2min), client(11, "active", 2min),
                    waiter(12, {10, 11}, 60s)};
    const auto found = judged(now);
    REQUIRE(found.size() == 1);
    CHECK(value(found[0], "blocking_sessions") == 2);
    CHECK(found[0].remedy.parameters.at("sessions").find(",11@") != std::string::npos);
}

TEST_CASE("short waits, circles and our own waits are no findings") {
    auto now = server();
    now.sessions = {client(10, "active", 2min), waiter(11, {10}, 30s)};
    CHECK(judged(now).empty());
    now.sessions = {waiter(10, {11}, 60s), waiter(11, {10}, 60s)};
    CHECK(judged(now).empty());
    now.sessions = {client(10, "active", 2min), waiter(11, {10}, 60s)};
    now.sessions[1].application = "tallyfs";
    CHECK(judged(now).empty());
}

TEST_CASE("a lock that a prepared transaction holds is resolved there") {
    auto now = server();
    now.sessions = {waiter(11, {0}, 60s)};
    now.prepared = {{"order-17", "app", "app_owner", noon - 1h, 12},
                    {"elsewhere", "other", "app_owner", noon - 1h, 12}};
    const auto found = judged(now);
    REQUIRE(found.size() == 1);
    CHECK(found[0].subject == "prepared transaction");
    CHECK(found[0].remedy.kind == "pg-resolve-prepared");
    CHECK(found[0].remedy.parameters.at("gid") == "order-17");
    now.prepared[1].database = "app";
    CHECK(judged(now)[0].remedy.kind.empty());
}

TEST_CASE("an autovacuum worker that blocks is not to be ended") {
    auto now = server();
    now.sessions = {client(10, "active", 2min), waiter(11, {10}, 60s)};
    now.sessions[0].backend_type = "autovacuum worker";
    now.sessions[0].user.clear();
    const auto found = judged(now);
    REQUIRE(found.size() == 1);
    CHECK(found[0].subject == "autovacuum worker");
    CHECK(found[0].remedy.advice.starts_with("let it finish"));
    CHECK(found[0].remedy.kind.empty());
}
