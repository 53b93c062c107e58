#include "approval/json_writer.hpp"

#include <tallyfs/approval/views.hpp>

#include <nlohmann/json.hpp>

namespace tallyfs::approval {

namespace {

using json = nlohmann::ordered_json;

/// A part of the record in the words of the events, so that both can be compared by eye.
template <class Part>
json part(const Part& value) {
    std::string text;
    json_writer(text).object(value);
    return json::parse(text);
}

json step_record(const entry& e, std::size_t index) {
    const auto& progress = e.steps[index];
    json record = part(e.request.chain.steps[index]);
    record["step"] = index + 1;
    if (progress.escalated) record["escalated"] = true;
    for (const auto& handed : progress.delegated) record["delegated"].push_back(part(handed));
    record["decided"] = progress.decided ? part(*progress.decided) : json();
    return record;
}

json objection_record(const objection& o) {
    return {{"raised", part(o.raised)}, {"answered", o.answered ? part(*o.answered) : json()}};
}

json time_record(const std::optional<wall_time>& time) {
    return time ? json(to_rfc3339(*time)) : json();
}

}  // namespace

std::string decision_record(const entry& e) {
    json record;
    record["number"] = number_text(e.request.number);
    record["state"] = to_string(e.state);
    record["hash"] = plan_hash(e.request);
    record["request"] = part(e.request);
    record["steps"] = json::array();
    for (std::size_t i = 0; i < e.steps.size(); ++i) record["steps"].push_back(step_record(e, i));
    record["void_decisions"] = json::array();
    for (const auto& decided : e.void_decisions) record["void_decisions"].push_back(part(decided));
    record["objections"] = json::array();
    for (const auto& o : e.objections) record["objections"].push_back(objection_record(o));
    record["revisions"] = e.revisions;
    record["started"] = time_record(e.started);
    record["ended"] = time_record(e.ended);
    record["result"] = e.result;
    record["settlements"] = json::array();
    for (const auto& s : e.settlements) record["settlements"].push_back(part(s));
    record["withdrawn"] = e.withdrawn ? part(*e.withdrawn) : json();
    record["undone_by"] = e.undone_by == 0 ? json() : json(number_text(e.undone_by));
    return record.dump(2) + "\n";
}

}  // namespace tallyfs::approval
