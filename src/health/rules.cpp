#include "health/rule_parts.hpp"

#include <algorithm>
#include <array>

namespace tallyfs::health {

namespace {

constexpr std::array<std::string_view, 14> names{
    "autovacuum_due",      "autovacuum_off", "churn",
    "commit_per_row",      "connections",    "dead_ratio",
    "idle_in_transaction", "insert_vacuum",  "locks",
    "partitions",          "schema_drift",   "slots",
    "wraparound",          "xmin_holder"};

/// On a standby nothing can be written: what mends it is done on its primary.
void leave_to_primary(finding& found) {
    auto& remedy = found.remedy;
    if (remedy.kind.empty() || remedy.kind == "pg-terminate" || remedy.kind == "pg-drop-slot") {
        return;
    }
    remedy.kind.clear();
    remedy.parameters.clear();
    remedy.advice += " (on the primary)";
}

findings finished(findings found, const sample& now) {
    if (now.is_standby) std::ranges::for_each(found, leave_to_primary);
    std::ranges::stable_sort(found, [](const finding& a, const finding& b) {
        const auto key_a = a.key();
        const auto key_b = b.key();
        return key_a != key_b ? key_a < key_b : a.severity > b.severity;
    });
    const auto same = std::ranges::unique(
        found, [](const finding& a, const finding& b) { return a.key() == b.key(); });
    found.erase(same.begin(), same.end());
    return found;
}

}  // namespace

std::span<const std::string_view> rule_names() noexcept {
    return names;
}

findings judge(const server_view& view, const thresholds& limits) {
    findings found;
    judge_sessions(view, limits, found);
    judge_locks(view, limits, found);
    judge_connections(view, limits, found);
    judge_holders(view, limits, found);
    judge_slots(view, limits, found);
    judge_commits(view, limits, found);
    judge_server_ages(view, limits, found);
    judge_server_autovacuum(view, found);
    return finished(std::move(found), view.now);
}

findings judge(const database_view& view, const thresholds& limits) {
    const auto& now = view.server.now;
    database_case all{view, limits, {}, xmin_holders(now)};
    all.tables.reserve(view.full.tables.size());
    for (const auto& t : view.full.tables) all.tables.push_back({&t, terms_of(t, now.settings)});

    findings found;
    judge_table_ages(all, found);
    // A standby has no counters of its own, and no autovacuum.
    if (!now.is_standby) {
        judge_dead_rows(all, found);
        judge_partitions(all, found);
        judge_churn(all, found);
        judge_autovacuum_off(all, found);
        judge_autovacuum(all, found);
    }
    return finished(std::move(found), now);
}

}  // namespace tallyfs::health
