// Permissions that approvals gave: they answer what a policy asks, and nothing else.
// Meaning: docs/policies.md, "What a permission answers".
#pragma once

#include <tallyfs/base/clock.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::policy {

struct request_facts;

/// One permission. Names are exact: a model that a client calls "*" must not open all of them.
struct grant {
    std::string name;       ///< of the approval, "0042"; shown in the verdict
    std::string rule;       ///< the policy whose question it answers; "" any
    std::string principal;  ///< as in policies, uid:1000 covers the units that user 1000 runs
    std::string model;      ///< as Ollama resolves names; "" is a call that names no model
    /// "" any route that does not itself send data out: to use a model is not to push it.
    std::string endpoint;
    wall_time until{};  ///< not at this moment any more
};

/// Immutable: const members from any thread.
class grants {
  public:
    /// Permissions in force at once. The oldest are left out beyond it.
    static constexpr std::size_t count_max = 10'000;

    grants() = default;
    explicit grants(std::vector<grant> list);
    /// The first that answers the question of `rule`; nullptr if none does. Valid as long as this.
    [[nodiscard]] const grant* find(std::string_view rule, const request_facts& facts) const;
    [[nodiscard]] const std::vector<grant>& list() const noexcept { return list_; }

  private:
    std::vector<grant> list_;
};

}  // namespace tallyfs::policy
