// What people decide: actions, settings, policies and approvals, and the desk where they change;
// wired. Order and reasons: docs/architecture.md, "Deciding".
#pragma once

#include "mountd/options.hpp"
#include "mountd/policies.hpp"

#include <tallyfs/journal/stream.hpp>
#include <tallyfs/state/control.hpp>
#include <tallyfs/state/given_permissions.hpp>
#include <tallyfs/state/proxy_settings.hpp>

#include <filesystem>
#include <functional>

namespace tallyfs::mountd {

class deciding {
  public:
    /// Replays the actions and puts in force what they say. Throws startup_error.
    deciding(const options& given, const std::filesystem::path& state_directory,
             const clock_source& clock, state::proxy_settings& proxy);

    /// `changed` is called after each change, on the desk. Before start().
    void on_change(std::function<void()> changed) { changed_ = std::move(changed); }
    void start();
    void stop() { desk_.stop(); }

    [[nodiscard]] state::control& control() noexcept { return control_; }
    [[nodiscard]] state::approvals& approvals() noexcept { return approvals_; }
    [[nodiscard]] const state::action_log& actions() const noexcept { return actions_; }
    [[nodiscard]] const state::permissions& permissions() const noexcept { return permissions_; }

  private:
    [[nodiscard]] std::optional<record::actor> operator_of(const tree::user& user) const;
    [[nodiscard]] std::vector<state::approval_kind> kinds();
    void answer_question(const state::question& what, const state::permissions::answer& done);

    std::function<void()> changed_ = [] {};
    const approval::people people_;
    const approval::chains chains_;
    journal::stream lines_;
    state::permissions permissions_;
    policies policies_;
    state::settings settings_;
    std::vector<record::action> past_;  ///< until it is replayed
    state::action_log actions_;
    state::last_errors errors_;
    state::desk desk_;
    state::given_permissions given_;
    state::approvals approvals_;
    state::control control_;
};

}  // namespace tallyfs::mountd
