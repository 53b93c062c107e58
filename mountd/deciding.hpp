// What people decide: actions, settings, policies and approvals, and the desk where they change;
// wired. Order and reasons: docs/architecture.md, "Deciding".
#pragma once

#include "mountd/audits.hpp"
#include "mountd/databases.hpp"
#include "mountd/options.hpp"
#include "mountd/policies.hpp"

#include <tallyfs/capture/recorder.hpp>
#include <tallyfs/journal/open_calls.hpp>
#include <tallyfs/journal/stream.hpp>
#include <tallyfs/retention/gauge.hpp>
#include <tallyfs/retention/sweeper.hpp>
#include <tallyfs/state/budgets.hpp>
#include <tallyfs/state/canceller.hpp>
#include <tallyfs/state/control.hpp>
#include <tallyfs/state/given_permissions.hpp>
#include <tallyfs/state/proxy_settings.hpp>

#include <filesystem>
#include <functional>
#include <initializer_list>

namespace tallyfs::mountd {

class deciding {
  public:
    /// Replays the actions and puts in force what they say. Throws startup_error.
    deciding(const options& given, const std::filesystem::path& state_directory,
             const clock_source& clock, state::proxy_settings& proxy,
             const journal::open_calls& open_calls, capture::recorder& captures,
             retention::sweeper& sweeper, retention::gauge& gauge);

    /// `changed` is called after each change, on the desk. Before start().
    void on_change(std::function<void()> changed) { changed_ = std::move(changed); }
    void start();
    void stop();
    /// Records what the daemon itself did, and waits until that is on the disk. Not on the desk;
    /// false: it could not be recorded, or the desk has stopped.
    [[nodiscard]] bool record(std::string event, std::string subject, std::string detail);

    [[nodiscard]] state::control& control() noexcept { return control_; }
    [[nodiscard]] state::approvals& approvals() noexcept { return approvals_; }
    [[nodiscard]] const state::action_log& actions() const noexcept { return actions_; }
    [[nodiscard]] const state::permissions& permissions() const noexcept { return permissions_; }
    [[nodiscard]] state::budgets& budgets() noexcept { return budgets_; }
    [[nodiscard]] state::cancellations& cancellations() noexcept { return cancellations_; }
    [[nodiscard]] state::canceller& canceller() noexcept { return canceller_; }
    [[nodiscard]] mountd::databases& databases() noexcept { return databases_; }
    [[nodiscard]] mountd::audits& audits() noexcept { return audits_; }
    /// At start, before the first call: what calls of today have used of the budgets.
    void count_today(const journal::stream& calls);

  private:
    [[nodiscard]] std::optional<record::actor> holder_of(
        const tree::user& user, std::initializer_list<const char*> roles) const;
    [[nodiscard]] std::optional<record::actor> operator_of(const tree::user& user) const;
    [[nodiscard]] std::optional<record::actor> auditor_of(const tree::user& user) const;
    [[nodiscard]] std::vector<state::approval_kind> kinds(capture::recorder& captures);
    [[nodiscard]] std::vector<state::setting_definition> definitions(const options& given,
                                                                     state::proxy_settings& proxy,
                                                                     capture::recorder& captures,
                                                                     retention::sweeper& sweeper,
                                                                     retention::gauge& gauge);
    void warn_of_budget(const policy::budget_level& level);
    void answer_question(const state::question& what, const state::permissions::answer& done);

    std::function<void()> changed_ = [] {};
    const approval::people people_;
    const approval::chains chains_;
    journal::stream lines_;
    state::permissions permissions_;
    policies policies_;
    state::budgets budgets_;
    std::map<std::string, std::string> budget_texts_;
    state::cancellations cancellations_;
    std::vector<record::action> past_;  ///< until it is replayed
    state::action_log actions_;
    state::last_errors errors_;
    state::desk desk_;
    mountd::databases databases_;
    mountd::audits audits_;
    state::settings settings_;
    state::given_permissions given_;
    state::approvals approvals_;
    state::control control_;
    state::canceller canceller_;
};

}  // namespace tallyfs::mountd
