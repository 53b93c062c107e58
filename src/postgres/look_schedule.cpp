#include "postgres/look_schedule.hpp"

#include <algorithm>

namespace tallyfs::postgres {

namespace {

/// The pause after a snapshot failed: what hinders one seldom ends within seconds.
constexpr std::chrono::minutes snapshot_retry_min{1};

/// After a look that took longer than its interval there is at least half a pause.
steady_time following(steady_time due, std::chrono::milliseconds interval, steady_time now) {
    return std::max(due + interval, now + interval / 2);
}

}  // namespace

void look_schedule::set(const intervals& every, const std::vector<std::string>& databases,
                        steady_time now) {
    const bool slower_or_faster = every.snapshot != every_.snapshot;
    every_ = every;
    sample_at_ = std::min(sample_at_, now + every.sample);
    waits_at_ = std::min(waits_at_, now + every.waits);
    connect_at_ = std::min(connect_at_, now + every.retry_max);
    std::map<std::string, turn, std::less<>> turns;
    for (const auto& name : databases) {
        const auto known = turns_.find(name);
        if (known == turns_.end()) {
            const auto spread = static_cast<std::size_t>(
                std::max<std::int64_t>(1, std::min(every.first_snapshots, every.snapshot).count()));
            turns[name] = {now + std::chrono::milliseconds(phase_of(name) % spread)};
        } else {
            turns[name] = known->second;
            if (slower_or_faster) {
                turns[name].at = std::min(known->second.at, next_turn(name, now));
            }
        }
    }
    turns_ = std::move(turns);
}

look_schedule::step look_schedule::next(steady_time now) const {
    if (turns_.empty()) return {look::connect, "", steady_time::max()};
    if (!connected_) return {look::connect, "", connect_at_};
    const step server = sample_at_ <= std::max(now, waits_at_) ? step{look::sample, "", sample_at_}
                                                               : step{look::waits, "", waits_at_};
    const auto first = std::ranges::min_element(
        turns_, [](const auto& a, const auto& b) { return a.second.at < b.second.at; });
    const step full{look::snapshot, first->first, first->second.at};
    if (!sampled_) return server;
    if (full.at <= now && server.at <= now) return snapshot_last_ ? server : full;
    return full.at < server.at ? full : server;
}

steady_time look_schedule::snapshot_at(std::string_view database) const {
    const auto place = turns_.find(database);
    return place == turns_.end() ? steady_time::max() : place->second.at;
}

void look_schedule::reconnect(steady_time now) {
    connected_ = false;
    connect_at_ = now;
}

void look_schedule::connected(steady_time now) {
    connected_ = true;
    sampled_ = false;
    sample_at_ = now;
    waits_at_ = now;
}

void look_schedule::sampled(steady_time now) {
    failures_ = 0;
    sampled_ = true;
    snapshot_last_ = false;
    sample_at_ = following(sample_at_, every_.sample, now);
}

void look_schedule::looked_at_waits(steady_time now) {
    snapshot_last_ = false;
    waits_at_ = following(waits_at_, every_.waits, now);
}

void look_schedule::failed(steady_time now, bool lost) {
    ++failures_;
    if (lost) {
        connected_ = false;
        connect_at_ = now + pause_after(failures_);
    } else {
        sample_at_ = now + std::max(every_.sample, pause_after(failures_));
    }
}

void look_schedule::snapshot_taken(std::string_view database, steady_time now) {
    snapshot_last_ = true;
    const auto place = turns_.find(database);
    if (place != turns_.end()) place->second = {next_turn(database, now), 0};
}

void look_schedule::snapshot_failed(std::string_view database, steady_time now) {
    snapshot_last_ = true;
    const auto place = turns_.find(database);
    if (place == turns_.end()) return;
    const auto doublings = std::min(place->second.failures++, 10U);
    const auto pause = std::min<std::chrono::milliseconds>(snapshot_retry_min * (1U << doublings),
                                                           every_.snapshot);
    place->second.at = now + pause;
}

void look_schedule::demand(std::string_view database, steady_time now) {
    const auto place = turns_.find(database);
    if (place == turns_.end()) return;
    place->second.at = std::min(place->second.at, now);
    connect_at_ = std::min(connect_at_, now);
}

std::chrono::milliseconds look_schedule::pause_after(unsigned failures) const {
    const auto doublings = std::min(failures - 1, 16U);
    return std::min(every_.retry_min * (1U << doublings), every_.retry_max);
}

std::size_t look_schedule::phase_of(std::string_view database) const {
    return std::hash<std::string>()(server_ + '/' + std::string(database));
}

/// At this database's place in an interval, and not sooner than half of one.
steady_time look_schedule::next_turn(std::string_view database, steady_time now) const {
    const auto interval = std::max<std::chrono::steady_clock::duration>(
        every_.snapshot, std::chrono::milliseconds(1));
    const auto phase = std::chrono::steady_clock::duration(
        phase_of(database) % static_cast<std::size_t>(interval.count()));
    const auto earliest = now + interval / 2;
    auto past = (earliest.time_since_epoch() - phase) % interval;
    if (past.count() < 0) past += interval;
    return earliest + (interval - past) % interval;
}

}  // namespace tallyfs::postgres
