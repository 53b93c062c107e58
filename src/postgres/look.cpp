#include "postgres/look.hpp"

#include "postgres/answers.hpp"
#include "postgres/queries.hpp"

#include <tallyfs/base/masked_sql.hpp>
#include <tallyfs/base/text.hpp>

namespace tallyfs::postgres {

namespace {

constexpr std::size_t session_query_bytes_max = 1'000;

/// Gives whether we are shown what other roles do.
bool take_server(fields& in, health::sample& into) {
    into.version = in.number<std::int32_t>();
    into.version_text = in.text();
    into.flavour = in.text();
    into.is_standby = in.flag();
    into.started = in.moment();
    into.connections_max = in.number();
    into.connections_reserved = in.number();
    return in.flag();
}

health::session session_of(fields& in, const look_options& how) {
    health::session one;
    one.pid = in.number<std::int32_t>();
    one.database = in.text();
    one.user = in.text();
    one.application = in.text();
    one.client = in.text();
    one.backend_type = in.text();
    one.state = in.text();
    one.wait_type = in.text();
    one.wait_event = in.text();
    one.backend_start = in.moment();
    one.transaction_start = in.moment();
    one.query_start = in.moment();
    one.state_change = in.moment();
    one.xmin_age = in.count();
    one.xid_age = in.count();
    const auto query = in.text();
    one.query = how.mask_queries ? masked(query, session_query_bytes_max)
                                 : std::string(clip_utf8(query, session_query_bytes_max));
    for (const auto& pid : in.list()) one.blocked_by.push_back(std::stoi(pid));
    one.waits_for = in.text();
    one.waits_since = in.moment();
    return one;
}

health::prepared_transaction prepared_of(fields& in) {
    health::prepared_transaction one;
    one.gid = in.text();
    one.database = in.text();
    one.owner = in.text();
    one.prepared = in.moment();
    one.age = in.number();
    return one;
}

health::replication_slot slot_of(fields& in) {
    health::replication_slot one;
    one.name = in.text();
    one.type = in.text();
    one.plugin = in.text();
    one.database = in.text();
    one.active = in.flag();
    one.wal_status = in.text();
    one.retained_bytes = in.count();
    one.xmin_age = in.count();
    one.catalog_xmin_age = in.count();
    one.inactive_since = in.moment();
    return one;
}

health::standby standby_of(fields& in) {
    health::standby one;
    one.name = in.text();
    one.client = in.text();
    one.state = in.text();
    one.xmin_age = in.count();
    one.replay_bytes = in.count();
    return one;
}

health::database_counters database_of(fields& in) {
    health::database_counters one;
    one.name = in.text();
    for (auto* const value : {&one.connections, &one.commits, &one.rollbacks, &one.inserted,
                              &one.updated, &one.deleted, &one.deadlocks, &one.temporary_bytes,
                              &one.blocks_read, &one.blocks_hit, &one.xid_age, &one.mxid_age}) {
        *value = in.number();
    }
    one.reset = in.moment();
    return one;
}

health::running_vacuum vacuum_of(fields& in) {
    health::running_vacuum one;
    one.pid = in.number<std::int32_t>();
    one.database = in.text();
    one.table = in.text();
    one.phase = in.text();
    one.blocks_total = in.number();
    one.blocks_scanned = in.number();
    one.blocks_vacuumed = in.number();
    one.automatic = in.flag();
    one.started = in.moment();
    return one;
}

}  // namespace

outcome<health::sample> take_sample(connection& on, wall_time now, const look_options& how) {
    health::sample made;
    bool is_shown_all = false;
    made.taken = now;
    const auto version = on.version();
    const std::vector<question> questions{
        {"server", queries::server(), [&](fields& in) { is_shown_all = take_server(in, made); }},
        {"pg_settings", queries::settings(),
         [&](fields& in) {
             auto name = in.text();
             made.settings.insert_or_assign(std::move(name), in.text());
         }},
        {"pg_stat_activity", queries::sessions(version),
         [&](fields& in) { made.sessions.push_back(session_of(in, how)); }},
        {"pg_prepared_xacts", queries::prepared(),
         [&](fields& in) { made.prepared.push_back(prepared_of(in)); }},
        {"pg_replication_slots", queries::slots(version),
         [&](fields& in) { made.slots.push_back(slot_of(in)); }},
        {"pg_stat_replication", queries::standbys(),
         [&](fields& in) { made.standbys.push_back(standby_of(in)); }},
        {"pg_stat_database", queries::databases(),
         [&](fields& in) { made.databases.push_back(database_of(in)); }},
        {"pg_stat_progress_vacuum", queries::vacuums(),
         [&](fields& in) { made.vacuums.push_back(vacuum_of(in)); }},
    };
    if (auto lost = ask_all(on, questions, made.missing)) return *lost;
    if (made.version == 0) {
        return failure{"", made.missing.empty() ? "no answer to what it is" : made.missing.front(),
                       false};
    }
    if (!is_shown_all) {
        made.missing.push_back(
            "sessions of other roles: what they do and hold is hidden from us; "
            "GRANT pg_monitor TO " +
            on.role());
    }
    return made;
}

outcome<std::vector<active_session>> look_at_waits(connection& on) {
    auto rows = on.read(queries::waits());
    if (!rows) return rows.error();
    std::vector<active_session> all;
    for (const auto& row : *rows) {
        fields in(row);
        active_session one;
        one.database = in.text();
        one.wait_type = in.text();
        one.wait_event = in.text();
        all.push_back(std::move(one));
    }
    return all;
}

}  // namespace tallyfs::postgres
