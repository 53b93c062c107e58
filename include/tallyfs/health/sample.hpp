// What one look at a PostgreSQL server showed: sessions, locks, slots, counters; every 10 seconds.
// Source: PostgreSQL 12 to 17, "The Cumulative Statistics System" and "System Catalogs".
#pragma once

#include <tallyfs/base/clock.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::health {

/// What a version or a managed server does not show is nullopt; numbers are the server's own.
using count = std::optional<std::int64_t>;
using moment = std::optional<wall_time>;

/// A row of pg_stat_activity. Ages are transactions, as age(xid) counts them.
struct session {
    std::int32_t pid = 0;
    std::string database;  ///< "" for a background process of the whole server
    std::string user;
    std::string application;
    std::string client;        ///< address; "" for a Unix socket
    std::string backend_type;  ///< "client backend", "autovacuum worker", "walsender", …
    std::string state;      ///< "active", "idle in transaction", …; "" if it is not shown to us
    std::string wait_type;  ///< wait_event_type; "" if it does not wait
    std::string wait_event;
    moment backend_start;
    moment transaction_start;
    moment query_start;
    moment state_change;
    count xmin_age;     ///< of backend_xmin: it holds back vacuum; nullopt: it holds nothing
    count xid_age;      ///< of backend_xid: it has written
    std::string query;  ///< literals masked, at most 1,000 bytes
    std::vector<std::int32_t> blocked_by;  ///< pg_blocking_pids
    std::string waits_for;  ///< "relation orders, AccessExclusiveLock"; "" if it waits for no lock
    moment waits_since;     ///< pg_locks.waitstart (14+); else the start of the query
};

struct prepared_transaction {
    std::string gid;
    std::string database;
    std::string owner;
    moment prepared;
    std::int64_t age = 0;
};

struct replication_slot {
    std::string name;
    std::string type;      ///< "physical", "logical"
    std::string plugin;    ///< "" of a physical one
    std::string database;  ///< "" of a physical one
    bool active = false;
    std::string wal_status;  ///< "reserved", "extended", "unreserved", "lost"; "" before 13
    count retained_bytes;    ///< of WAL that is kept for it; nullopt on a replica
    count xmin_age;
    count catalog_xmin_age;
    moment inactive_since;  ///< 17 and newer; else since when we have seen it inactive
};

struct standby {
    std::string name;  ///< application_name
    std::string client;
    std::string state;
    count xmin_age;      ///< hot_standby_feedback holds back vacuum
    count replay_bytes;  ///< how far it is behind
};

/// A row of pg_stat_database, with the ages of pg_database.
struct database_counters {
    std::string name;
    std::int64_t connections = 0;
    std::int64_t commits = 0;
    std::int64_t rollbacks = 0;
    std::int64_t inserted = 0;
    std::int64_t updated = 0;
    std::int64_t deleted = 0;
    std::int64_t deadlocks = 0;
    std::int64_t temporary_bytes = 0;
    std::int64_t blocks_read = 0;
    std::int64_t blocks_hit = 0;
    std::int64_t xid_age = 0;   ///< age(datfrozenxid)
    std::int64_t mxid_age = 0;  ///< mxid_age(datminmxid)
    moment reset;               ///< the counters count since then
};

/// A row of pg_stat_progress_vacuum.
struct running_vacuum {
    std::int32_t pid = 0;
    std::string database;
    std::string table;  ///< "schema.name"; its oid where it is of a database that we are not in
    std::string phase;
    std::int64_t blocks_total = 0;
    std::int64_t blocks_scanned = 0;
    std::int64_t blocks_vacuumed = 0;
    bool automatic = false;
    moment started;
};

struct sample {
    wall_time taken{};         ///< by our clock
    moment server_time;        ///< by the server's, with which its other moments are compared
    std::int32_t version = 0;  ///< server_version_num: 150020
    std::string version_text;  ///< "15.20"
    std::string flavour;       ///< "PostgreSQL", or the product that says it is another one
    bool is_standby = false;   ///< pg_is_in_recovery()
    moment started;            ///< of the server
    std::int64_t connections_max = 0;
    std::int64_t connections_reserved = 0;  ///< superuser_reserved_connections
    std::vector<session> sessions;
    std::vector<prepared_transaction> prepared;
    std::vector<replication_slot> slots;
    std::vector<standby> standbys;
    std::vector<database_counters> databases;
    std::vector<running_vacuum> vacuums;
    /// Of the whole server, in its own units: naptime, freeze ages, cost settings.
    std::map<std::string, std::string, std::less<>> settings;
    /// What could not be looked at, and what to do: "pg_stat_replication: permission denied; …".
    std::vector<std::string> missing;

    /// What "now" is beside the moments that the server told.
    [[nodiscard]] wall_time server_now() const noexcept { return server_time.value_or(taken); }
    [[nodiscard]] const database_counters* find(std::string_view database) const noexcept {
        for (const auto& one : databases) {
            if (one.name == database) return &one;
        }
        return nullptr;
    }
};

/// Active sessions on average, by what they wait for: from looks once a second.
struct wait_share {
    std::string database;
    std::string type;  ///< "CPU" for an active session that does not wait
    std::string event;
    double sessions = 0;  ///< on average over `wait_profile::covered`
};
struct wait_profile {
    std::chrono::seconds covered{};
    std::vector<wait_share> shares;  ///< the largest first; idle clients are left out
};

}  // namespace tallyfs::health
