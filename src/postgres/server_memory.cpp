#include "postgres/server_memory.hpp"

#include <tallyfs/base/log.hpp>
#include <tallyfs/journal/reader.hpp>
#include <tallyfs/record/health_event.hpp>

#include <optional>
#include <tuple>

namespace tallyfs::postgres {

namespace {

using record::health_event;

/// Of everything, the last event that says how it stands.
struct last_events {
    using finding_key = std::tuple<std::string, std::string, std::string, std::string>;
    std::map<finding_key, health_event> findings;           ///< look, rule, database, subject
    std::map<std::string, health_event, std::less<>> down;  ///< by database; "" is the server
};

health::severity severity_of(std::string_view text) {
    for (const auto one : {health::severity::critical, health::severity::warning}) {
        if (text == to_string(one)) return one;
    }
    return health::severity::info;
}

health::finding finding_of(const health_event& e) {
    health::finding made;
    made.rule = e.rule;
    made.database = e.database;
    made.subject = e.subject;
    made.severity = severity_of(e.severity);
    made.title = e.title;
    made.figures_text = e.text;
    for (const auto& [name, value] : e.figures) made.figures.push_back({name, value});
    made.remedy.advice = e.advice;
    made.since = e.since.value_or(e.time);
    return made;
}

void apply(last_events& of, health_event e) {
    const std::string_view event = e.event;
    if (event.starts_with("finding.")) {
        auto key = std::tuple(e.look, e.rule, e.database, e.subject);
        if (event == to_string(health::finding_event::closed)) {
            of.findings.erase(key);
        } else {
            of.findings[std::move(key)] = std::move(e);
        }
    } else if (event.ends_with(".unreachable")) {
        auto database = e.database;
        of.down[std::move(database)] = std::move(e);
    } else if (event.ends_with(".back")) {
        of.down.erase(e.database);
    }
}

/// Where to begin: not too long ago, and not too much.
journal::position beginning_of(const journal::stream& events, wall_time now) {
    const auto segments = events.segments();
    const auto oldest = zone::day_of(now - remembered_days);
    std::uint64_t bytes = 0;
    auto begin = events.end();
    for (auto one = segments.rbegin(); one != segments.rend(); ++one) {
        bytes += one->bytes;
        if (one->id.date < oldest || bytes > remembered_bytes_max) break;
        begin = {one->id, 0};
    }
    return begin;
}

server_memory memory_of(const last_events& last) {
    server_memory made;
    for (const auto& [key, e] : last.findings) {
        made.findings.restore(finding_of(e), e.look == "snapshot" ? e.database : "", e.time);
    }
    for (const auto& [database, e] : last.down) {
        auto& reach = database.empty() ? made.reach : made.databases[database];
        reach.restore(e.problem, e.since.value_or(e.time));
    }
    return made;
}

}  // namespace

std::map<health::cluster_id, server_memory> remember(const journal::stream& events, wall_time now) {
    std::map<health::cluster_id, last_events> servers;
    journal::reader reader(events, beginning_of(events, now));
    for (;;) {
        const auto lines = reader.next();
        if (!lines) {
            spdlog::warn("health events cannot be read, what was open is not known: {}",
                         lines.error().message());
            break;
        }
        if (lines->text.empty()) break;
        for (auto rest = lines->text; !rest.empty();) {
            const auto end = rest.find('\n');
            auto e = record::parse_health_event(rest.substr(0, end));
            rest.remove_prefix(end + 1);
            if (!e) continue;
            const health::cluster_id id{e->environment, e->cluster};
            apply(servers[id], std::move(*e));
        }
    }
    std::map<health::cluster_id, server_memory> made;
    for (const auto& [id, last] : servers) {
        if (last.findings.empty() && last.down.empty()) continue;
        made.emplace(id, memory_of(last));
    }
    return made;
}

}  // namespace tallyfs::postgres
