#include "notify/alert_message.hpp"

#include "notify/approval_message.hpp"

#include <nlohmann/json.hpp>

namespace tallyfs::notify {

namespace {

using nlohmann::json;

std::string text_of(const json& detail, const char* name) {
    const auto place = detail.find(name);
    if (place == detail.end()) return {};
    if (place->is_string()) return place->get<std::string>();
    return place->is_number() ? place->dump() : std::string();
}

bool flag_of(const json& detail, const char* name) {
    const auto place = detail.find(name);
    return place != detail.end() && place->is_boolean() && place->get<bool>();
}

severity severity_of(std::string_view rule) {
    const bool alarming = rule == "blind" || rule == "forged" || rule == "lines-missing" ||
                          rule == "audit-settings" || rule == "bulk-delete";
    return alarming ? severity::critical : severity::warning;
}

}  // namespace

bool fill_alert(message& m, const record::action& action) {
    const auto detail = json::parse(action.detail, nullptr, false);
    if (!detail.is_object()) return false;
    m.ends = action.event == "alert.closed";
    if (!m.ends && !flag_of(detail, "pages")) return false;
    const auto rule = text_of(detail, "rule");
    const auto user = text_of(detail, "user");
    // Its rule, user and window: no two alerts have the same one, and platforms merge none of them.
    m.subject = visible(text_of(detail, "id"), value_bytes_max);
    m.severity = m.ends ? severity::info : severity_of(rule);
    m.title = visible(text_of(detail, "title") + (user.empty() ? "" : ": " + user) + " on " +
                          text_of(detail, "cluster"),
                      value_bytes_max);
    if (m.ends) m.title += ", closed";
    m.link += "/audit/alerts/" + std::string(m.ends ? "closed/" : "open/") +
              visible(action.subject, value_bytes_max) + "-" + visible(rule, value_bytes_max);
    add_fact(m, "Alert", action.subject);
    add_fact(m, "Rule", rule);
    add_fact(m, "Server", text_of(detail, "cluster"));
    add_fact(m, "User", user);
    add_fact(m, "Window", text_of(detail, "window"));
    add_fact(m, "Statements", text_of(detail, "statements"));
    add_fact(m, "Rows", text_of(detail, "rows"));
    add_fact(m, "First", text_of(detail, "text"));
    if (m.ends) add_fact(m, "By", action.actor.by);
    return true;
}

}  // namespace tallyfs::notify
