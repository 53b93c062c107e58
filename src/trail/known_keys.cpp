#include "trail/known_keys.hpp"

#include <tallyfs/base/log.hpp>

#include <charconv>

namespace tallyfs::trail {

namespace {

std::uint64_t number_of(std::string_view key) {
    std::uint64_t value = 0;
    std::from_chars(key.data(), key.data() + key.size(), value, 16);
    return value;
}

wall_time begin_of(wall_time logged) {
    return std::chrono::floor<std::chrono::hours>(logged);
}

}  // namespace

/// Null where nobody can tell.
const known_keys::hour* known_keys::hour_of(wall_time logged) {
    const auto begins = begin_of(logged);
    for (auto place = hours_.begin(); place != hours_.end(); ++place) {
        if (place->begins != begins) continue;
        hours_.splice(hours_.begin(), hours_, place);
        return &hours_.front();
    }
    if (hours_.size() == hours_max) hours_.pop_back();
    hours_.push_front({begins, {}});
    ledger::audit_query query;
    query.cluster = cluster_;
    query.from = begins;
    query.until = begins + std::chrono::hours(1);
    query.events_max = keys_of_hour_max;
    auto& keys = hours_.front().keys;
    const auto found =
        from_.find(query, [&keys](std::string_view, const record::audit_event& event) {
            keys.insert(number_of(event.key));
        });
    if (!found) {
        spdlog::error("{}: events of {} cannot be compared with new ones, some may come twice: {}",
                      cluster_, to_rfc3339(begins), found.error().message());
        hours_.pop_front();  // the next one asks again
        return nullptr;
    }
    return &hours_.front();
}

bool known_keys::contains(std::string_view key, wall_time logged) {
    const auto number = number_of(key);
    if (dropped_.contains(number)) return true;
    const auto* const of = hour_of(logged);
    return of != nullptr && of->keys.contains(number);
}

void known_keys::keep(std::string_view key, wall_time logged) {
    const auto begins = begin_of(logged);
    for (auto& one : hours_) {
        if (one.begins == begins && one.keys.size() < keys_of_hour_max) {
            one.keys.insert(number_of(key));
        }
    }
}

void known_keys::drop(std::string_view key) {
    const auto number = number_of(key);
    if (!dropped_.insert(number).second) return;
    dropped_order_.push_back(number);
    if (dropped_order_.size() <= dropped_max) return;
    dropped_.erase(dropped_order_.front());
    dropped_order_.pop_front();
}

}  // namespace tallyfs::trail
