// Permissions that approvals gave, in force until they end or are taken back; and the kind of
// request that gives one. Format: docs/formats.md, "An action's line".
#pragma once

#include <tallyfs/state/action_log.hpp>
#include <tallyfs/state/approvals.hpp>
#include <tallyfs/state/permissions.hpp>

#include <set>
#include <string>
#include <vector>

namespace tallyfs::state {

/// At start on the main thread, then on the desk.
class given_permissions {
  public:
    /// Everything outlives it.
    given_permissions(permissions& in_force, action_log& actions, const clock_source& clock)
        : in_force_(in_force), actions_(actions), clock_(clock) {}

    /// At start: an action of the past, if it is one of permissions.
    void replay(const record::action& past);
    /// After the replay.
    void put_in_force();

    /// "cloud-model": a model, or a route that sends data out, for one principal and some days.
    [[nodiscard]] approval_kind kind();
    /// The draft that a call's question makes.
    [[nodiscard]] static approval::draft draft_of(const question& asked);

  private:
    [[nodiscard]] approval_kind::effect give(const approval::request& request);
    [[nodiscard]] approval_kind::effect take_back(const approval::request& request);
    [[nodiscard]] approval::probe probe(const approval::request& request) const;
    void add(policy::grant grant);
    void remove(std::string_view name);

    permissions& in_force_;
    action_log& actions_;
    const clock_source& clock_;
    std::vector<policy::grant> list_;
    std::set<std::string> ever_given_;  ///< numbers of requests
    std::set<std::string> ever_taken_back_;
};

}  // namespace tallyfs::state
