#include "postgres/server_state.hpp"

#include <tallyfs/health/mutes.hpp>
#include <tallyfs/record/health_event.hpp>

namespace tallyfs::postgres {

void server_state::tell(const std::vector<health::finding_change>& changes, wall_time now,
                        const collector_settings* settings, std::string_view why) {
    for (const auto& change : changes) {
        const auto& found = change.finding;
        record::health_event event;
        event.event = to_string(change.event);
        event.database = found.database;
        event.rule = found.rule;
        event.subject = found.subject;
        event.severity = to_string(found.severity);
        event.title = found.title;
        for (const auto& one : found.figures) event.figures.emplace_back(one.name, one.value);
        event.since = found.since;
        if (change.severity_before != found.severity) {
            event.severity_before = to_string(change.severity_before);
        }
        event.look = change.snapshot_of.empty() ? "sample" : "snapshot";
        event.text = found.figures_text;
        event.advice = found.remedy.advice;
        if (settings != nullptr) {
            event.muted_by = health::muted_by(settings->mutes, id_, found, now);
        }
        event.problem = why;
        append(std::move(event));
    }
}

void server_state::tell(std::string_view event, std::string_view database,
                        const health::reachability& reach) {
    record::health_event made;
    made.event = event;
    made.database = database;
    made.since = reach.failing_since;
    made.problem = reach.problem;
    append(std::move(made));
}

/// A line that the disk refuses is counted by the stream, and shown with its status. What it would
/// have told comes again after the next start, because nothing there says that it was told.
void server_state::append(record::health_event event) {
    event.node = with_.node;
    event.environment = id_.environment;
    event.cluster = id_.cluster;
    (void)with_.events.append([&](std::string& out, wall_time now) {
        event.time = now;
        event.id = uuid::make(now);
        append_line(out, event);
    });
}

}  // namespace tallyfs::postgres
