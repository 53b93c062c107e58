#include "health/looks.hpp"
#include "health/rule_parts.hpp"

#include <tallyfs/health/activity.hpp>

#include <algorithm>

namespace tallyfs::health {

namespace {

// What happens in a database that nobody uses: a visit of autovacuum each minute commits a few
// times, and so do our own looks at the one that we are connected to, each second.
constexpr std::int64_t idle_commits_max = 60;
constexpr std::int64_t own_commits_max = 300;
constexpr double active_sessions_min = 0.05;  // on average: less is a visit of autovacuum

/// What a counter of the server grew by; one that was reset in between counts from zero.
std::int64_t growth(const database_counters& before, const database_counters& now,
                    std::int64_t database_counters::*counter) {
    const bool reset = before.reset != now.reset || now.*counter < before.*counter;
    return reset ? now.*counter : now.*counter - before.*counter;
}

}  // namespace

void activity_sum::begin(wall_time minute) {
    sum_ = {};
    sum_.minute = minute;
    wait_seconds_ = {};
    waits_covered_seconds_ = 0;
    busy_ = false;
    counted_ = {};
    ids_ = 0;
    ids_known_ = true;
}

void activity_sum::add(const sample& now, std::span<const xmin_holder> holders,
                       std::string_view database, const wait_profile& waits) {
    const auto shown = look_at(now, holders, database);
    raise(sum_.waiting_sessions, shown.waiting_sessions);
    raise(sum_.longest_wait_seconds, shown.longest_wait_seconds);
    raise(sum_.longest_transaction_seconds, shown.longest_transaction_seconds);
    raise(sum_.idle_in_transaction, shown.idle_in_transaction);
    raise(sum_.idle_holding, shown.idle_holding);
    raise(sum_.connections, shown.connections);
    raise(sum_.server_connections, shown.server_connections);
    raise_xmin(sum_, shown.oldest_xmin_age, shown.oldest_xmin_holder);
    raise(sum_.wraparound_percent, shown.wraparound_percent);
    raise(sum_.inactive_slots, shown.inactive_slots);
    raise(sum_.retained_wal_bytes, shown.retained_wal_bytes);
    raise(sum_.replay_lag_bytes, shown.replay_lag_bytes);
    sum_.server_connections_limit = shown.server_connections_limit;
    busy_ = busy_ || std::ranges::any_of(now.sessions, [database](const session& one) {
                return one.database == database && is_client(one) && !is_ours(one) &&
                       one.state == "active";
            });
    if (const auto active = active_in(waits, database)) {
        const auto covered = static_cast<double>(waits.covered.count());
        for (std::size_t group = 0; group < wait_groups; ++group) {
            wait_seconds_[group] += active->by_group[group] * covered;
        }
        waits_covered_seconds_ += covered;
        // What a longer time shows may have been before this minute.
        const bool of_this_minute = waits.covered <= std::chrono::minutes(1);
        busy_ = busy_ || (of_this_minute && active->all() >= active_sessions_min);
    }
    if (const auto* const counters = now.find(database)) add_counters(now, *counters);
}

void activity_sum::add_counters(const sample& now, const database_counters& counters) {
    if (last_ && now.taken > last_taken_) {
        if (!sum_.counters) sum_.counters.emplace();
        auto& into = *sum_.counters;
        const auto since = [&](auto counter) { return growth(*last_, counters, counter); };
        counted_ += now.taken - last_taken_;
        into.covered_seconds = std::chrono::round<std::chrono::seconds>(counted_).count();
        into.commits += since(&database_counters::commits);
        into.rollbacks += since(&database_counters::rollbacks);
        into.inserted += since(&database_counters::inserted);
        into.updated += since(&database_counters::updated);
        into.deleted += since(&database_counters::deleted);
        into.deadlocks += since(&database_counters::deadlocks);
        into.temporary_bytes += since(&database_counters::temporary_bytes);
        into.blocks_read += since(&database_counters::blocks_read);
        into.blocks_hit += since(&database_counters::blocks_hit);
        // The age of the oldest id grows with each that is given out; a vacuum can lower it.
        const auto ids = counters.xid_age - last_->xid_age;
        ids_known_ = ids_known_ && ids >= 0;
        ids_ += ids;
        into.transaction_ids = ids_known_ ? count(ids_) : std::nullopt;
    }
    we_are_in_ = std::ranges::any_of(now.sessions, [&counters](const session& one) {
        return is_ours(one) && one.database == counters.name;
    });
    last_ = counters;
    last_taken_ = now.taken;
}

activity activity_sum::value() const {
    auto made = sum_;
    if (waits_covered_seconds_ > 0) {
        made.active.emplace();
        for (std::size_t group = 0; group < wait_groups; ++group) {
            made.active->by_group[group] = wait_seconds_[group] / waits_covered_seconds_;
        }
    }
    return made;
}

bool activity_sum::anything_happened() const {
    if (busy_ || sum_.waiting_sessions.value_or(0) > 0) return true;
    if (!sum_.counters) return false;
    const auto& counted = *sum_.counters;
    if (counted.changed() + counted.rollbacks + counted.deadlocks + counted.temporary_bytes > 0) {
        return true;
    }
    const auto minutes = std::max<std::int64_t>(counted.covered_seconds / 60, 1);
    return counted.commits > minutes * (we_are_in_ ? own_commits_max : idle_commits_max);
}

}  // namespace tallyfs::health
