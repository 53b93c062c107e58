#include <tallyfs/approval/chain.hpp>

namespace tallyfs::approval {

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
