#include "health/looks.hpp"
#include "health/rule_parts.hpp"

#include <tallyfs/health/activity.hpp>

#include <algorithm>
#include <array>

namespace tallyfs::health {

namespace {

constexpr double xids = 2147483648.0;  // 2^31: as many lie ahead of the oldest one

bool is_hidden(const sample& now, std::string_view view) {
    return std::ranges::any_of(now.missing, [view](const std::string& what) {
        return what.starts_with(view) &&
               (what.size() == view.size() || what[view.size()] == ':' || what[view.size()] == ' ');
    });
}

void look_at_sessions(activity& shown, const sample& now, std::string_view database) {
    std::int64_t idle = 0;
    std::int64_t holding = 0;
    std::int64_t waiting = 0;
    std::int64_t longest_wait = 0;
    std::int64_t longest_transaction = 0;
    std::int64_t connections = 0;
    std::int64_t server_connections = 0;
    bool hidden = false;
    const auto at = now.server_now();
    for (const auto& one : now.sessions) {
        if (is_client(one)) ++server_connections;
        if (one.database != database || is_ours(one)) continue;
        if (!one.blocked_by.empty()) {
            ++waiting;
            longest_wait = std::max(longest_wait, seconds_since(one.waits_since, at));
        }
        if (!is_client(one)) continue;
        ++connections;
        hidden = hidden || one.state.empty();
        longest_transaction =
            std::max(longest_transaction, seconds_since(one.transaction_start, at));
        if (!one.state.starts_with("idle in transaction")) continue;
        ++idle;
        if (one.xmin_age || one.xid_age) ++holding;
    }
    shown.connections = connections;
    shown.server_connections = server_connections;
    if (!is_hidden(now, "pg_locks")) {
        shown.waiting_sessions = waiting;
        shown.longest_wait_seconds = longest_wait;
    }
    if (hidden) return;
    shown.longest_transaction_seconds = longest_transaction;
    shown.idle_in_transaction = idle;
    shown.idle_holding = holding;
}

/// Who holds back vacuum in `database`: sessions and prepared transactions of another one do not.
void look_at_holders(activity& shown, const sample& now, std::span<const xmin_holder> holders,
                     std::string_view database) {
    const auto hidden_session = [&](const session& one) {
        return one.database == database && is_client(one) && !is_ours(one) && one.state.empty();
    };
    if (std::ranges::any_of(now.sessions, hidden_session)) return;
    for (const auto view : {"pg_replication_slots", "pg_stat_replication", "pg_prepared_xacts"}) {
        if (is_hidden(now, view)) return;
    }
    shown.oldest_xmin_age = 0;
    for (const auto& one : holders) {
        if (holds_back(one, database)) raise_xmin(shown, one.age, one.kind);
    }
}

void look_at_replication(activity& shown, const sample& now) {
    if (!is_hidden(now, "pg_replication_slots")) {
        shown.inactive_slots = std::ranges::count_if(
            now.slots, [](const replication_slot& one) { return !one.active; });
        if (now.slots.empty()) shown.retained_wal_bytes = 0;
        for (const auto& one : now.slots) raise(shown.retained_wal_bytes, one.retained_bytes);
    }
    if (is_hidden(now, "pg_stat_replication")) return;
    if (now.standbys.empty()) shown.replay_lag_bytes = 0;
    for (const auto& one : now.standbys) raise(shown.replay_lag_bytes, one.replay_bytes);
}

}  // namespace

wait_group group_of(const wait_share& share) noexcept {
    constexpr std::array<std::pair<std::string_view, wait_group>, 5> types{
        {{"CPU", wait_group::cpu},
         {"IO", wait_group::io},
         {"Lock", wait_group::lock},
         {"LWLock", wait_group::lwlock},
         {"IPC", wait_group::ipc}}};
    for (const auto& [type, group] : types) {
        if (share.type == type) return group;
    }
    return wait_group::other;
}

bool waits_for_commit(const wait_share& share) noexcept {
    constexpr std::array<std::string_view, 5> events{"WALSync", "WALWrite", "WALWriteLock",
                                                     "SyncRep", "XactSync"};
    return std::ranges::find(events, share.event) != events.end();
}

std::int64_t activity_counters::writing_commits() const noexcept {
    const auto most = std::min(commits, changed());
    return transaction_ids ? std::min(most, *transaction_ids) : most;
}

double active_sessions::all() const noexcept {
    double sum = 0;
    for (std::size_t group = 0; group < wait_groups; ++group) {
        if (group != static_cast<std::size_t>(wait_group::commit)) sum += by_group[group];
    }
    return sum;
}

std::optional<active_sessions> active_in(const wait_profile& waits, std::string_view database) {
    if (waits.covered.count() <= 0) return std::nullopt;
    active_sessions sum;
    for (const auto& share : waits.shares) {
        if (share.database != database) continue;
        sum.by_group[static_cast<std::size_t>(group_of(share))] += share.sessions;
        if (waits_for_commit(share)) {
            sum.by_group[static_cast<std::size_t>(wait_group::commit)] += share.sessions;
        }
    }
    return sum;
}

activity look_at(const sample& now, std::span<const xmin_holder> holders,
                 std::string_view database) {
    activity shown;
    shown.minute = std::chrono::floor<std::chrono::minutes>(now.taken);
    look_at_sessions(shown, now, database);
    look_at_holders(shown, now, holders, database);
    look_at_replication(shown, now);
    if (now.connections_max > 0) {
        shown.server_connections_limit = now.connections_max - now.connections_reserved;
    }
    if (const auto* const counters = now.find(database)) {
        const auto oldest = std::max(counters->xid_age, counters->mxid_age);
        shown.wraparound_percent = 100.0 * static_cast<double>(oldest) / xids;
    }
    return shown;
}

void put_in(activity& into, const snapshot& full) {
    std::int64_t dead = 0;
    std::int64_t due = 0;
    double worst = 0;
    for (const auto& one : full.tables) {
        dead += one.dead_rows;
        if (one.due_since) ++due;
        if (one.dead_rows < dead_rows_counted) continue;
        const auto rows = static_cast<double>(one.live_rows + one.dead_rows);
        worst = std::max(worst, 100.0 * static_cast<double>(one.dead_rows) / rows);
    }
    into.dead_rows = dead;
    into.tables_due = due;
    into.dead_percent_max = worst;
}

}  // namespace tallyfs::health
