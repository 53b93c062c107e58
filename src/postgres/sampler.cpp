#include "postgres/sampler.hpp"

#include <tallyfs/base/log.hpp>

#include <sys/eventfd.h>

#include <algorithm>
#include <tuple>

namespace tallyfs::postgres {

namespace {

/// Whether a connection that was made for `before` is as good for `now`.
bool is_same_server(const std::vector<health::registration>& before,
                    const std::vector<health::registration>& now) {
    const auto one = std::ranges::find_if(before, &health::registration::active);
    const auto other = std::ranges::find_if(now, &health::registration::active);
    if (one == before.end() || other == now.end()) return false;
    const auto way = [](const health::registration& to) {
        return std::tie(to.host, to.port, to.credential, to.tls, to.tls_root_file);
    };
    return way(*one) == way(*other);
}

}  // namespace

sampler::sampler(const collector::parts& with, health::cluster_id id, server_memory known,
                 shared_settings settings)
    : with_(with),
      id_(id),
      give_up_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      settings_(std::move(settings)),
      state_(with, id, std::move(known)),
      schedule_(id.path()) {}

void sampler::set(std::vector<health::registration> databases) {
    guard lock(mutex_);
    if (stopping_) return;
    const auto before = state_.registered();
    state_.set(std::move(databases), with_.clock.wall());
    reconnect_ = reconnect_ || !is_same_server(before, state_.registered());
    plan();
    publish();
    for (auto place = waiters_.begin(); place != waiters_.end();) {
        const auto* known = state_.find(place->first);
        const auto name = (place++)->first;
        if (known == nullptr || !known->active) answer(lock, name, "it is not looked at any more");
    }
    woken_.notify_all();
    if (started_) return;
    thread_.start([this] { run(); });
    started_ = true;
}

void sampler::configure(shared_settings settings) {
    const guard lock(mutex_);
    if (stopping_) return;
    settings_ = std::move(settings);
    plan();
    publish();
    woken_.notify_all();
}

void sampler::take_snapshot_now(std::string_view database, collector::snapshot_answer answer) {
    guard lock(mutex_);
    const auto* known = state_.find(database);
    std::string refused;
    if (stopping_) {
        refused = "nobody looks any more";
    } else if (known == nullptr) {
        refused = "it is not registered";
    } else if (!known->active) {
        refused = "it is registered as not active: register it with active=yes";
    } else if (auto& waiting = waiters_[std::string(database)];
               waiting.size() >= snapshot_waiters_max) {
        refused = "too many wait for it already";
    } else {
        waiting.push_back(std::move(answer));
        schedule_.demand(database, std::chrono::steady_clock::now());
        woken_.notify_all();
        return;
    }
    lock.unlock();
    answer(refused);
}

void sampler::stop(bool forget) {
    guard lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
    (void)::eventfd_write(give_up_.get(), 1);
    if (kept_) kept_->abandon();
    if (full_) full_->abandon();
    woken_.notify_all();
    if (forget) {
        state_.forget(with_.clock.wall());
        with_.shown.forget(id_);
    }
    while (!waiters_.empty()) answer(lock, waiters_.begin()->first, "nobody looks any more");
    if (!started_) finished_ = true;
}

void sampler::run() {
    guard lock(mutex_);
    while (!stopping_) {
        const auto now = std::chrono::steady_clock::now();
        if (std::exchange(reconnect_, false)) {
            kept_.reset();
            schedule_.reconnect(now);
        }
        const auto next = schedule_.next(now);
        if (next.at > now) {
            woken_.wait_until(lock, std::min(next.at, now + std::chrono::hours(1)));
            continue;
        }
        try {
            step(lock, next);
        } catch (const std::exception& error) {
            spdlog::error("a look at {} went wrong: {}", id_.path(), error.what());
            if (!lock.owns_lock()) lock.lock();
            if (!stopping_) failed(lock, {"", "a look went wrong: see the log", true});
        }
    }
    kept_.reset();
    full_.reset();
    finished_ = true;
}

void sampler::step(guard& lock, const look_schedule::step& next) {
    switch (next.what) {
        case look_schedule::look::connect:
            return connect(lock);
        case look_schedule::look::sample:
            return sample(lock);
        case look_schedule::look::waits:
            return waits(lock);
        case look_schedule::look::snapshot:
            return snapshot(lock, next.database);
    }
}

/// What is looked at, and how often.
void sampler::plan() {
    std::vector<std::string> active;
    for (const auto& one : state_.registered()) {
        if (one.active) active.push_back(one.database);
    }
    schedule_.set(settings_->every, active, std::chrono::steady_clock::now());
}

void sampler::publish() {
    const auto wall = with_.clock.wall();
    const auto now = std::chrono::steady_clock::now();
    auto made = state_.shown(wall, *settings_);
    made.waits = waits_.profile(now);
    for (auto& database : made.databases) {
        const auto at = schedule_.snapshot_at(database.what.database);
        if (at == steady_time::max()) continue;
        database.next_full =
            wall + std::chrono::duration_cast<std::chrono::microseconds>(std::max(at, now) - now);
    }
    with_.shown.publish(std::move(made));
}

void sampler::answer(guard& lock, std::string_view database, const std::string& problem) {
    const auto place = waiters_.find(database);
    if (place == waiters_.end()) return;
    const auto waiting = std::move(place->second);
    waiters_.erase(place);
    lock.unlock();
    for (const auto& one : waiting) one(problem);
    lock.lock();
}

}  // namespace tallyfs::postgres
