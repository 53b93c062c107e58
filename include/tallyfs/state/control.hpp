// What people write below control/, carried out: who may, what it means, what is recorded.
// Rules: docs/architecture.md, "Deciding".
#pragma once

#include <tallyfs/state/action_log.hpp>
#include <tallyfs/state/desk.hpp>
#include <tallyfs/state/settings.hpp>
#include <tallyfs/tree/node.hpp>

#include <functional>
#include <optional>
#include <string>

namespace tallyfs::state {

class control {
  public:
    /// `operator_of` says who a user is that may change settings; nullopt for one who may not.
    /// `changed` is called after each change, on the desk. Everything outlives the control.
    struct parts {
        state::settings& settings;
        action_log& actions;
        state::desk& desk;
        last_errors& errors;
        std::function<std::optional<record::actor>(const tree::user&)> operator_of;
        std::function<void()> changed;
        /// Whether operators have other uids than the daemon: then modes let everybody try, and
        /// who may is judged by who it is.
        bool other_operators = false;
    };
    explicit control(parts given) : parts_(std::move(given)) {}

    /// Any thread. Answers: EACCES, EINVAL (the reason is in the user's last_error), EAGAIN when
    /// too many commands wait, or why the journal could not be written.
    void set(const tree::user& by, std::string name, std::string entry, std::string text,
             tree::answer answer);
    void remove(const tree::user& by, std::string name, std::string entry, tree::answer answer);

    [[nodiscard]] const state::settings& settings() const noexcept { return parts_.settings; }
    [[nodiscard]] const last_errors& errors() const noexcept { return parts_.errors; }
    [[nodiscard]] bool other_operators() const noexcept { return parts_.other_operators; }

  private:
    // On the desk.
    void settle(const tree::user& by, const settings::proposal& wanted, const tree::answer& answer);
    [[nodiscard]] command_failure carry_out(const tree::user& by, const settings::proposal& wanted);

    const parts parts_;
};

}  // namespace tallyfs::state
