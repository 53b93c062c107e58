// The settings that decide on calls: policies, patterns, and how long a call may wait; as one.
// Format: docs/policies.md.
#pragma once

#include <tallyfs/state/permissions.hpp>
#include <tallyfs/state/settings.hpp>

#include <map>
#include <string>
#include <vector>

namespace tallyfs::mountd {

/// Holds the texts in force and makes the rules of them. On the thread that changes settings.
class policies {
  public:
    /// `by_request`: nobody changes a policy alone.
    policies(state::permissions& in_force, bool by_request)
        : in_force_(in_force), by_request_(by_request) {}

    [[nodiscard]] std::vector<state::setting_definition> definitions();

  private:
    using texts = std::map<std::string, std::string>;
    [[nodiscard]] state::setting_definition rules();
    [[nodiscard]] state::setting_definition patterns();
    [[nodiscard]] state::setting_definition wait_seconds();
    [[nodiscard]] state::setting_definition cloud_models();
    /// Of these texts, or what is wrong between them.
    [[nodiscard]] policy::parsed<policy::rule_set> build(const texts& rules,
                                                         const texts& patterns) const;
    [[nodiscard]] std::string problem_of_pattern(const std::string& name) const;
    [[nodiscard]] std::string problem_of(const texts& rules, const texts& patterns) const;
    void put_in_force();

    state::permissions& in_force_;
    const bool by_request_;
    texts rules_;
    texts patterns_;
    std::chrono::seconds wait_{0};
    std::string cloud_ = "ask";
};

}  // namespace tallyfs::mountd
