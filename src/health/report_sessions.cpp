// sessions.csv, connections.csv, waits.csv and locks.csv of a server.
#include "health/csv.hpp"
#include "health/sessions.hpp"

#include <tallyfs/health/report.hpp>

#include <spdlog/fmt/fmt.h>

#include <tuple>

namespace tallyfs::health {

namespace {

/// Seconds from `then` to the look; nothing where the server does not say when.
std::optional<std::int64_t> seconds_since(const moment& then, wall_time taken) {
    if (!then) return std::nullopt;
    const auto passed = std::chrono::floor<std::chrono::seconds>(taken - *then).count();
    return std::max<std::int64_t>(passed, 0);
}

std::string joined(const std::vector<std::int32_t>& pids) {
    std::string text;
    for (const auto pid : pids) text += (text.empty() ? "" : " ") + std::to_string(pid);
    return text;
}

/// What waits most urgently for a person: who waits, who holds, who works, who sleeps.
int urgency(const session& one) {
    if (!one.blocked_by.empty()) return 0;
    if (one.state.starts_with("idle in transaction")) return 1;
    return one.state == "active" ? 2 : 3;
}

wall_time last_change(const session& one) {
    return one.state_change.value_or(wall_time::max());
}

}  // namespace

std::string sessions_csv(const watched_server& server) {
    csv lines(
        "pid,database,role,application,client,backend_type,state,state_seconds,wait_type,"
        "wait_event,transaction_seconds,query_seconds,backend_start_utc,xmin_age_transactions,"
        "xid_age_transactions,blocked_by_pids,waits_for,query");
    if (server.sample == nullptr) return std::move(lines).text();
    const auto taken = server.sample->taken;
    std::vector<const session*> all;
    for (const auto& one : server.sample->sessions) all.push_back(&one);
    std::ranges::sort(all, {}, [](const session* one) {
        return std::tuple(urgency(*one), last_change(*one), one->pid);
    });
    for (const auto* one : all) {
        lines.row(one->pid, one->database, one->user, one->application, one->client,
                  one->backend_type, one->state, seconds_since(one->state_change, taken),
                  one->wait_type, one->wait_event, seconds_since(one->transaction_start, taken),
                  seconds_since(one->query_start, taken), one->backend_start, one->xmin_age,
                  one->xid_age, joined(one->blocked_by), one->waits_for, one->query);
    }
    return std::move(lines).text();
}

std::string connections_csv(const watched_server& server) {
    csv lines(
        "role,database,application,client,connections,percent_of_max,active,idle,"
        "idle_in_transaction,state_hidden");
    if (server.sample == nullptr) return std::move(lines).text();
    using group =
        std::tuple<std::string_view, std::string_view, std::string_view, std::string_view>;
    struct use {
        std::int64_t all = 0, active = 0, idle = 0, in_transaction = 0, hidden = 0;
    };
    std::map<group, use> uses;
    for (const auto& one : server.sample->sessions) {
        if (!takes_connection(one)) continue;
        auto& into = uses[{one.user, one.database, one.application, one.client}];
        ++into.all;
        ++(one.state.empty()                              ? into.hidden
           : one.state.starts_with("idle in transaction") ? into.in_transaction
           : one.state == "idle"                          ? into.idle
                                                          : into.active);
    }
    std::vector<std::pair<group, use>> rows(uses.begin(), uses.end());
    std::ranges::stable_sort(rows, std::greater{}, [](const auto& row) { return row.second.all; });
    for (const auto& [who, how] : rows) {
        const auto max = server.sample->connections_max;
        const auto share =
            max > 0 ? std::optional(fmt::format("{:.1f}", 100.0 * static_cast<double>(how.all) /
                                                              static_cast<double>(max)))
                    : std::nullopt;
        lines.row(std::get<0>(who), std::get<1>(who), std::get<2>(who), std::get<3>(who), how.all,
                  share, how.active, how.idle, how.in_transaction, how.hidden);
    }
    return std::move(lines).text();
}

std::string waits_csv(const watched_server& server) {
    csv lines("database,wait_type,wait_event,active_sessions_average,covered_seconds");
    for (const auto& one : server.waits.shares) {
        lines.row(one.database, one.type, one.event, fmt::format("{:.3f}", one.sessions),
                  server.waits.covered.count());
    }
    return std::move(lines).text();
}

std::string locks_csv(const watched_server& server) {
    csv lines(
        "pid,database,role,application,client,waits_for,waits_seconds,blocked_by_pids,"
        "root_pid,root_role,root_application,root_client,root_state,root_state_seconds,"
        "root_transaction_seconds,root_waiters,query,root_query");
    if (server.sample == nullptr) return std::move(lines).text();
    const auto taken = server.sample->taken;
    const auto queues = lock_queues(*server.sample);
    for (const auto& queue : queues) {
        const session unknown;
        const auto& root = queue.root != nullptr ? *queue.root : unknown;
        for (const auto* one : queue.waiters) {
            lines.row(one->pid, one->database, one->user, one->application, one->client,
                      one->waits_for, seconds_since(one->waits_since, taken),
                      joined(one->blocked_by), queue.root_pid, root.user, root.application,
                      root.client, root.state, seconds_since(root.state_change, taken),
                      seconds_since(root.transaction_start, taken), queue.waiters.size(),
                      one->query, root.query);
        }
    }
    return std::move(lines).text();
}

}  // namespace tallyfs::health
