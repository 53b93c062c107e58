#include <tallyfs/notify/message.hpp>

namespace tallyfs::notify {

namespace {

struct event_group {
    std::string_view event;
    std::string_view group;
};
constexpr event_group known_events[] = {
    {"approval.requested", "approvals"}, {"approval.decided", "approvals"},
    {"approval.rejected", "approvals"},  {"approval.delegated", "approvals"},
    {"approval.objection", "approvals"}, {"approval.revised", "approvals"},
    {"approval.withdrawn", "approvals"}, {"approval.expired", "approvals"},
    {"approval.reminder", "approvals"},  {"approval.escalated", "approvals"},
    {"approval.done", "approvals"},      {"approval.failed", "approvals"},
    {"approval.settled", "approvals"},   {"approval.outcome_unknown", "approvals"},
    {"budget.warned", "budgets"},        {"budget.raised", "budgets"},
    {"setting.changed", "settings"},     {"setting.removed", "settings"},
    {"chain.broken", "alerts"},          {"state.warned", "alerts"},
    {"state.eased", "alerts"},           {"alert.opened", "audit"},
    {"alert.counted", "audit"},          {"alert.closed", "audit"},
};

}  // namespace

std::string_view to_string(severity value) noexcept {
    constexpr std::array<std::string_view, 3> names{"info", "warning", "critical"};
    return names[static_cast<std::size_t>(value)];
}

std::vector<std::string> event_names() {
    std::vector<std::string> names{"approvals", "budgets", "settings", "alerts", "audit"};
    for (const auto& one : known_events) names.emplace_back(one.event);
    return names;
}

bool wants(const std::vector<std::string>& list, std::string_view event) {
    if (list.empty()) return true;
    const auto* const place = std::ranges::find(known_events, event, &event_group::event);
    return std::ranges::any_of(list, [&](const std::string& one) {
        return one == event || (place != std::end(known_events) && one == place->group);
    });
}

std::string message::text() const {
    std::string lines;
    for (const auto& one : facts) lines += one.name + ": " + one.value + "\n";
    if (!lines.empty()) lines.pop_back();
    return lines;
}

}  // namespace tallyfs::notify
