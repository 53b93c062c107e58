// Budgets in force: what callers have used today, and whether they may go on.
// Format: docs/policies.md, "Budgets". Asked by the proxy for every call, changed on the desk.
#pragma once

#include <tallyfs/policy/budget.hpp>
#include <tallyfs/record/action.hpp>
#include <tallyfs/record/call.hpp>
#include <tallyfs/state/action_log.hpp>
#include <tallyfs/state/approvals.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace tallyfs::state {

class budgets {
  public:
    explicit budgets(const clock_source& clock) : clock_(clock) {}

    /// Whether there are any: lock-free, so that nobody pays for what is not used.
    [[nodiscard]] bool any() const noexcept { return any_; }
    /// Any thread. What is admitted has to come back through finish().
    [[nodiscard]] policy::admission admit(const policy::budget_facts& facts);
    /// Any thread; never throws: a call that cannot be counted is not counted.
    void finish(policy::budget_ticket ticket, const record::call& line) noexcept;

    /// Changes what is in force; what was counted under a name stays. The texts were judged before.
    void replace(const std::map<std::string, std::string>& texts);
    /// What is wrong between these texts, or "".
    [[nodiscard]] static std::string problem_of(const std::map<std::string, std::string>& texts);
    /// At start: a call of today that is in the journal.
    void seed(const record::call& line, day today);
    /// At start: an action of the past, if it raises a budget today.
    void replay(const record::action& past);
    /// Called for each limit that reached 80 %, once a day, on the thread of the call.
    void on_warning(std::function<void(const policy::budget_level&)> warn) {
        warn_ = std::move(warn);
    }

    /// "budget-raise": more of a budget, for today.
    [[nodiscard]] approval_kind kind(action_log& actions);

    [[nodiscard]] std::vector<policy::budget_state> state();

  private:
    [[nodiscard]] policy::budget_moment moment();
    [[nodiscard]] bool raise(const std::string& name, int percent, day date);
    [[nodiscard]] bool has(const std::string& name);

    const clock_source& clock_;
    std::atomic<bool> any_{false};
    std::function<void(const policy::budget_level&)> warn_;
    std::mutex mutex_;
    policy::budget_book book_;  ///< guarded, as what follows
    day today_;
    wall_time tomorrow_{};
};

}  // namespace tallyfs::state
