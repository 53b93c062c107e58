#include "health/report_load.hpp"

#include "health/report_text.hpp"
#include "health/sessions.hpp"

#include <tallyfs/base/readable.hpp>
#include <tallyfs/base/text.hpp>

#include <spdlog/fmt/fmt.h>

namespace tallyfs::health {

namespace {

constexpr std::size_t shares_shown = 5;
constexpr std::size_t vacuums_shown = 5;
constexpr std::size_t missing_shown = 10;
constexpr double share_min = 0.05;  ///< less shows as 0.0

bool is_of(std::string_view database, const std::string& one) {
    return database.empty() || one == database;
}

std::string progress(const running_vacuum& one, wall_time now) {
    std::string text = one.table + (one.automatic ? " (autovacuum)" : "") + ", " + one.phase;
    const bool scans = one.phase == "scanning heap";
    const auto done = scans ? one.blocks_scanned : one.blocks_vacuumed;
    if (one.blocks_total > 0) text += " " + percent_text(done, one.blocks_total);
    if (one.started) text += ", for " + age_text(*one.started, now);
    return text;
}

}  // namespace

void append_load(std::string& out, const watched_server& server, std::string_view database) {
    if (server.waits.covered.count() == 0) return;
    std::map<std::string, double> by_event;
    for (const auto& one : server.waits.shares) {
        if (!is_of(database, one.database)) continue;
        const bool same = one.event.empty() || one.event == one.type;
        by_event[same ? one.type : one.type + ":" + one.event] += one.sessions;
    }
    std::vector<std::pair<std::string, double>> rows(by_event.begin(), by_event.end());
    std::ranges::stable_sort(rows, std::greater{}, [](const auto& row) { return row.second; });
    std::string text;
    double rest = 0;
    std::size_t shown = 0;
    for (const auto& [event, sessions] : rows) {
        if (shown == shares_shown || sessions < share_min) {
            rest += sessions;
            continue;
        }
        ++shown;
        text += fmt::format("{}{} {:.1f}", text.empty() ? "" : ", ", event, sessions);
    }
    if (rest >= share_min) text += fmt::format("{}other {:.1f}", text.empty() ? "" : ", ", rest);
    if (text.empty()) text = "0.0";
    append_labelled(out, "LOAD",
                    text + " active sessions (" + duration_text(server.waits.covered) + ")");
}

void append_sessions(std::string& out, const watched_server& server, std::string_view database) {
    if (server.sample == nullptr) return;
    std::int64_t all = 0, active = 0, in_transaction = 0, waiting = 0;
    for (const auto& one : server.sample->sessions) {
        if (!takes_connection(one) || !is_of(database, one.database)) continue;
        ++all;
        if (one.state == "active") ++active;
        if (one.state.starts_with("idle in transaction")) ++in_transaction;
        if (!one.blocked_by.empty()) ++waiting;
    }
    std::string text = grouped(all);
    if (server.sample->connections_max > 0) {
        text += " of " + grouped(server.sample->connections_max) + " connections";
    }
    text += fmt::format(", {} active, {} idle in transaction, {} waiting", grouped(active),
                        grouped(in_transaction), grouped(waiting));
    append_labelled(out, "SESSIONS", text);
}

void append_vacuums(std::string& out, const watched_server& server, std::string_view database) {
    if (server.sample == nullptr) return;
    std::size_t found = 0;
    for (const auto& one : server.sample->vacuums) {
        if (!is_of(database, one.database)) continue;
        if (++found > vacuums_shown) continue;
        const auto place = database.empty() ? one.database + ": " : std::string();
        append_labelled(out, found == 1 ? "VACUUM" : "",
                        place + progress(one, server.sample->taken));
    }
    if (found > vacuums_shown) {
        append_labelled(out, "", fmt::format("and {} more", found - vacuums_shown));
    }
}

void append_missing(std::string& out, const std::vector<std::string>& missing) {
    for (std::size_t i = 0; i < std::min(missing.size(), missing_shown); ++i) {
        append_labelled(out, i == 0 ? "NOT SEEN" : "", missing[i]);
    }
    if (missing.size() > missing_shown) {
        append_labelled(out, "", fmt::format("and {} more", missing.size() - missing_shown));
    }
}

void append_failing(std::string& out, const reachability* why) {
    if (why == nullptr) return;
    std::string text = "cannot be looked at";
    if (why->failing_since) text += " since " + moment_text(*why->failing_since);
    append_paragraph(out, "DOWN  ", text);
    append_paragraph(out, "      ", why->problem);
    append_paragraph(out, "      ",
                     why->seen
                         ? "last seen " + moment_text(*why->seen) + "; what follows is of then"
                         : "never seen since the start of tallyfs");
}

std::string version_text(const watched_server& server) {
    if (server.sample == nullptr) return "not seen yet";
    const auto& seen = *server.sample;
    return (seen.flavour.empty() ? "PostgreSQL" : seen.flavour) + " " + seen.version_text +
           (seen.is_standby ? ", standby" : ", primary");
}

}  // namespace tallyfs::health
