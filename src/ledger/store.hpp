// Writes a batch's changes to the file and reads them back at start.
// Format: docs/formats.md, "Ledger".
#pragma once

#include "ledger/schema.hpp"
#include "ledger/standing.hpp"

#include <tallyfs/ledger/rollup.hpp>

namespace tallyfs::ledger {

/// The statements that every batch needs, prepared once. Not thread-safe; `owner` outlives it.
class store {
  public:
    /// Errors stay in `owner`.
    explicit store(database& owner);

    /// Stores `batch` in one transaction. Errors: SQLite's; the file is then as before.
    [[nodiscard]] result<void> write(const standing& now, const changes& batch);

    // A day whose lines go, and what is kept of it: store_rollup.cpp. Errors as above.
    /// Closes the open day; the checkpoint moves to `next`, where a later one begins.
    [[nodiscard]] result<void> write_turn(const standing& now, const journal::position& next);
    /// Adds a day from its rollup. `batch` has its names, their stamps and the quarter hours.
    [[nodiscard]] result<void> write_rollup(const standing& now, const changes& batch,
                                            const rollup& kept);
    /// Deletes the rows that point to lines of the day. On the disk when it returns, and with it
    /// all that was written before.
    [[nodiscard]] result<void> forget_lines(const rollup& kept);

  private:
    void close_day(const standing& now);
    void write_closed_names(const standing& now);
    void write_rolled_sums(const changes& batch, const rollup& kept);
    void write_rolled_day(const rollup& kept);
    void write_names(const standing& now, const changes& batch);
    void write_quarters(day of, const quarter_sums& quarters);
    void write_loads(const changes& batch);
    void write_checkpoint(const standing& now, const changes& batch);

    database& owner_;
    statement put_name_;
    statement add_group_;
    statement put_day_;
    statement add_quarter_;
    statement add_log_;
    statement put_block_;
    statement add_cold_start_;
    statement add_swap_;
    statement add_day_swaps_;
    statement add_total_swaps_;
    statement add_leaving_;
    statement put_loaded_;
    statement remove_loaded_;
    statement set_checkpoint_;
    statement add_day_usage_;
    statement add_total_;
    statement add_duplicate_;
    statement clear_log_;
};

/// Reads what stands in memory. Errors: SQLite's; SQLITE_CORRUPT also where SQLite sees nothing
/// wrong but the tables contradict each other.
[[nodiscard]] result<standing> load(database& owner);

}  // namespace tallyfs::ledger
