#include "postgres/server_state.hpp"

#include <tallyfs/health/autovacuum.hpp>
#include <tallyfs/health/mutes.hpp>
#include <tallyfs/health/remedy.hpp>

#include <algorithm>

namespace tallyfs::postgres {

namespace {

/// Looks before one that rules compare with (commit_per_row takes the most).
constexpr std::size_t looks_compared = 2;

constexpr std::string_view no_longer_registered = "nobody looks any more: it is not registered";

/// What a trend is made of: the schema and the statements of earlier are not kept.
std::shared_ptr<const health::snapshot> tables_of(const health::snapshot& full) {
    health::snapshot made;
    made.taken = full.taken;
    made.database = full.database;
    made.tables = full.tables;
    made.tables_total = full.tables_total;
    return std::make_shared<const health::snapshot>(std::move(made));
}

/// What rates are made of: hundreds of sessions of earlier are not kept.
std::shared_ptr<const health::sample> counters_of(const health::sample& seen) {
    health::sample made;
    made.taken = seen.taken;
    made.server_time = seen.server_time;
    made.version = seen.version;
    made.is_standby = seen.is_standby;
    made.started = seen.started;
    made.databases = seen.databases;
    return std::make_shared<const health::sample>(std::move(made));
}

}  // namespace

server_state::server_state(const collector::parts& with, health::cluster_id id, server_memory known)
    : with_(with), id_(std::move(id)), began_(with.clock.wall()), known_(std::move(known)) {}

void server_state::set(std::vector<health::registration> databases, wall_time now) {
    std::map<std::string, database_state, std::less<>> set;
    for (auto& one : databases) {
        auto name = one.database;
        const auto known = databases_.find(name);
        auto& state = set[name];
        if (known != databases_.end()) state = std::move(known->second);
        if (const auto told = known_.databases.extract(name)) state.reach = told.mapped();
        state.what = std::move(one);
    }
    databases_.swap(set);
    for (const auto& [name, gone] : set) {
        if (find(name) == nullptr) {
            tell(known_.findings.forget(name), now, nullptr, no_longer_registered);
        }
    }
    for (const auto& [name, state] : databases_) {
        if (state.what.active) continue;
        tell(known_.findings.forget(name), now, nullptr, "nobody looks any more: it is not active");
    }
}

void server_state::sampled(health::sample seen, wall_time now, const collector_settings& settings) {
    complete(seen);
    if (sample_ != nullptr) before_.push_back(counters_of(*sample_));
    if (before_.size() > health::samples_kept) before_.erase(before_.begin());
    // Rates over a time in which nobody looked say nothing about now.
    const auto pause_max = 3 * settings.every.sample + std::chrono::seconds(10);
    if (!before_.empty() && seen.taken - before_.back()->taken > pause_max) before_.clear();
    sample_ = std::make_shared<const health::sample>(std::move(seen));

    if (known_.reach.answered(now)) tell("server.back", "", known_.reach.now());
    auto found = health::judge(view(), settings.limits);
    std::erase_if(found, [&](const health::finding& one) {
        const auto place = databases_.find(one.database);
        return place != databases_.end() && !place->second.what.active;
    });
    for (auto& one : found) health::complete(one, *sample_, full(one.database).get());
    const bool whole = before_.size() >= looks_compared;
    tell(known_.findings.take("", std::move(found), now, whole), now, &settings);
    forget_unclaimed(now);
}

void server_state::failed(std::string problem, wall_time now) {
    const bool told = known_.reach.failed(std::move(problem), now);
    if (told) tell("server.unreachable", "", known_.reach.now());
}

void server_state::snapshot_taken(std::string_view database, health::snapshot seen,
                                  std::vector<health::finding> more, wall_time now,
                                  const collector_settings& settings) {
    const auto place = databases_.find(database);
    if (place == databases_.end() || sample_ == nullptr) return;
    auto& state = place->second;
    const auto before = std::move(state.full);
    state.full = std::make_shared<const health::snapshot>(std::move(seen));

    if (state.reach.answered(now)) tell("database.back", database, state.reach.now());
    auto found =
        health::judge(health::database_view{view(), *state.full, before.get()}, settings.limits);
    std::ranges::move(more, std::back_inserter(found));
    for (auto& one : found) {
        one.database = database;
        health::complete(one, *sample_, state.full.get());
    }
    state.before = before != nullptr ? tables_of(*before) : nullptr;
    tell(known_.findings.take(database, std::move(found), now, before != nullptr), now, &settings);
}

void server_state::snapshot_failed(std::string_view database, std::string problem, wall_time now) {
    const auto place = databases_.find(database);
    if (place == databases_.end()) return;
    auto& reach = place->second.reach;
    if (reach.failed(std::move(problem), now)) tell("database.unreachable", database, reach.now());
}

void server_state::forget(wall_time now) {
    tell(known_.findings.forget_all(), now, nullptr, no_longer_registered);
}

std::vector<health::registration> server_state::registered() const {
    std::vector<health::registration> all;
    for (const auto& [name, state] : databases_) all.push_back(state.what);
    return all;
}

const health::registration* server_state::find(std::string_view database) const {
    const auto place = databases_.find(database);
    return place == databases_.end() ? nullptr : &place->second.what;
}

std::shared_ptr<const health::snapshot> server_state::full(std::string_view database) const {
    const auto place = databases_.find(database);
    return place == databases_.end() ? nullptr : place->second.full;
}

health::watched_server server_state::shown(wall_time now,
                                           const collector_settings& settings) const {
    health::watched_server made;
    made.id = id_;
    made.reach = known_.reach.now();
    made.sample = sample_;
    for (const auto& [name, state] : databases_) {
        made.host = state.what.host;
        made.port = state.what.port;
        auto reach = state.reach.now();
        const bool by_server = reach.problem.empty() || !made.reach.problem.empty();
        if (by_server && state.what.active) reach = made.reach;
        made.databases.push_back(
            {state.what, std::move(reach), state.full, state.before, std::nullopt});
    }
    for (auto& open : known_.findings.all()) {
        auto muted = health::muted_by(settings.mutes, id_, open, now);
        auto request = with_.request_of ? with_.request_of(id_, open) : std::string();
        made.findings.push_back({std::move(open), std::move(muted), std::move(request)});
    }
    std::ranges::stable_partition(made.findings,
                                  [](const auto& one) { return one.muted_by.empty(); });
    return made;
}

/// Before version 17 a server does not tell since when a slot is inactive: we saw it.
void server_state::complete(health::sample& seen) const {
    const auto before = [&](std::string_view slot) -> health::moment {
        if (sample_ != nullptr) {
            for (const auto& one : sample_->slots) {
                if (one.name == slot) return one.inactive_since;
            }
            return std::nullopt;
        }
        for (const auto& open : known_.findings.all()) {
            if (open.rule == "slots" && open.subject == "slot " + std::string(slot))
                return open.since;
        }
        return std::nullopt;
    };
    for (auto& slot : seen.slots) {
        if (slot.active || slot.inactive_since) continue;
        slot.inactive_since = before(slot.name).value_or(seen.server_now());
    }
}

/// After the start there is no snapshot before the first one, but findings that tell since when.
void server_state::complete(health::snapshot& seen) const {
    const auto before = full(seen.database);
    health::carry_over(before.get(), seen, sample_->settings);
    if (before != nullptr) return;
    std::map<std::string, wall_time, std::less<>> due;
    for (const auto& open : known_.findings.all()) {
        const bool late = open.rule == "autovacuum_due" || open.rule == "insert_vacuum";
        if (late && open.database == seen.database) due.emplace(open.subject, open.since);
    }
    for (auto& table : seen.tables) {
        const auto known = due.find(table.full_name());
        if (known == due.end() || !table.due_since) continue;
        table.due_since = std::min(*table.due_since, known->second);
    }
}

/// The registry may still be reading an inventory when the first databases are looked at.
void server_state::forget_unclaimed(wall_time now) {
    if (now - began_ < unclaimed_max) return;
    for (const auto& name : known_.findings.databases()) {
        if (find(name) == nullptr) {
            tell(known_.findings.forget(name), now, nullptr, no_longer_registered);
        }
    }
}

}  // namespace tallyfs::postgres
