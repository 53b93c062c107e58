// Work that was announced, by people and by approved requests.
// Format: docs/audit.md, "Expected work".
#pragma once

#include <tallyfs/audit/expected_work.hpp>
#include <tallyfs/record/action.hpp>
#include <tallyfs/state/action_log.hpp>
#include <tallyfs/state/approvals.hpp>
#include <tallyfs/state/desk.hpp>
#include <tallyfs/tree/node.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tallyfs::trail {

/// Any thread, unless it says otherwise.
class expectations {
  public:
    using shared_list = std::shared_ptr<const std::vector<audit::expected_work>>;
    /// All of it outlives them.
    struct parts {
        state::action_log& actions;
        state::desk& desk;
        state::last_errors& errors;
        const clock_source& clock;
        bool needs_approval = false;
        std::function<std::optional<record::actor>(const tree::user&)> auditor_of;
        std::function<void()> changed;
    };
    explicit expectations(parts with);

    /// At start, on the main thread.
    void replay(const record::action& past);
    /// "expected-work": announces what was approved.
    [[nodiscard]] state::approval_kind kind();
    /// audit/expected/new/<name>.
    void announce(const tree::user& by, std::string name, std::string text, tree::answer answer);
    [[nodiscard]] std::optional<std::string> inbox(std::uint32_t uid, std::string_view name) const;
    /// What tallyfs itself is about to do: recorded before it does it. On the desk.
    [[nodiscard]] bool announce_own(audit::expected_work work);

    /// Those that are not over for more than 30 days: a log can be late. By number.
    [[nodiscard]] shared_list list() const;
    [[nodiscard]] std::uint64_t changes() const;

  private:
    [[nodiscard]] state::command_failure carry_out(const tree::user& by, const std::string& name,
                                                   const std::string& text);
    [[nodiscard]] bool enter(audit::expected_work work, const record::actor& by,
                             const std::string& request);
    void take(const record::action& announced);
    void remember(std::uint32_t uid, const std::string& name, std::string text);

    const parts parts_;
    mutable std::mutex mutex_;
    shared_list list_;
    std::uint64_t changes_ = 0;
    std::map<std::pair<std::uint32_t, std::string>, std::string, std::less<>> inbox_;
};

}  // namespace tallyfs::trail
