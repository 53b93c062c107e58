#include "health/rule_parts.hpp"

#include <tallyfs/base/readable.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>

namespace tallyfs::health {

namespace {

using sessions = std::vector<const session*>;
/// Sessions of one role from one place in one database are one finding.
using grouped_sessions = std::map<std::pair<std::string, std::string>, sessions>;

bool holds_rows(const session* one) {
    return one->xmin_age || one->xid_age;
}

finding about(std::string_view rule, const std::pair<std::string, std::string>& group) {
    finding made;
    made.rule = rule;
    made.database = group.first;
    made.subject = group.second;
    return made;
}

void add_idle(sessions idle, const std::pair<std::string, std::string>& group, const sample& now,
              findings& into) {
    std::ranges::stable_sort(idle, {}, [](const session* one) { return one->state_change; });
    const auto holding = std::ranges::count_if(idle, holds_rows);
    // Those that hold something come first, also among the evidence.
    std::ranges::stable_partition(idle, holds_rows);
    const auto oldest = std::ranges::min(idle, {}, [](auto* one) { return one->state_change; });
    std::int64_t age = 0;
    for (const auto* one : idle) {
        age = std::max({age, one->xmin_age.value_or(0), one->xid_age.value_or(0)});
    }
    const auto many = static_cast<std::int64_t>(idle.size());

    auto made = about("idle_in_transaction", group);
    made.severity = holding > 0 ? severity::warning : severity::info;
    made.title = holding > 0 ? "idle in transaction, blocks vacuum" : "idle in transaction";
    made.figures_text = fmt::format("{}, {}", counted(many, "session"), group.second);
    made.lines.push_back(
        holding > 0 ? fmt::format("{} of {} hold back vacuum, by up to {} transactions", holding,
                                  many, grouped(age))
                    : fmt::format("hold no xmin: vacuum is not blocked; {} of {} connections lost",
                                  many, now.connections_max));
    made.lines.push_back(
        fmt::format("idle for up to {}", age_text(oldest->state_change, now.server_now())));
    made.figures = {{"sessions", static_cast<double>(many)},
                    {"sessions_that_block_vacuum", static_cast<double>(holding)},
                    {"oldest_xmin_age_transactions", static_cast<double>(age)},
                    {"idle_seconds",
                     static_cast<double>(seconds_since(oldest->state_change, now.server_now()))}};
    made.evidence = evidence_of(idle, now.server_now());
    made.remedy = termination(
        idle, "end these sessions; set idle_in_transaction_session_timeout to 10 min for the role");
    made.since = *oldest->state_change;
    into.push_back(std::move(made));
}

void count_connections(const sample& now, evidence& rows, std::int64_t& used) {
    std::map<std::array<std::string, 4>, std::int64_t> counts;
    for (const auto& one : now.sessions) {
        if (!is_client(one) || is_ours(one)) continue;
        ++counts[{one.user, one.database, one.application, one.client}];
        ++used;
    }
    std::vector<std::pair<std::array<std::string, 4>, std::int64_t>> sorted(counts.begin(),
                                                                            counts.end());
    std::ranges::stable_sort(sorted,
                             [](const auto& a, const auto& b) { return a.second > b.second; });
    rows.columns = {"role", "database", "application", "client", "connections"};
    for (const auto& [of, many] : sorted) {
        add_row(rows, {of[0], of[1], of[2], of[3], plain(many)});
    }
}

}  // namespace

/// `state_change` tells how long it is idle; the start of the transaction would be its age. An
/// aborted transaction has let go of everything.
void judge_sessions(const server_view& view, const thresholds& limits, findings& into) {
    const auto& now = view.now;
    const std::chrono::seconds allowed(limits.idle_in_transaction_seconds);
    grouped_sessions groups;
    for (const auto& one : now.sessions) {
        if (!one.state.starts_with("idle in transaction") || !one.state_change || is_ours(one)) {
            continue;
        }
        if (now.server_now() - *one.state_change <= allowed) continue;
        groups[{one.database, who(one)}].push_back(&one);
    }
    for (auto& [group, idle] : groups) add_idle(std::move(idle), group, now, into);
}

void judge_connections(const server_view& view, const thresholds& limits, findings& into) {
    const auto& now = view.now;
    finding made;
    std::int64_t used = 0;
    count_connections(now, made.evidence, used);
    const auto max = now.connections_max;
    if (max <= 0 || used * 100 <= limits.connections_percent * max) return;
    const auto left = std::max<std::int64_t>(max - now.connections_reserved - used, 0);
    made.rule = "connections";
    made.subject = "connections";
    made.severity = left == 0 ? severity::critical : severity::warning;
    made.title = left == 0 ? "no connections left" : "connections nearly used up";
    made.figures_text = fmt::format("{} of {} ({})", used, max, percent_text(used, max));
    const auto& most = made.evidence.rows.front();
    made.lines.push_back(
        fmt::format("most: {} of {}{}{}", most[4], most[0], most[3].empty() ? "" : "@", most[3]));
    made.lines.push_back(fmt::format("{} left for ordinary roles", left));
    made.figures = {{"connections", static_cast<double>(used)},
                    {"connections_max", static_cast<double>(max)},
                    {"connections_left", static_cast<double>(left)},
                    {"used_percent", percent(used, max)}};
    made.remedy.advice = "pool connections, or limit roles (ALTER ROLE ... CONNECTION LIMIT)";
    made.since = now.taken;
    into.push_back(std::move(made));
}

}  // namespace tallyfs::health
