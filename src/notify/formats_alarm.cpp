#include "notify/formats.hpp"

#include <tallyfs/base/text.hpp>

namespace tallyfs::notify {

namespace {

// developer.pagerduty.com, "Send an Alert Event"; docs.opsgenie.com, "Create Alert".
constexpr std::size_t pagerduty_summary_bytes_max = 1024;
constexpr std::size_t opsgenie_message_bytes_max = 130;

std::string clipped(const std::string& text, std::size_t bytes_max) {
    return std::string(clip_utf8(text, bytes_max));
}

ordered_json details_of(const message& m) {
    ordered_json details = ordered_json::object();
    for (const auto& one : m.facts) details[one.name] = one.value;
    details["Action"] = std::to_string(m.number);
    details["Head"] = m.head;
    details["Link"] = m.link;
    return details;
}

std::string_view opsgenie_priority(severity value) {
    if (value == severity::critical) return "P1";
    return value == severity::warning ? "P3" : "P5";
}

}  // namespace

std::string alarm_name(const message& m) {
    return "tallyfs/" + m.node + "/" + m.event.substr(0, m.event.find('.')) + "/" + m.subject;
}

ordered_json pagerduty_body(const target& t, const message& m) {
    ordered_json payload = {{"summary", clipped(m.title, pagerduty_summary_bytes_max)},
                            {"source", m.node},
                            {"severity", to_string(m.severity)},
                            {"timestamp", to_rfc3339(m.time)},
                            {"component", "tallyfs"},
                            {"class", m.event},
                            {"custom_details", details_of(m)}};
    ordered_json link = {{"href", m.link}, {"text", "Open"}};
    return {{"routing_key", t.token},
            {"event_action", m.ends ? "resolve" : "trigger"},
            {"dedup_key", alarm_name(m)},
            {"payload", std::move(payload)},
            {"links", ordered_json::array({std::move(link)})},
            {"client", "tallyfs"},
            {"client_url", m.link}};
}

ordered_json opsgenie_body(const message& m) {
    return {{"message", clipped(m.title, opsgenie_message_bytes_max)},
            {"alias", alarm_name(m)},
            {"description", m.title + "\n" + m.text() + "\n" + m.link},
            {"tags", ordered_json::array({"tallyfs", m.event})},
            {"details", details_of(m)},
            {"entity", m.subject},
            {"source", m.node},
            {"priority", opsgenie_priority(m.severity)}};
}

ordered_json opsgenie_closing_body(const message& m) {
    return {{"source", m.node}, {"note", m.title + "\nHead: " + m.head}};
}

}  // namespace tallyfs::notify
