// Ends calls that run, for people who may: written as an id into calls/inflight/cancel.
// Rules: docs/architecture.md, "Deciding".
#pragma once

#include <tallyfs/state/action_log.hpp>
#include <tallyfs/state/cancellations.hpp>
#include <tallyfs/state/desk.hpp>
#include <tallyfs/tree/node.hpp>

#include <atomic>
#include <functional>
#include <optional>
#include <string>

namespace tallyfs::state {

class canceller {
  public:
    struct parts {
        cancellations& wanted;
        action_log& actions;
        state::desk& desk;
        last_errors& errors;
        std::function<std::optional<record::actor>(const tree::user&)> operator_of;
        std::function<bool(const uuid&)> is_running;  ///< any thread
        std::function<void()> changed;
    };
    /// Everything outlives it.
    explicit canceller(parts given) : parts_(std::move(given)) {}

    /// Any thread. `text` is the id of a call in flight. Answers: EACCES, EINVAL, ENOENT, EAGAIN,
    /// or why it cannot be recorded. The call ends within half a second of the answer.
    void cancel(const tree::user& by, std::string text, tree::answer answer);
    /// Whether `rm` of a call's file cancels it (control/cancel_on_rm).
    void allow_removal(bool allowed) noexcept { removal_ = allowed; }
    [[nodiscard]] bool removal_allowed() const noexcept { return removal_; }

  private:
    [[nodiscard]] command_failure carry_out(const tree::user& by, std::string_view text);

    const parts parts_;
    std::atomic<bool> removal_{false};
};

}  // namespace tallyfs::state
