// What a day brought to each table and statement of a database: two files of its history, added
// to at each full snapshot. Pure. Format: docs/formats.md, "Health history".
#pragma once

#include <tallyfs/health/snapshot.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::health {

/// A table's line. Figures are those of the newest snapshot of the day in which the table was
/// seen; `…_today` were added between snapshots of which the later one is of this day.
struct table_day {
    std::uint32_t oid = 0;
    std::string schema;
    std::string name;
    std::string partition_of;
    wall_time seen{};
    std::int64_t bytes = 0;
    std::int64_t live_rows = 0;
    std::int64_t dead_rows = 0;
    std::int64_t dead_rows_max = 0;  ///< of the day's snapshots
    std::int64_t xid_age = 0;
    std::int64_t inserted_today = 0;
    std::int64_t updated_today = 0;
    std::int64_t updated_hot_today = 0;
    std::int64_t deleted_today = 0;
    std::int64_t vacuums_today = 0;  ///< at least: of several between two snapshots one shows
    std::int64_t autovacuums_today = 0;
    std::int64_t analyzes_today = 0;  ///< both kinds
    std::int64_t inserted_total = 0;  ///< since the statistics were reset
    std::int64_t updated_total = 0;
    std::int64_t updated_hot_total = 0;
    std::int64_t deleted_total = 0;
    moment last_vacuum;
    moment last_autovacuum;
    moment last_analyze;
    moment last_autoanalyze;

    [[nodiscard]] std::int64_t changed_today() const noexcept {
        return inserted_today + updated_today + deleted_today;
    }
};

/// A statement's line: what it did between snapshots, times in milliseconds.
struct statement_day {
    std::int64_t id = 0;
    std::string user;
    std::int64_t calls = 0;
    double total_ms = 0;
    std::int64_t rows = 0;
    std::int64_t blocks_hit = 0;
    std::int64_t blocks_read = 0;
    std::int64_t temporary_blocks = 0;
    count wal_bytes;
    std::string query;  ///< its first query_bytes_kept bytes
};

/// Lines that a file holds at most; tables that were dropped go first.
inline constexpr std::size_t table_lines_max = 2 * snapshot::tables_max;
/// The statements that took most of the day's time.
inline constexpr std::size_t statement_lines_max = 50;
inline constexpr std::size_t query_bytes_kept = 160;

/// The column names, with a newline.
[[nodiscard]] std::string_view tables_day_header() noexcept;
[[nodiscard]] std::string_view statements_day_header() noexcept;

/// The file after another snapshot, lines with most changes first. `file` is what the day has so
/// far, "" for nothing; `before` is the snapshot before it, nullptr if there is none since the
/// start of the process. A table in which nothing changed has no line.
[[nodiscard]] std::string tables_of_day(std::string_view file, const snapshot& now,
                                        const snapshot* before);
/// The same, by the time that statements took. Without `before` nothing is added.
[[nodiscard]] std::string statements_of_day(std::string_view file, const snapshot& now,
                                            const snapshot* before);

/// What is no line of ours is left out.
[[nodiscard]] std::vector<table_day> parse_tables_day(std::string_view file);
[[nodiscard]] std::vector<statement_day> parse_statements_day(std::string_view file);

}  // namespace tallyfs::health
