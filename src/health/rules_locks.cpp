#include "health/rule_parts.hpp"

#include <tallyfs/base/readable.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

namespace tallyfs::health {

namespace {

using pid = std::int32_t;
using sessions = std::vector<const session*>;
/// pg_blocking_pids() calls a prepared transaction 0.
constexpr pid prepared_pid = 0;

struct queue {
    std::unordered_map<pid, const session*> by_pid;
    std::map<pid, std::set<const session*>> waiters;  ///< by who waits for nobody
};

bool waits(const queue& in, pid one) {
    const auto found = in.by_pid.find(one);
    return found != in.by_pid.end() && !found->second->blocked_by.empty();
}

/// The end of the chain behind `from`, each time by the first one that is waited for: who stands
/// in the middle is waited for by all behind him. nullopt for a circle, which the server breaks.
std::optional<pid> end_of_chain(const queue& in, pid from) {
    std::unordered_set<pid> seen;
    pid at = from;
    while (waits(in, at)) {
        if (!seen.insert(at).second) return std::nullopt;
        at = in.by_pid.at(at)->blocked_by.front();
    }
    return at;
}

queue queue_of(const sample& now) {
    queue made;
    for (const auto& one : now.sessions) made.by_pid.emplace(one.pid, &one);
    for (const auto& one : now.sessions) {
        if (one.blocked_by.empty() || is_ours(one)) continue;
        bool has_root = false;
        for (const auto blocker : one.blocked_by) {
            if (waits(made, blocker)) continue;
            made.waiters[blocker].insert(&one);
            has_root = true;
        }
        if (has_root) continue;
        if (const auto root = end_of_chain(made, one.pid)) made.waiters[*root].insert(&one);
    }
    return made;
}

/// Roots of one role from one place, in one database, and who waits for them.
struct culprits {
    sessions roots;
    std::set<const session*> waiters;
};

moment waiting_since(const session* one) {
    return one->waits_since ? one->waits_since : one->query_start;
}

std::string subject_of(const queue& in, pid root) {
    if (root == prepared_pid) return "prepared transaction";
    const auto found = in.by_pid.find(root);
    return found == in.by_pid.end() ? "pid " + plain(root) : who(*found->second);
}

remedy remedy_for(const culprits& of, const std::string& database, bool prepared,
                  const sample& now) {
    remedy made;
    if (!prepared) {
        if (of.roots.empty()) return {"it is gone: look again", "", {}, "", ""};
        if (!is_client(*of.roots.front())) {
            return {"let it finish: it would be started again", "", {}, "", ""};
        }
        return termination(of.roots, "end the session that all wait for");
    }
    made.advice = "commit or roll back the prepared transaction that holds the lock";
    sessions none;
    const prepared_transaction* only = nullptr;
    int many = 0;
    for (const auto& one : now.prepared) {
        if (one.database != database) continue;
        only = &one;
        ++many;
    }
    // Which of several it is pg_locks would tell; people have to look there.
    if (many == 1) {
        made.kind = "pg-resolve-prepared";
        made.parameters = {{"gid", only->gid}, {"action", "rollback"}};
    }
    return made;
}

void add_finding(const std::pair<std::string, std::string>& group, const culprits& of,
                 const sample& now, findings& into) {
    sessions waiting(of.waiters.begin(), of.waiters.end());
    std::ranges::sort(waiting, {},
                      [](auto* one) { return std::pair(waiting_since(one), one->pid); });
    const auto* longest = waiting.front();
    const auto at = now.server_now();
    const auto seconds = seconds_since(waiting_since(longest), at);

    finding made;
    made.rule = "locks";
    made.database = group.first;
    made.subject = group.second;
    made.severity = severity::warning;
    made.title = "sessions wait for a lock";
    const auto many = static_cast<std::int64_t>(waiting.size());
    made.figures_text = fmt::format("{} waiting, for up to {}", grouped(many),
                                    duration_text(std::chrono::seconds(seconds)));
    const bool prepared = of.roots.empty() && group.second == "prepared transaction";
    if (of.roots.empty()) {
        made.lines.push_back("all wait for a " + group.second);
    } else {
        const auto& root = *of.roots.front();
        made.lines.push_back(
            fmt::format("all wait for pid {} of {}, {} for {}", root.pid, who(root),
                        root.state.empty() ? "there" : root.state,
                        age_text(root.state_change ? root.state_change : root.backend_start, at)));
    }
    if (!longest->waits_for.empty()) made.lines.push_back("the first for " + longest->waits_for);
    made.figures = {{"waiting_sessions", static_cast<double>(many)},
                    {"longest_wait_seconds", static_cast<double>(seconds)},
                    {"blocking_sessions", static_cast<double>(of.roots.size())}};
    made.evidence.columns = {"pid",   "role",         "blocked_by", "waits_for",
                             "state", "wait_seconds", "query"};
    for (const auto* one : of.roots) {
        add_row(made.evidence, {plain(one->pid), who(*one), "", "", one->state, "", one->query});
    }
    for (const auto* one : waiting) {
        std::string blockers;
        for (const auto blocker : one->blocked_by) {
            constexpr std::size_t blockers_bytes_max = 60;
            if (blockers.size() > blockers_bytes_max) break;
            blockers += (blockers.empty() ? "" : " ") + plain(blocker);
        }
        add_row(made.evidence, {plain(one->pid), who(*one), blockers, one->waits_for, one->state,
                                plain(seconds_since(waiting_since(one), at)), one->query});
    }
    made.remedy = remedy_for(of, group.first, prepared, now);
    made.since = waiting_since(longest).value_or(now.taken);
    into.push_back(std::move(made));
}

}  // namespace

void judge_locks(const server_view& view, const thresholds& limits, findings& into) {
    const auto& now = view.now;
    const auto all = queue_of(now);
    std::map<std::pair<std::string, std::string>, culprits> groups;
    for (const auto& [root, waiters] : all.waiters) {
        const auto late = [&](const session* one) {
            return seconds_since(waiting_since(one), now.server_now()) > limits.lock_wait_seconds;
        };
        if (std::ranges::none_of(waiters, late)) continue;
        const auto found = all.by_pid.find(root);
        const auto* session = found == all.by_pid.end() ? nullptr : found->second;
        if (session != nullptr && is_ours(*session)) continue;
        auto& group = groups[{(*waiters.begin())->database, subject_of(all, root)}];
        if (session != nullptr) group.roots.push_back(session);
        group.waiters.insert(waiters.begin(), waiters.end());
    }
    for (const auto& [group, of] : groups) add_finding(group, of, now, into);
}

}  // namespace tallyfs::health
