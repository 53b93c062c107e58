#include "health/sessions.hpp"

#include <set>

namespace tallyfs::health {

namespace {

using sessions_by_pid = std::map<std::int32_t, const session*>;

/// Follows who blocks whom to the end; bounded by the number of sessions.
std::int32_t root_of(const session& waiter, const sessions_by_pid& all) {
    std::set<std::int32_t> seen{waiter.pid};
    const session* at = &waiter;
    while (true) {
        const auto next = at->blocked_by.front();
        if (!seen.insert(next).second) return *seen.begin();
        const auto place = all.find(next);
        if (place == all.end() || place->second->blocked_by.empty()) return next;
        at = place->second;
    }
}

wall_time waits_since(const session* one) {
    return one->waits_since.value_or(one->query_start.value_or(wall_time::max()));
}

}  // namespace

bool takes_connection(const session& one) noexcept {
    return one.backend_type.empty() || one.backend_type == "client backend";
}

std::vector<lock_queue> lock_queues(const sample& seen) {
    sessions_by_pid all;
    for (const auto& one : seen.sessions) all[one.pid] = &one;
    std::map<std::int32_t, lock_queue> by_root;
    for (const auto& one : seen.sessions) {
        if (one.blocked_by.empty()) continue;
        const auto root = root_of(one, all);
        auto& queue = by_root[root];
        queue.root_pid = root;
        const auto place = all.find(root);
        queue.root = place == all.end() ? nullptr : place->second;
        queue.waiters.push_back(&one);
    }
    std::vector<lock_queue> queues;
    for (auto& [root, queue] : by_root) {
        std::ranges::sort(queue.waiters, {}, waits_since);
        queues.push_back(std::move(queue));
    }
    std::ranges::stable_sort(
        queues, {}, [](const lock_queue& queue) { return waits_since(queue.waiters.front()); });
    return queues;
}

}  // namespace tallyfs::health
