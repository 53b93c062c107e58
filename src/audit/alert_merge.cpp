#include <tallyfs/audit/alert.hpp>

#include <algorithm>
#include <limits>

namespace tallyfs::audit {

namespace {

constexpr std::size_t parts_max = 16;
constexpr std::size_t sessions_max = 100;  // of a tally, windows.hpp
constexpr std::size_t objects_max = 20;
constexpr std::size_t tickets_max = 20;

/// Replayed actions can say anything, and sums of it must not overflow.
std::int64_t plus(std::int64_t a, std::int64_t b) {
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    return a > most - b ? most : a + b;
}

void unite(std::set<std::string>& into, const std::set<std::string>& more, std::size_t most) {
    for (const auto& one : more) {
        if (into.size() >= most) return;
        into.insert(one);
    }
}

}  // namespace

bool alert_book::is_new(const known& before, const tally& counted) noexcept {
    if (counted.last_number == 0) return before.last_number == 0 && counted.events > before.events;
    return counted.last_number > before.last_number;
}

alert_book::part alert_book::part_of(const tally& counted) noexcept {
    return {counted.first_number, counted.last_number, counted.events,  counted.statements,
            counted.expected,     counted.believable,  counted.reopened};
}

void alert_book::merge(kept& into, const tally& counted) {
    auto& parts = into.parts;
    auto now = part_of(counted);
    std::erase_if(parts, [&](const part& one) { return one.first_number >= now.first_number; });
    if (!parts.empty() && parts.back().last_number >= now.first_number) {
        const auto& before = parts.back();
        now.first_number = before.first_number;
        now.events = std::max(now.events, before.events);
        now.statements = std::max(now.statements, before.statements);
        now.expected = std::min(std::max(now.expected, before.expected), now.events);
        now.believable = std::max(now.believable, before.believable);
        now.reopened = std::max(now.reopened, before.reopened);
        parts.pop_back();
    }
    parts.push_back(now);
    if (parts.size() > parts_max) {
        const auto first = parts.front();
        parts.erase(parts.begin());
        auto& second = parts.front();
        second.first_number = first.first_number;
        second.events = plus(second.events, first.events);
        second.statements = plus(second.statements, first.statements);
        second.expected = plus(second.expected, first.expected);
        second.believable = plus(second.believable, first.believable);
        second.reopened += first.reopened;
    }
    auto& all = into.alert.tally;
    const bool first = all.events == 0;
    all.id = counted.id;
    all.events = all.statements = all.expected = all.believable = 0;
    all.reopened = 0;
    for (const auto& one : parts) {
        all.events = plus(all.events, one.events);
        all.statements = plus(all.statements, one.statements);
        all.expected = plus(all.expected, one.expected);
        all.believable = plus(all.believable, one.believable);
        all.reopened += one.reopened;
    }
    if (first || counted.first_number < all.first_number) all.text = counted.text;
    all.rows = std::max(all.rows, counted.rows);
    all.first_number = parts.front().first_number;
    all.last_number = parts.back().last_number;
    all.first_logged =
        first ? counted.first_logged : std::min(all.first_logged, counted.first_logged);
    all.last_logged = std::max(all.last_logged, counted.last_logged);
    unite(all.sessions, counted.sessions, sessions_max);
    unite(all.objects, counted.objects, objects_max);
    unite(all.tickets, counted.tickets, tickets_max);
    all.over = counted.over;
    into.alert.expected = all.expected == all.events;
}

}  // namespace tallyfs::audit
