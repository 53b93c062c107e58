#include "notify/owed_callback.hpp"

#include "notify/approval_message.hpp"
#include "notify/formats.hpp"

#include <tallyfs/approval/event.hpp>
#include <tallyfs/record/action.hpp>
#include <tallyfs/state/request_json.hpp>

#include <boost/json/serialize.hpp>

namespace tallyfs::notify {

namespace {

struct ends {
    bool operator()(const approval::request_withdrawn& /*e*/) const { return true; }
    bool operator()(const approval::request_expired& /*e*/) const { return true; }
    bool operator()(const approval::execution_finished& /*e*/) const { return true; }
    bool operator()(const approval::step_decided& e) const {
        return e.verdict == approval::verdict::reject;
    }
    bool operator()(const approval::outcome_settled& e) const {
        return e.settlement == approval::settlement::done;
    }
    template <class Event>
    bool operator()(const Event& /*e*/) const {
        return false;
    }
};

std::string_view without_newline(std::string_view line) {
    while (line.ends_with('\n')) line.remove_suffix(1);
    return line;
}

}  // namespace

std::uint32_t ended_request(std::string_view line) {
    const auto action = record::parse_action(line);
    if (!action || !action->event.starts_with("approval.")) return 0;
    const auto event = approval::parse_event(action->detail);
    return event && std::visit(ends{}, *event) ? number_of(*event) : 0;
}

owed_callback owed_for(const approval::entry& e, std::string_view line, const knowledge& known) {
    line = without_newline(line);
    owed_callback owed;
    owed.request = e.request.number;
    owed.callback = e.request.asked.callback;
    auto told = state::described(e);
    told["link"] = known.link + "/page/" + approval::number_text(owed.request);
    if (const auto action = record::parse_action(line)) {
        owed.key = idempotency_key(action->node, action->number);
        owed.since = action->time;
        told["node"] = action->node;
        told["head"] = head_after(action->number, line);
    }
    owed.body = boost::json::serialize(told);
    return owed;
}

std::string to_text(const owed_callback& owed) {
    return dumped({{"request", owed.request},
                   {"callback", owed.callback},
                   {"key", owed.key},
                   {"since", to_rfc3339(owed.since)},
                   {"body", owed.body}}) +
           "\n";
}

std::optional<owed_callback> parse_owed_callback(std::string_view text) {
    const auto read = ordered_json::parse(text, nullptr, false);
    if (!read.is_object()) return std::nullopt;
    const auto string = [&](const char* name) {
        const auto place = read.find(name);
        return place != read.end() && place->is_string() ? place->get<std::string>() : "";
    };
    const auto number = read.find("request");
    const auto since = parse_rfc3339(string("since"));
    if (number == read.end() || !number->is_number_unsigned() || !since) return std::nullopt;
    owed_callback owed{number->get<std::uint32_t>(), string("callback"), string("key"), *since,
                       string("body")};
    if (owed.callback.empty() || owed.key.empty() || owed.body.empty()) return std::nullopt;
    return owed;
}

}  // namespace tallyfs::notify
