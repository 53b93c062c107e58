#include "health/csv_row.hpp"

#include <tallyfs/health/activity.hpp>

namespace tallyfs::health {

namespace {

/// "2026-11-20T12:28:00Z": a minute needs no microseconds.
std::string minute_text(wall_time minute) {
    return to_rfc3339(minute).substr(0, 19) + "Z";
}

void write_counters(csv_row& row, const std::optional<activity_counters>& counters) {
    const auto put = [&](std::int64_t activity_counters::*figure) {
        row.number(counters ? std::optional((*counters).*figure) : std::nullopt);
    };
    put(&activity_counters::commits);
    put(&activity_counters::rollbacks);
    put(&activity_counters::inserted);
    put(&activity_counters::updated);
    put(&activity_counters::deleted);
    std::optional<double> rows_per_commit;
    if (counters && counters->writing_commits() > 0) {
        rows_per_commit = static_cast<double>(counters->changed()) /
                          static_cast<double>(counters->writing_commits());
    }
    row.number(rows_per_commit);
    put(&activity_counters::deadlocks);
    put(&activity_counters::temporary_bytes);
    put(&activity_counters::blocks_read);
    put(&activity_counters::blocks_hit);
    row.number(counters ? counters->transaction_ids : std::nullopt);
}

std::optional<activity_counters> read_counters(csv_fields_reader& fields, count covered_seconds) {
    activity_counters read;
    const auto take = [&](std::int64_t& into) { into = fields.number().value_or(0); };
    take(read.commits);
    take(read.rollbacks);
    take(read.inserted);
    take(read.updated);
    take(read.deleted);
    static_cast<void>(fields.decimal());  // rows_per_commit follows from the others
    take(read.deadlocks);
    take(read.temporary_bytes);
    take(read.blocks_read);
    take(read.blocks_hit);
    read.transaction_ids = fields.number();
    if (!covered_seconds) return std::nullopt;
    read.covered_seconds = *covered_seconds;
    return read;
}

std::optional<active_sessions> read_active(csv_fields_reader& fields) {
    active_sessions read;
    bool known = true;
    for (auto& sessions : read.by_group) {
        const auto field = fields.decimal();
        known = known && field.has_value();
        sessions = field.value_or(0);
    }
    return known ? std::optional(read) : std::nullopt;
}

}  // namespace

std::string_view activity_header() noexcept {
    return "minute,quiet_minutes_before,covered_seconds,commits,rollbacks,inserted_rows,"
           "updated_rows,deleted_rows,rows_per_commit,deadlocks,temporary_bytes,blocks_read,"
           "blocks_hit,server_transaction_ids,cpu_sessions,io_sessions,lock_sessions,lwlock_"
           "sessions,ipc_sessions,"
           "other_sessions,commit_wait_sessions,waiting_sessions,longest_wait_seconds,"
           "longest_transaction_seconds,idle_in_transaction_sessions,"
           "idle_in_transaction_holding_sessions,connections,server_connections,"
           "server_connections_limit,oldest_xmin_age_transactions,oldest_xmin_holder,"
           "wraparound_percent,inactive_slots,retained_wal_bytes,replay_lag_bytes,dead_rows,"
           "dead_percent_max,tables_due\n";
}

std::string to_line(const activity& minute) {
    csv_row row;
    row.text(minute_text(minute.minute)).number(minute.quiet_minutes_before);
    row.number(minute.counters ? count(minute.counters->covered_seconds) : std::nullopt);
    write_counters(row, minute.counters);
    for (std::size_t group = 0; group < wait_groups; ++group) {
        row.number(minute.active ? std::optional(minute.active->by_group[group]) : std::nullopt);
    }
    row.number(minute.waiting_sessions)
        .number(minute.longest_wait_seconds)
        .number(minute.longest_transaction_seconds)
        .number(minute.idle_in_transaction)
        .number(minute.idle_holding)
        .number(minute.connections)
        .number(minute.server_connections)
        .number(minute.server_connections_limit)
        .number(minute.oldest_xmin_age)
        .text(minute.oldest_xmin_holder)
        .number(minute.wraparound_percent)
        .number(minute.inactive_slots)
        .number(minute.retained_wal_bytes)
        .number(minute.replay_lag_bytes)
        .number(minute.dead_rows)
        .number(minute.dead_percent_max)
        .number(minute.tables_due);
    return std::move(row).end();
}

std::optional<activity> parse_activity(std::string_view line) {
    const auto split = csv_fields(line);
    if (!split) return std::nullopt;
    csv_fields_reader fields(*split);
    const auto minute = parse_rfc3339(fields.text());
    if (!minute) return std::nullopt;
    activity read;
    read.minute = *minute;
    read.quiet_minutes_before = fields.number().value_or(0);
    const auto covered_seconds = fields.number();
    read.counters = read_counters(fields, covered_seconds);
    read.active = read_active(fields);
    read.waiting_sessions = fields.number();
    read.longest_wait_seconds = fields.number();
    read.longest_transaction_seconds = fields.number();
    read.idle_in_transaction = fields.number();
    read.idle_holding = fields.number();
    read.connections = fields.number();
    read.server_connections = fields.number();
    read.server_connections_limit = fields.number();
    read.oldest_xmin_age = fields.number();
    read.oldest_xmin_holder = fields.text();
    read.wraparound_percent = fields.decimal();
    read.inactive_slots = fields.number();
    read.retained_wal_bytes = fields.number();
    read.replay_lag_bytes = fields.number();
    read.dead_rows = fields.number();
    read.dead_percent_max = fields.decimal();
    read.tables_due = fields.number();
    if (!fields.ok() || read.quiet_minutes_before < 0) return std::nullopt;
    return read;
}

}  // namespace tallyfs::health
