#include "postgres/sampler.hpp"

#include <tallyfs/base/log.hpp>

#include <algorithm>
#include <system_error>

namespace tallyfs::postgres {

namespace {

std::map<health::cluster_id, std::vector<health::registration>> by_server(const registered& all) {
    std::map<health::cluster_id, std::vector<health::registration>> made;
    for (const auto& one : all.databases) made[one.cluster].push_back(one);
    return made;
}

}  // namespace

collector::collector(parts with, collector_settings settings)
    : parts_(std::move(with)),
      started_(parts_.clock.wall()),
      settings_(std::make_shared<const collector_settings>(std::move(settings))),
      remembered_(remember(parts_.events, started_)) {}

collector::~collector() {
    stop();
}

void collector::update(std::shared_ptr<const registered> now) {
    auto servers = by_server(*now);
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    std::erase_if(leaving_, [](const auto& one) { return one->finished(); });
    for (auto place = samplers_.begin(); place != samplers_.end();) {
        if (servers.contains(place->first)) {
            ++place;
            continue;
        }
        place->second->stop(true);
        leaving_.push_back(std::move(place->second));
        place = samplers_.erase(place);
    }
    for (auto& [id, databases] : servers) {
        auto& server = samplers_[id];
        if (!server) {
            auto known = remembered_.extract(id);
            server = std::make_unique<sampler>(
                parts_, id, known ? std::move(known.mapped()) : server_memory{}, settings_);
        }
        try {
            server->set(std::move(databases));
        } catch (const std::system_error& error) {
            spdlog::error("{} is not looked at: {}", id.path(), error.what());
        }
    }
    close_unclaimed(parts_.clock.wall());
}

void collector::configure(collector_settings settings) {
    const std::lock_guard lock(mutex_);
    settings_ = std::make_shared<const collector_settings>(std::move(settings));
    for (const auto& [id, server] : samplers_) server->configure(settings_);
}

void collector::take_snapshot_now(std::string_view path, snapshot_answer answer) {
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [id, server] : samplers_) {
            const auto start = id.path() + "/";
            if (!path.starts_with(start)) continue;
            server->take_snapshot_now(path.substr(start.size()), std::move(answer));
            return;
        }
    }
    answer("it is not registered");
}

void collector::stop() {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    stopped_ = true;
    // All are told before any is waited for.
    for (const auto& [id, server] : samplers_) server->stop(false);
    samplers_.clear();
    leaving_.clear();
    close_unclaimed(parts_.clock.wall());
}

/// The registry may still be reading an inventory at the start. What it does not name long after
/// that is closed, so that it does not stand in the stream for ever.
void collector::close_unclaimed(wall_time now) {
    if (now - started_ < unclaimed_max) return;
    for (auto& [id, memory] : remembered_) server_state(parts_, id, std::move(memory)).forget(now);
    remembered_.clear();
}

}  // namespace tallyfs::postgres
