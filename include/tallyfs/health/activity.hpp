// What happened in a database within a minute: a line of its history, and what a diagnosis rests
// on. Format of the line: docs/formats.md, "Health history".
#pragma once

#include <tallyfs/health/holders.hpp>
#include <tallyfs/health/sample.hpp>
#include <tallyfs/health/snapshot.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tallyfs::health {

/// What active sessions do or wait for. `commit` is a part of the others: whatever waits for its
/// WAL to be on disk, here or on a standby.
enum class wait_group : std::uint8_t { cpu, io, lock, lwlock, ipc, other, commit };
inline constexpr std::size_t wait_groups = 7;
[[nodiscard]] wait_group group_of(const wait_share& share) noexcept;
[[nodiscard]] bool waits_for_commit(const wait_share& share) noexcept;

/// Active sessions on average, by wait_group.
struct active_sessions {
    std::array<double, wait_groups> by_group{};

    [[nodiscard]] double of(wait_group group) const noexcept {
        return by_group[static_cast<std::size_t>(group)];
    }
    [[nodiscard]] double all() const noexcept;  ///< `commit` is not counted twice
    bool operator==(const active_sessions&) const = default;
};

/// What was added to the counters of pg_stat_database within `covered_seconds`.
struct activity_counters {
    std::int64_t covered_seconds = 0;
    std::int64_t commits = 0;
    std::int64_t rollbacks = 0;
    std::int64_t inserted = 0;
    std::int64_t updated = 0;
    std::int64_t deleted = 0;
    std::int64_t deadlocks = 0;
    std::int64_t temporary_bytes = 0;
    std::int64_t blocks_read = 0;
    std::int64_t blocks_hit = 0;
    /// That the whole server gave out: each transaction that writes takes one.
    count transaction_ids;

    [[nodiscard]] std::int64_t changed() const noexcept { return inserted + updated + deleted; }
    /// At most as many commits wrote something: readers commit as well, but change no row and take
    /// no id.
    [[nodiscard]] std::int64_t writing_commits() const noexcept;
    bool operator==(const activity_counters&) const = default;
};

/// What is nullopt is not known. Our own sessions are left out, but for the counters, where the
/// server does not tell them apart, and for server_connections, where they take a place.
struct activity {
    wall_time minute{};  ///< its start
    /// As many minutes right before it were looked at, and nothing happened in them.
    std::int64_t quiet_minutes_before = 0;
    std::optional<activity_counters> counters;
    std::optional<active_sessions> active;

    // The highest value of all looks.
    count waiting_sessions;  ///< blocked by another one's lock
    count longest_wait_seconds;
    count longest_transaction_seconds;
    count idle_in_transaction;
    count idle_holding;  ///< idle in transaction, and hold back vacuum
    count connections;
    count server_connections;
    count server_connections_limit;            ///< that ordinary roles can use
    count oldest_xmin_age;                     ///< transactions; 0: nobody holds anything
    std::string oldest_xmin_holder;            ///< xmin_holder::kind; "" for none
    std::optional<double> wraparound_percent;  ///< of 2^31, transactions or multixacts
    count inactive_slots;
    count retained_wal_bytes;  ///< for the slot that needs most
    count replay_lag_bytes;    ///< of the standby that is furthest behind

    // Of the newest full snapshot.
    count dead_rows;
    std::optional<double> dead_percent_max;  ///< of tables with dead_rows_counted or more
    count tables_due;                        ///< over the threshold of autovacuum

    bool operator==(const activity&) const = default;
};

/// Below, a share of dead rows says nothing: the default of thresholds::dead_rows_min.
inline constexpr std::int64_t dead_rows_counted = 10'000;

/// What one look shows of `database`: all but counters, waits and what a full snapshot has.
/// `holders` are xmin_holders(now).
[[nodiscard]] activity look_at(const sample& now, std::span<const xmin_holder> holders,
                               std::string_view database);
/// Puts in what a full snapshot shows.
void put_in(activity& into, const snapshot& full);
/// Active sessions of `database`; nullopt if nothing was covered.
[[nodiscard]] std::optional<active_sessions> active_in(const wait_profile& waits,
                                                       std::string_view database);

/// Adds up what is seen of one database within a minute.
class activity_sum {
  public:
    /// Begins a minute; the counters are known from the one before.
    void begin(wall_time minute);
    /// `waits` are those since the look before, about 10 seconds. Counters that went back, or were
    /// reset, count from zero.
    /// `holders` are xmin_holders(now).
    void add(const sample& now, std::span<const xmin_holder> holders, std::string_view database,
             const wait_profile& waits);
    [[nodiscard]] activity value() const;
    [[nodiscard]] wall_time minute() const noexcept { return sum_.minute; }
    /// False for a minute in which nobody did anything: autovacuum's visits and our own looks
    /// commit as well, but change nothing.
    [[nodiscard]] bool anything_happened() const;

  private:
    void add_counters(const sample& now, const database_counters& counters);

    activity sum_;
    std::array<double, wait_groups> wait_seconds_{};
    double waits_covered_seconds_ = 0;
    bool busy_ = false;       ///< somebody was seen at work
    bool we_are_in_ = false;  ///< one of our own sessions is connected to it
    std::optional<database_counters> last_;
    wall_time last_taken_{};
    std::chrono::microseconds counted_{};  ///< time that the counters cover
    std::int64_t ids_ = 0;
    bool ids_known_ = true;
};

/// The column names, with a newline.
[[nodiscard]] std::string_view activity_header() noexcept;
/// One line with its newline.
[[nodiscard]] std::string to_line(const activity& minute);
/// nullopt for what is no line of ours: the header, a torn one.
[[nodiscard]] std::optional<activity> parse_activity(std::string_view line);

}  // namespace tallyfs::health
