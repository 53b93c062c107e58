#include <tallyfs/postgres/board.hpp>

namespace tallyfs::postgres {

void board::publish(health::watched_server now) {
    {
        const std::lock_guard lock(mutex_);
        now.version = ++changes_;
        const auto id = now.id;
        servers_[id] = std::make_shared<const health::watched_server>(std::move(now));
    }
    if (listener_) listener_();
}

void board::forget(const health::cluster_id& id) {
    {
        const std::lock_guard lock(mutex_);
        if (servers_.erase(id) == 0) return;
        ++changes_;
    }
    if (listener_) listener_();
}

health::watched_servers board::servers() const {
    const std::lock_guard lock(mutex_);
    health::watched_servers all;
    all.reserve(servers_.size());
    for (const auto& [id, server] : servers_) all.push_back(server);
    return all;
}

health::watched_servers board::servers(std::string_view environment) const {
    const health::cluster_id first{std::string(environment), ""};
    const std::lock_guard lock(mutex_);
    health::watched_servers all;
    for (auto at = servers_.lower_bound(first);
         at != servers_.end() && at->first.environment == environment; ++at) {
        all.push_back(at->second);
    }
    return all;
}

std::shared_ptr<const health::watched_server> board::find(const health::cluster_id& id) const {
    const std::lock_guard lock(mutex_);
    const auto place = servers_.find(id);
    return place == servers_.end() ? nullptr : place->second;
}

}  // namespace tallyfs::postgres
