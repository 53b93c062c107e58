#include "notify/alert_message.hpp"
#include "notify/approval_message.hpp"

#include <tallyfs/base/digest.hpp>
#include <tallyfs/notify/message.hpp>
#include <tallyfs/record/action.hpp>

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

void fill_budget(message& m, const record::action& action, const json& detail) {
    const auto budget = visible(action.subject, value_bytes_max);
    add_fact(m, "Budget", action.subject);
    m.link += "/usage/budgets.txt";
    if (action.event == "budget.raised") {
        m.title = "Budget " + budget + " is raised";
        add_fact(m, "Percent", text_of(detail, "percent"));
        add_fact(m, "Day", text_of(detail, "day"));
        add_fact(m, "Request", text_of(detail, "request"));
        return;
    }
    m.severity = severity::warning;
    m.title = "Budget " + budget + " is used up by 80 %";
    add_fact(m, "Measure", text_of(detail, "measure"));
    add_fact(m, "Used", text_of(detail, "used"));
    add_fact(m, "Limit", text_of(detail, "limit"));
}

/// The values of most settings are texts that people wrote: rules, patterns, addresses. Only what
/// is known to be harmless is told.
void fill_setting(message& m, const record::action& action, const json& detail,
                  const knowledge& known) {
    const auto name = visible(action.subject, value_bytes_max);
    m.title = "Setting " + name +
              (action.event == "setting.removed" ? " was removed by " : " was changed by ") +
              visible(action.actor.by, value_bytes_max);
    m.link += "/control/history.txt";
    add_fact(m, "Setting", action.subject);
    add_fact(m, "By", action.actor.by);
    add_fact(m, "Known by", action.actor.known_by);
    for (const auto& [field, label] : {std::pair("from", "From"), std::pair("to", "To")}) {
        const auto value = text_of(detail, field);
        if (known.may_tell && known.may_tell(action.subject, value)) add_fact(m, label, value);
    }
}

void fill_broken_chain(message& m, const json& detail) {
    m.severity = severity::critical;
    m.title = "The chain of the actions is broken: lines were changed, removed or added";
    m.link += "/actions/chain.txt";
    add_fact(m, "Places", text_of(detail, "breaks"));
    add_fact(m, "First in", text_of(detail, "file"));
    add_fact(m, "Line", text_of(detail, "line"));
    add_fact(m, "Check", "tallyfs verify");
}

void fill_state(message& m, const json& detail) {
    m.ends = m.event == "state.eased";
    m.severity = m.ends ? severity::info : severity::warning;
    m.title = m.ends ? "The state directory is below its limit again"
                     : "The state directory has " + text_of(detail, "percent") + " % of its limit";
    m.link += "/status.txt";
    add_fact(m, "Used bytes", text_of(detail, "used_bytes"));
    add_fact(m, "Limit bytes", text_of(detail, "limit_bytes"));
}

}  // namespace

std::string head_after(std::uint64_t number, std::string_view line) {
    return std::to_string(number) + ":" + sha256_hex(line);
}

void add_fact(message& m, std::string name, std::string_view value) {
    if (!value.empty()) m.facts.push_back({std::move(name), visible(value, value_bytes_max)});
}

std::optional<message> message_of(std::string_view line, const knowledge& known) {
    while (line.ends_with('\n')) line.remove_suffix(1);
    const auto read = record::parse_action(line);
    if (!read) return std::nullopt;
    message m;
    m.number = read->number;
    m.time = read->time;
    m.node = visible(read->node, value_bytes_max);
    m.subject = visible(read->subject, value_bytes_max);
    m.head = head_after(read->number, line);
    m.link = known.link;
    if (read->event.starts_with("approval.")) {
        return fill_approval(m, *read, known) ? std::optional(std::move(m)) : std::nullopt;
    }
    m.event = read->event;
    if (m.event.starts_with("alert.") && m.event != "alert.acknowledged") {
        return fill_alert(m, *read) ? std::optional(std::move(m)) : std::nullopt;
    }
    const auto detail = json::parse(read->detail, nullptr, false);
    if (!detail.is_object()) return std::nullopt;
    if (m.event == "budget.warned" || m.event == "budget.raised") {
        fill_budget(m, *read, detail);
    } else if (m.event == "setting.changed" || m.event == "setting.removed") {
        fill_setting(m, *read, detail, known);
    } else if (m.event == "chain.broken") {
        fill_broken_chain(m, detail);
    } else if (m.event == "state.warned" || m.event == "state.eased") {
        fill_state(m, detail);
    } else {
        return std::nullopt;
    }
    return m;
}

}  // namespace tallyfs::notify
