#include <tallyfs/health/standing.hpp>

#include <algorithm>
#include <set>
#include <tuple>

namespace tallyfs::health {

namespace {

/// The worst ones, each key once.
void bound(std::vector<finding>& seen) {
    std::ranges::stable_sort(seen, is_worse);
    std::set<std::string, std::less<>> keys;
    std::erase_if(seen, [&](const finding& one) { return !keys.insert(one.key()).second; });
    if (seen.size() > findings_of_look_max) seen.resize(findings_of_look_max);
}

}  // namespace

bool is_worse(const finding& a, const finding& b) {
    const auto rank = [](const finding& f) {
        return std::tuple(-static_cast<int>(f.severity), f.since, std::string_view(f.rule),
                          std::string_view(f.database), std::string_view(f.subject));
    };
    return rank(a) < rank(b);
}

std::string_view to_string(finding_event value) noexcept {
    switch (value) {
        case finding_event::opened:
            return "finding.opened";
        case finding_event::worsened:
            return "finding.worsened";
        case finding_event::eased:
            return "finding.eased";
        case finding_event::closed:
            return "finding.closed";
        case finding_event::stands:
            break;
    }
    return "finding.stands";
}

std::vector<finding_change> standing_findings::take(std::string_view snapshot_of,
                                                    std::vector<finding> seen, wall_time now,
                                                    bool whole) {
    const auto patience = snapshot_of.empty() ? looks{looks_to_open, looks_to_close} : looks{1, 1};
    std::vector<finding_change> changes;
    bound(seen);
    for (auto& [key, one] : entries_) {
        if (whole && key.first == snapshot_of) ++one.unseen;
    }
    for (auto& found : seen) {
        auto key = entry_key(snapshot_of, found.key());
        auto& one = entries_.try_emplace(std::move(key)).first->second;
        const auto before = one.open ? one.finding.severity : found.severity;
        if (const auto event = note(one, std::move(found), now, patience)) {
            one.told = now;
            changes.push_back({*event, one.finding, before, std::string(snapshot_of)});
        }
    }
    auto closed = close_where([&](const entry_key& key, const entry& one) {
        return key.first == snapshot_of && one.unseen >= (one.open ? patience.to_close : 1);
    });
    std::ranges::move(closed, std::back_inserter(changes));
    return changes;
}

std::optional<finding_event> standing_findings::note(entry& one, finding found, wall_time now,
                                                     const looks& patience) {
    const auto shown = found.severity;
    const auto told = one.open ? one.finding.severity : shown;
    const auto began = one.seen > 0 ? one.finding.since : now;
    found.since = found.since == wall_time{} ? began : std::min(began, found.since);
    found.severity = told;
    one.finding = std::move(found);
    one.unseen = 0;
    ++one.seen;
    if (!one.open) {
        one.open = one.seen >= patience.to_open || shown == severity::critical;
        return one.open ? std::optional(finding_event::opened) : std::nullopt;
    }
    one.worse = shown > told ? one.worse + 1 : 0;
    one.better = shown < told ? one.better + 1 : 0;
    if (one.worse >= patience.to_open || (one.worse > 0 && shown == severity::critical)) {
        one.finding.severity = shown;
        return finding_event::worsened;
    }
    if (one.better >= patience.to_close) {
        one.finding.severity = shown;
        return finding_event::eased;
    }
    if (now - one.told >= tell_again_after) return finding_event::stands;
    return std::nullopt;
}

void standing_findings::restore(finding open, std::string snapshot_of, wall_time told) {
    auto key = entry_key(std::move(snapshot_of), open.key());
    entries_[std::move(key)] = {std::move(open), 1, 0, 0, 0, true, told};
}

std::vector<finding_change> standing_findings::forget(std::string_view database) {
    return close_where([&](const entry_key& key, const entry&) { return key.first == database; });
}

std::vector<finding_change> standing_findings::forget_all() {
    return close_where([](const entry_key&, const entry&) { return true; });
}

std::vector<finding_change> standing_findings::close_where(
    const std::function<bool(const entry_key&, const entry&)>& over) {
    std::vector<finding_change> changes;
    for (auto place = entries_.begin(); place != entries_.end();) {
        auto& [key, one] = *place;
        if (!over(key, one)) {
            ++place;
            continue;
        }
        if (one.open) {
            const auto severity = one.finding.severity;
            changes.push_back({finding_event::closed, std::move(one.finding), severity, key.first});
        }
        place = entries_.erase(place);
    }
    return changes;
}

std::vector<finding> standing_findings::all() const {
    std::vector<finding> open;
    for (const auto& [key, one] : entries_) {
        if (one.open) open.push_back(one.finding);
    }
    std::ranges::sort(open, is_worse);
    return open;
}

std::set<std::string> standing_findings::databases() const {
    std::set<std::string> all;
    for (const auto& [key, one] : entries_) {
        if (!key.first.empty()) all.insert(key.first);
    }
    return all;
}

bool reach_log::failed(std::string problem, wall_time at) {
    if (now_.problem.empty()) now_.failing_since = at;
    now_.problem = std::move(problem);
    if (told_ || ++failures_ < failures_to_tell) return false;
    return told_ = true;
}

bool reach_log::answered(wall_time at) {
    now_ = {at, "", std::nullopt};
    failures_ = 0;
    return std::exchange(told_, false);
}

void reach_log::restore(std::string problem, wall_time since) {
    now_ = {std::nullopt, std::move(problem), since};
    told_ = true;
}

}  // namespace tallyfs::health
