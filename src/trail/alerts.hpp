// The alerts in force: raised by feeds and tests, acknowledged and closed by people, each change an
// action. Meaning: docs/audit.md, "Alerts".
#pragma once

#include "trail/judging.hpp"

#include <tallyfs/audit/alert.hpp>
#include <tallyfs/base/clock.hpp>
#include <tallyfs/record/action.hpp>
#include <tallyfs/state/action_log.hpp>
#include <tallyfs/state/desk.hpp>
#include <tallyfs/tree/node.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tallyfs::trail {

/// Any thread.
class alerts {
  public:
    /// All of it outlives them.
    struct parts {
        state::action_log& actions;
        state::desk& desk;
        state::last_errors& errors;
        const clock_source& clock;
        std::function<shared_judging()> judging;
        /// Who a user is that may acknowledge and close; nullopt for one who may not.
        std::function<std::optional<record::actor>(const tree::user&)> auditor_of;
        std::function<void()> changed;
    };
    static constexpr std::chrono::hours told_max{72};
    explicit alerts(parts with) : parts_(std::move(with)) {}

    /// At start, on the main thread: an action of the past, if it is one of alerts.
    void replay(const record::action& past);

    /// What was counted: records what is new of it, and waits for that. Not on the desk. False if
    /// the disk refuses or the desk has stopped: to be handed over again. Nobody is told at once of
    /// a window that is older than `told_max`: old logs are read.
    bool report(const std::vector<audit::tally>& counted);
    /// What a person writes to an alert's `state`.
    void decide(const tree::user& by, std::uint32_t number, std::string text, tree::answer answer);

    /// An alert as it stands, with what was counted since it was recorded.
    [[nodiscard]] std::optional<audit::alert> find(std::uint32_t number) const;
    [[nodiscard]] std::vector<audit::alert> open() const;
    [[nodiscard]] std::vector<audit::alert> closed() const;
    struct summary {
        std::size_t open = 0;          ///< that nobody has acknowledged
        std::size_t acknowledged = 0;  ///< and not closed
        std::string newest;            ///< "7-person-dml", of the open ones; "" if there is none
    };
    [[nodiscard]] summary count() const;
    /// Grows with each change.
    [[nodiscard]] std::uint64_t changes() const;

  private:
    /// On the desk.
    [[nodiscard]] bool report_some(std::span<const audit::tally> counted);
    [[nodiscard]] bool take(const audit::tally& counted);
    [[nodiscard]] audit::paging pages_of(const audit::alert_id& id) const;
    [[nodiscard]] bool enter(const audit::alert_change& change, const record::actor& by);
    [[nodiscard]] state::command_failure carry_out(const tree::user& by, std::uint32_t number,
                                                   const std::string& text);
    [[nodiscard]] audit::alert as_counted(const audit::alert& recorded) const;

    const parts parts_;
    mutable std::mutex mutex_;
    audit::alert_book book_;
    /// Counted and not recorded yet: while a window is open only what opens or pages is an action.
    std::map<std::uint32_t, audit::tally> live_;
    std::uint64_t live_changes_ = 0;
};

}  // namespace tallyfs::trail
