#include "approval/wording.hpp"

#include <tallyfs/approval/chain.hpp>

#include <algorithm>

namespace tallyfs::approval {

std::string problem_of(const chain& c) {
    constexpr std::chrono::seconds year = std::chrono::hours(24 * 366);
    const std::chrono::seconds zero{0};
    const auto outside = [&](std::chrono::seconds value, std::chrono::seconds least) {
        return value < least || value > year;
    };
    if ((c.kind != "*" && !is_word(c.kind)) || (c.environment != "*" && !is_word(c.environment))) {
        return "has a name that is not lowercase words and hyphens, or *";
    }
    if (c.steps.empty() || c.steps.size() > steps_max) {
        return "has " + std::to_string(c.steps.size()) + " steps; 1 to " +
               std::to_string(steps_max) + " are accepted";
    }
    if (outside(c.expires_seconds, std::chrono::minutes(1)) || outside(c.grace_seconds, zero) ||
        outside(c.remind_seconds, zero) || outside(c.escalate_seconds, zero)) {
        return "has a time that is negative or over a year, or expires within a minute";
    }
    const bool nameless = std::ranges::any_of(c.steps, [](const step& s) {
        return s.role.empty() || s.role.size() > 64 || cleaned(s.role) != s.role;
    });
    if (nameless) return "has a step whose role is not 1 to 64 bytes of text";
    const bool machine = std::ranges::any_of(c.steps, [](const step& s) {
        return std::ranges::any_of(s.accepted, [](known_by how) {
            return how == known_by::daemon || how == known_by::policy;
        });
    });
    if (machine) return "counts daemon or policy: only people decide";
    return {};
}

const chain& chains::find(std::string_view kind, std::string_view environment) const {
    static const chain fallback;
    const chain* best = nullptr;
    int best_score = -1;
    for (const auto& candidate : list_) {
        const bool same_kind = candidate.kind == kind;
        const bool same_environment = candidate.environment == environment;
        if ((!same_kind && candidate.kind != "*") ||
            (!same_environment && candidate.environment != "*")) {
            continue;
        }
        const int score = (same_kind ? 2 : 0) + (same_environment ? 1 : 0);
        if (score > best_score) {
            best = &candidate;
            best_score = score;
        }
    }
    return best == nullptr ? fallback : *best;
}

}  // namespace tallyfs::approval
