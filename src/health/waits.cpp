#include <tallyfs/health/waits.hpp>

#include <algorithm>

namespace tallyfs::health {

void wait_window::add(std::chrono::steady_clock::time_point at, std::chrono::milliseconds length,
                      std::span<const waiting_session> active) {
    if (slots_.empty() || at - slots_.back().begin >= slot_length) {
        slots_.push_back({at, {}, 0, {}});
        if (slots_.size() > slots_max) slots_.pop_front();
    }
    auto& now = slots_.back();
    now.covered += length;
    ++now.looks;
    for (const auto& session : active) {
        key what(session.database, session.type.empty() ? "CPU" : session.type, session.event);
        if (now.sessions.size() >= shares_max && !now.sessions.contains(what)) {
            what = key("", "(other)", "");
        }
        ++now.sessions[std::move(what)];
    }
}

wait_profile wait_window::profile(std::chrono::steady_clock::time_point now) const {
    std::chrono::milliseconds covered{};
    std::int64_t looks = 0;
    std::map<key, std::int64_t> sessions;
    for (const auto& one : slots_) {
        if (now - one.begin > slot_length * slots_max) continue;
        covered += one.covered;
        looks += one.looks;
        for (const auto& [what, times] : one.sessions) sessions[what] += times;
    }
    wait_profile made;
    made.covered = std::chrono::duration_cast<std::chrono::seconds>(covered);
    for (const auto& [what, times] : sessions) {
        const auto& [database, type, event] = what;
        made.shares.push_back(
            {database, type, event, static_cast<double>(times) / static_cast<double>(looks)});
    }
    std::ranges::stable_sort(made.shares, std::greater(), &wait_share::sessions);
    return made;
}

}  // namespace tallyfs::health
