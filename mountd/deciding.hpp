// What people decide: the actions, the settings, and the desk where both are changed; wired.
// Order and reasons: docs/architecture.md, "Deciding".
#pragma once

#include "mountd/options.hpp"

#include <tallyfs/journal/stream.hpp>
#include <tallyfs/state/control.hpp>
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
    [[nodiscard]] const state::action_log& actions() const noexcept { return actions_; }

  private:
    [[nodiscard]] std::optional<record::actor> operator_of(const tree::user& user) const;

    std::function<void()> changed_ = [] {};
    journal::stream lines_;
    state::settings settings_;
    state::action_log actions_;
    state::last_errors errors_;
    state::desk desk_;
    state::control control_;
};

}  // namespace tallyfs::mountd
