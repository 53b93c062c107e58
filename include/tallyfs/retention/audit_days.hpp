// Deletes events of the audit that are older than a setting says, whole days, so that the chain of
// what is left still proves itself. Order of steps: docs/architecture.md, "Retention".
#pragma once

#include <tallyfs/base/clock.hpp>
#include <tallyfs/journal/chain_day.hpp>
#include <tallyfs/journal/stream.hpp>
#include <tallyfs/ledger/audit_index.hpp>
#include <tallyfs/state/settings.hpp>

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace tallyfs::retention {

class audit_days {
  public:
    struct parts {
        /// Records an action and waits for it; false: it could not be. Not on the desk.
        std::function<bool(std::string event, std::string subject, std::string detail)> record;
        /// Called when a day was deleted.
        std::function<void()> changed;
    };
    /// What is passed by reference outlives it. `index` is reconciled with `lines`.
    audit_days(journal::stream& lines, ledger::audit_index& index) : lines_(lines), index_(index) {}
    audit_days(const audit_days&) = delete;
    audit_days& operator=(const audit_days&) = delete;
    /// Before the first look().
    void connect(parts given) { parts_ = std::move(given); }

    /// On the thread that changes settings.
    [[nodiscard]] std::vector<state::setting_definition> definitions();

    /// Finishes what was begun, and deletes all days that are old enough, the oldest first; a day
    /// in which the chain does not hold stays. Called once a minute, by one thread, which may wait
    /// for the disk: a day is read whole before it goes. What fails is said in problem(), and tried
    /// again by the next look: every step may come twice, but for the record of a day, which comes
    /// again only after a restart.
    void look(wall_time now);
    /// "" or why a day is not deleted. Any thread.
    [[nodiscard]] std::string problem() const;

  private:
    [[nodiscard]] std::vector<day> days_to_delete(wall_time now) const;
    [[nodiscard]] std::string delete_day(day date);
    [[nodiscard]] std::string forget_deleted();

    journal::stream& lines_;
    ledger::audit_index& index_;
    parts parts_;
    struct recorded_day {
        day date;
        journal::chain_head base;
    };
    std::optional<recorded_day> recorded_;  ///< the last one; of the thread that looks
    mutable std::mutex mutex_;
    int days_kept_ = 0;    ///< guarded, as the next
    std::string problem_;  ///< of the last look
};

}  // namespace tallyfs::retention
