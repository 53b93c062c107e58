#include "scheduler.hpp"

#include "connection.hpp"
#include "world.hpp"

#include <algorithm>

namespace tallyfs::standin {

std::list<loaded_model>& scheduler::loaded() {
    const auto now = std::chrono::steady_clock::now();
    loaded_.remove_if([&](const loaded_model& m) {
        return m.users == 0 && !m.loading && m.expires_steady <= now;
    });
    return loaded_;
}

loaded_model* scheduler::find(const std::string& name) {
    for (auto& m : loaded()) {
        if (m.name == name) return &m;
    }
    return nullptr;
}

bool scheduler::drop_other_options(const std::string& name, std::int64_t context_length) {
    auto* present = find(name);
    if (present == nullptr || present->context_length == context_length) return true;
    if (present->users > 0 || present->loading) return false;
    loaded_.remove_if([&](const loaded_model& m) { return &m == present; });
    ++world_.count.evictions;
    return true;
}

bool scheduler::make_room(const model& wanted) {
    for (;;) {
        std::int64_t used_bytes = 0;
        loaded_model* oldest = nullptr;
        for (auto& m : loaded()) {
            used_bytes += m.what->size_bytes;
            if (m.users > 0 || m.loading) continue;
            if (oldest == nullptr || m.last_used < oldest->last_used) oldest = &m;
        }
        if (loaded_.empty() || used_bytes + wanted.size_bytes <= world_.settings.memory_bytes) {
            return true;
        }
        if (oldest == nullptr) return false;
        loaded_.remove_if([&](const loaded_model& m) { return &m == oldest; });
        ++world_.count.evictions;
    }
}

void scheduler::wake_all() {
    for (auto* client : queue_) client->timer.cancel();
    for (auto* client : for_slot_) client->timer.cancel();
}

task<acquired> scheduler::acquire(connection& client, const model& wanted,
                                  std::int64_t context_length, loaded_model*& result,
                                  bool& was_loaded_now) {
    const std::string name = wanted.name;
    const auto fits = [&]() -> loaded_model* {
        auto* present = find(name);
        return present != nullptr && present->context_length == context_length ? present : nullptr;
    };
    if (auto* present = fits(); present != nullptr && !present->loading) {
        result = present;
        ++result->users;
        co_return acquired::ready;
    }
    if (queue_.size() >= world_.settings.queue_max) co_return acquired::busy;
    const auto place = queue_.insert(queue_.end(), &client);
    // Only the first in the queue may have models loaded or evicted for it.
    while (!client.gone) {
        const bool first = queue_.front() == &client;
        if (first) {
            auto* present = fits();
            if (present != nullptr && !present->loading) break;
            if (present == nullptr && drop_other_options(name, context_length) &&
                make_room(wanted)) {
                auto& fresh = loaded_.emplace_back();
                fresh.what = &wanted;
                fresh.name = name;
                fresh.context_length = context_length;
                fresh.users = 1;
                fresh.keep_alive = world_.settings.keep_alive;
                ++world_.count.loads;
                const bool stayed = co_await client.wait(world_, wanted.load_time);
                fresh.loading = false;
                fresh.users = 0;
                was_loaded_now = true;
                fresh.last_used = std::chrono::steady_clock::now();
                fresh.expires_steady = fresh.last_used + world_.settings.keep_alive;
                fresh.expires_at = std::chrono::system_clock::now() + world_.settings.keep_alive;
                if (!stayed) break;
                continue;
            }
        }
        co_await client.wait_for_news();
    }
    queue_.erase(place);
    wake_all();
    if (client.gone) co_return acquired::gone;
    result = fits();
    ++result->users;
    co_return acquired::ready;
}

task<bool> scheduler::begin_work(connection& client, loaded_model& held) {
    if (held.working >= world_.settings.parallel_max) {
        const auto place = for_slot_.insert(for_slot_.end(), &client);
        const auto earlier_waiter = [&] {
            return std::any_of(for_slot_.begin(), place,
                               [&](connection* c) { return c->held == &held; });
        };
        client.held = &held;
        while (!client.gone && (held.working >= world_.settings.parallel_max || earlier_waiter())) {
            co_await client.wait_for_news();
        }
        client.held = nullptr;
        for_slot_.erase(place);
        wake_all();
        if (client.gone) co_return false;
    }
    ++held.working;
    co_return true;
}

void scheduler::end_work(loaded_model& held) {
    --held.working;
    wake_all();
}

void scheduler::release(loaded_model& held, std::optional<std::chrono::milliseconds> keep_alive) {
    --held.users;
    held.last_used = std::chrono::steady_clock::now();
    // Years are as good as for ever, and do not overflow a clock's nanoseconds.
    if (keep_alive) held.keep_alive = *keep_alive;
    const auto kept =
        std::min<std::chrono::milliseconds>(held.keep_alive, std::chrono::hours(24 * 3650));
    held.expires_steady = held.last_used + kept;
    held.expires_at = std::chrono::system_clock::now() + kept;
    if (held.users == 0) wake_all();
}

void scheduler::expire(const std::string& name) {
    if (auto* present = find(name)) present->expires_steady = {};
    wake_all();
}

}  // namespace tallyfs::standin
