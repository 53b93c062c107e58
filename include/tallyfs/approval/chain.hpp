// Chains of approval: which steps a kind of request needs in an environment, and its times.
// Format: docs/approvals.md, "Chains".
#pragma once

#include <tallyfs/approval/people.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::approval {

struct step {
    std::string role;
    std::vector<known_by> accepted;  ///< how the person may be known; empty: any way
    bool code_required = false;      ///< the approval has to carry the code of the plan

    bool operator==(const step&) const = default;
};

/// More steps would be theatre; the number bounds the line of a request too.
inline constexpr std::size_t steps_max = 8;

struct chain {
    std::string kind = "*";
    std::string environment = "*";
    std::vector<step> steps{step{"owner", {}, false}};
    std::chrono::seconds grace_seconds{0};  ///< between the last approval and execution
    std::chrono::seconds expires_seconds{std::chrono::hours(72)};  ///< a weekend, and a day
    std::chrono::seconds remind_seconds{std::chrono::hours(24)};   ///< 0: never
    std::chrono::seconds escalate_seconds{0};  ///< of waiting for one step; 0: never

    bool operator==(const chain&) const = default;
};

/// What makes a chain unusable by itself ("has no steps"); empty: nothing.
[[nodiscard]] std::string problem_of(const chain& c);

/// The configured chains. Immutable; any thread.
class chains {
  public:
    chains() = default;
    explicit chains(std::vector<chain> list) : list_(std::move(list)) {}

    [[nodiscard]] const std::vector<chain>& list() const noexcept { return list_; }
    /// The chain of a request. An exact kind beats "*", then an exact environment beats "*"; of
    /// equals the first. Without any: one step by an "owner".
    [[nodiscard]] const chain& find(std::string_view kind, std::string_view environment) const;

  private:
    std::vector<chain> list_;
};

}  // namespace tallyfs::approval
