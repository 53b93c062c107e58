// A collector of a test's own: with short intervals, what it publishes, and the events it tells.
// Servers: support/postgres_cluster.hpp.
#pragma once

#include "postgres/events.hpp"
#include "postgres/server.hpp"
#include "support/temporary_directory.hpp"

#include <tallyfs/postgres/collector.hpp>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace tallyfs::test {

inline health::registration registration_of(const postgres_cluster& server,
                                            const std::string& cluster = "orders-cl",
                                            const std::string& database = "postgres") {
    health::registration made;
    made.cluster = {"prod", cluster};
    made.database = database;
    made.host = server.host();
    made.port = server.port();
    made.credential = "postgres";  // here the name of the role
    return made;
}

inline bool answers(const health::watched_server& server) {
    return server.sample != nullptr && server.reach.problem.empty();
}

inline bool has_finding(const health::watched_server& server, std::string_view rule) {
    return std::ranges::any_of(server.findings,
                               [&](const auto& one) { return one.finding.rule == rule; });
}

/// All that a collector needs, and what comes of it. A second one goes on where the first ended.
struct collecting {
    collecting() {
        shown.on_change([this] {
            const std::lock_guard lock(mutex);
            changed.notify_all();
        });
        settings.every = {std::chrono::milliseconds(100), std::chrono::milliseconds(50),
                          std::chrono::minutes(30),       std::chrono::milliseconds(100),
                          std::chrono::milliseconds(100), std::chrono::milliseconds(500)};
        settings.limits.idle_in_transaction_seconds = 0;
        start();
    }

    void start() {
        collector.reset();
        collector.emplace(postgres::collector::parts{system_clock_source(),
                                                     shown,
                                                     events,
                                                     "host",
                                                     [this](const health::registration& of, bool) {
                                                         return endpoint_of(of);
                                                     },
                                                     {},
                                                     {},
                                                     {},
                                                     {}},
                          settings);
    }
    /// Servers, each with all of its databases.
    void watch(std::vector<health::registration> databases) {
        auto all = std::make_shared<postgres::registered>();
        all->databases = std::move(databases);
        collector->update(std::move(all));
    }

    [[nodiscard]] std::shared_ptr<const health::watched_server> server(
        const std::string& cluster = "orders-cl") const {
        return shown.find({"prod", cluster});
    }
    using server_condition = std::function<bool(const health::watched_server&)>;
    /// Waits until the server is shown like that; false when it is not within `longest`.
    [[nodiscard]] bool becomes(const std::string& cluster, const server_condition& like_that,
                               std::chrono::milliseconds longest = std::chrono::seconds(20)) {
        std::unique_lock lock(mutex);
        const auto deadline = std::chrono::steady_clock::now() + longest;
        for (;;) {
            lock.unlock();
            const auto now = server(cluster);
            const bool there = now != nullptr && like_that(*now);
            lock.lock();
            if (there) return true;
            const auto next = std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
            if (next > deadline) return false;
            changed.wait_until(lock, next);
        }
    }
    /// Waits for one, and says what came of it; "nothing" if that takes too long.
    [[nodiscard]] std::string snapshot_now(const std::string& path) {
        std::unique_lock lock(mutex);
        auto problem = std::make_shared<std::optional<std::string>>();
        lock.unlock();
        collector->take_snapshot_now(path, [this, problem](const std::string& text) {
            const std::lock_guard inner(mutex);
            *problem = text;
            changed.notify_all();
        });
        lock.lock();
        changed.wait_for(lock, std::chrono::seconds(20), [&] { return problem->has_value(); });
        return problem->value_or("nothing");
    }
    [[nodiscard]] std::vector<std::string> told(const std::string& cluster = "orders-cl") const {
        return told_in(events, cluster);
    }

    [[nodiscard]] postgres::outcome<postgres::endpoint> endpoint_of(
        const health::registration& of) const {
        postgres::endpoint where;
        where.host = of.host;
        where.port = of.port;
        where.database = same_database ? "postgres" : of.database;
        where.role = of.credential;
        where.tls = "disable";
        return where;
    }

    bool same_database = false;  ///< whatever the name of a database is: "postgres"
    temporary_directory home;
    journal::stream events{home.path() / "health", system_clock_source()};
    postgres::board shown;
    postgres::collector_settings settings;
    mutable std::mutex mutex;
    std::condition_variable changed;
    std::optional<postgres::collector> collector;  ///< the last member: it ends first
};

}  // namespace tallyfs::test
