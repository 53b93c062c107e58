// The `rollups` stream: a file for each day whose lines are deleted or about to be.
// Format: docs/formats.md, "Rollups". Order of steps: docs/architecture.md, "Retention".
#pragma once

#include <tallyfs/ledger/rollup.hpp>

#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace tallyfs::ledger {

/// Any thread.
class rollup_files {
  public:
    /// A directory that does not exist has no rollups. Throws startup_error if it cannot be read:
    /// figures without it would be wrong. `operations` outlives the files.
    explicit rollup_files(std::filesystem::path directory,
                          journal::file_operations* operations = nullptr);

    [[nodiscard]] std::vector<day> days() const;
    [[nodiscard]] std::filesystem::path path_of(day date) const;
    /// The first day that begins at `at` or later and was not passed over.
    [[nodiscard]] std::optional<day> first_from(const journal::position& at) const;
    /// Errors: those of open(2) and read(2); bad_message for a file that is damaged. Either is
    /// said in problems(), and where, until a file of that day can be read or is written.
    [[nodiscard]] result<rollup> read(day date);
    /// The file is whole and on the disk when this returns, or is as it was before. Errors: those
    /// of the file system; message_size; bad_message if it does not say what was to be written.
    [[nodiscard]] result<void> write(const rollup& kept);

    struct problem {
        std::string what;      ///< "2026-11-20.jsonl line 17: not JSON"
        bool missing = false;  ///< the ledger had to do without: its sums lack the day
    };
    [[nodiscard]] std::vector<problem> problems() const;
    /// The rollup of a day cannot be read, and the ledger goes on without it; `missing`: without
    /// its lines as well.
    void pass_over(day date, bool missing);

  private:
    void note(day date, const std::string& what);
    [[nodiscard]] result<void> put(day date, const std::string& text);

    const std::filesystem::path directory_;
    journal::file_operations& operations_;
    mutable std::mutex mutex_;
    struct known_day {
        std::optional<rollup_files::problem> problem;
        bool passed_over = false;
    };
    std::map<day, known_day> days_;  ///< guarded by mutex_
};

/// After ledger::reconcile(): where the ledger has gone past a rollup without having its day,
/// everything is cleared, and the reason returned; "" if the two agree. Errors: those of clear().
[[nodiscard]] result<std::string> reconcile(ledger& with, rollup_files& from,
                                            const journal::stream& calls);

/// Takes the next day from its rollup, if it comes before the lines behind the checkpoint: true
/// if there was one. A rollup that is damaged is passed over: its day's lines count where they
/// are still there, else the day is noted as missing. Errors: those of ledger::apply().
[[nodiscard]] result<bool> apply_next_rollup(ledger& to, rollup_files& from,
                                             const journal::stream& calls);

}  // namespace tallyfs::ledger
