#include "views/status_figures.hpp"

#include "views/directories.hpp"
#include "views/figures_text.hpp"

#include <tallyfs/base/readable.hpp>

#include <spdlog/fmt/fmt.h>

#include <map>

namespace tallyfs::views {

namespace {

using namespace std::chrono_literals;

/// A repetition is worth a line when it costs this much, so that a retry is none.
constexpr std::int64_t repeats_min = 10;
constexpr auto repeats_busy_min = 10s;

/// "cannot append to /long/path: No space left on device" the other way round: the screen cuts.
std::string reason_first(const std::string& error) {
    const auto colon = error.rfind(": ");
    if (colon == std::string::npos) return error;
    return error.substr(colon + 2) + ": " + error.substr(0, colon);
}

void add_machine_concerns(const sources& from, std::vector<concern>& found) {
    const auto& live = from.live;
    const auto journal = from.calls.status();
    const auto unrecorded = from.counters.calls_unrecorded.load();
    if (journal.failing) found.push_back({"mend", "journal", reason_first(journal.last_error)});
    if (unrecorded > 0) {
        found.push_back({"look", "journal",
                         counted(static_cast<std::int64_t>(unrecorded), "call") +
                             " since the start could not be recorded"});
    }
    const auto lost = from.counters.captures_dropped + from.counters.captures_failed;
    if (lost > 0) {
        found.push_back({"look", "captures",
                         counted(static_cast<std::int64_t>(lost), "capture") +
                             " could not be kept (see the log)"});
    }
    if (!live.ledger_error.empty()) found.push_back({"mend", "ledger", live.ledger_error});
    if (!live.rebuild_reason.empty()) {
        found.push_back({"look", "ledger", "made anew: " + live.rebuild_reason});
    } else if (!live.rebuilt_reason.empty()) {
        // Mostly over before anybody looks, and yet a disk may have been the cause.
        found.push_back({"look", "ledger", "was made anew: " + live.rebuilt_reason});
    }
    if (const auto state = from.gauge.last();
        state && state->percent() >= retention::percent_warned) {
        found.push_back({state->percent() >= 100 ? "mend" : "look", "disk",
                         fmt::format("{} % of state_bytes_max: shorten control/retention_*",
                                     state->percent())});
    }
    if (auto problem = from.sweeper.problem(); !problem.empty()) {
        found.push_back({"mend", "retention", reason_first(problem)});
    }
    for (const auto& problem : from.rollups.problems()) {
        found.push_back({"mend", "rollups", problem.what});
    }
    if (journal.torn_bytes_cut > 0) {
        found.push_back({"look", "journal", "a torn line is kept in journal/calls/*.torn"});
    }
    if (live.upstream->seen.has_value() || !live.upstream->error.empty()) {
        if (!live.upstream->reachable) {
            found.push_back({"mend", "ollama", live.upstream->error});
        }
    }
}

/// What only a person can move on.
void add_decision_concerns(const sources& from, std::vector<concern>& found) {
    for (const auto& e : from.approvals.list()) {
        if (is_finished(e.state) || e.state == approval::state::executing) continue;
        const auto waits =
            std::max(from.live.now - e.request.created, std::chrono::microseconds(0));
        const bool unknown = e.state == approval::state::outcome_unknown;
        found.push_back(
            {unknown ? "mend" : "approve", approval::number_text(e.request.number),
             (unknown ? "outcome unknown" : "waits ") +
                 (unknown ? std::string()
                          : duration_text(std::chrono::floor<std::chrono::seconds>(waits))) +
                 ": " + e.request.asked.title});
    }
    const auto& chain = from.actions.found();
    if (!chain.intact()) {
        found.push_back({"mend", "actions", "the chain is broken: see actions/chain.txt"});
    }
    for (const auto& budget : from.budgets.state()) {
        for (const auto& level : budget.levels) {
            if (level.limit <= 0 || level.used * 100 < level.limit * policy::warn_percent) continue;
            found.push_back({"look", budget.name,
                             fmt::format("budget: {} of {} {} used", grouped(level.used),
                                         grouped(level.limit), to_string(level.measure))});
        }
    }
}

void add_usage_concerns(const today_figures& today, std::vector<concern>& found) {
    for (const auto& r : today.repetitions) {
        if (r.repeats < repeats_min || r.busy < repeats_busy_min) continue;
        found.push_back({"look", label(r.group.service, r.group.task),
                         fmt::format("{} of {} calls repeat earlier ones, {} s", grouped(r.repeats),
                                     grouped(r.calls), seconds_text(r.busy))});
    }
    std::map<std::string, std::int64_t> cut;
    for (const auto& row : today.rows) {
        if (row.sums.prompts_cut == 0) continue;
        cut[label(row.group.service, row.group.task)] += row.sums.prompts_cut;
    }
    for (const auto& [who, count] : cut) {
        found.push_back({"look", who, counted(count, "prompt") + " cut by Ollama (raise num_ctx)"});
    }
}

/// The worst of all; databases/status.txt has the others.
void add_database_concern(const sources& from, std::vector<concern>& found) {
    if (!from.databases) return;
    const auto all = from.databases();
    if (all.unreachable > 0) {
        found.push_back(
            {"mend", "databases",
             counted(all.unreachable, "database") + " not reached: databases/status.txt"});
    }
    if (all.critical > 0) found.push_back({"look", "databases", all.worst});
}

/// That it is blind comes before what it has seen.
void add_audit_concern(const sources& from, std::vector<concern>& found) {
    if (!from.audit) return;
    const auto all = from.audit();
    if (!all.chain_intact) {
        found.push_back({"mend", "audit", "the chain is broken: tallyfs verify"});
    }
    if (all.not_recorded) found.push_back({"mend", "audit", "events cannot be recorded"});
    if (all.blind > 0) found.push_back({"mend", "audit", "blind: audit/selftest.txt"});
    if (all.alerts > 0) {
        found.push_back(
            {"look", "audit",
             counted(static_cast<std::int64_t>(all.alerts), "open alert") + ": audit/alerts/open"});
    }
}

}  // namespace

today_figures figures_of_today(const sources& from) {
    today_figures today;
    today.date = current_day(from);
    ledger::usage_query query;
    query.first = query.last = today.date;
    if (from.live.rebuilding || !from.live.ledger_error.empty()) return today;
    auto rows = from.ledger.usage(query);
    auto repetitions = from.ledger.repetitions(today.date);
    if (!rows || !repetitions) return today;
    today.known = true;
    today.rows = std::move(*rows);
    today.repetitions = std::move(*repetitions);
    for (const auto& row : today.rows) today.total += row.sums;
    return today;
}

std::vector<concern> concerns_of(const sources& from, const today_figures& today) {
    std::vector<concern> found;
    add_decision_concerns(from, found);
    add_machine_concerns(from, found);
    add_database_concern(from, found);
    add_audit_concern(from, found);
    add_usage_concerns(today, found);
    return found;
}

}  // namespace tallyfs::views
