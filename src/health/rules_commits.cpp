#include "health/rule_parts.hpp"

#include <tallyfs/base/readable.hpp>
#include <tallyfs/base/text.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <map>

namespace tallyfs::health {

namespace {

/// What a database wrote between two looks.
struct pace {
    double seconds = 0;
    std::int64_t rows = 0;
    std::int64_t commits = 0;  ///< that wrote something, as far as that can be told
};

/// Every transaction that writes takes an id, and ages of all databases grow with each: those of
/// the whole server between two looks. 0: not known.
std::int64_t ids_taken(const sample& before, const sample& now) {
    std::int64_t most = 0;
    for (const auto& one : now.databases) {
        const auto* earlier = before.find(one.name);
        if (earlier != nullptr) most = std::max(most, one.xid_age - earlier->xid_age);
    }
    return most;
}

/// Counters that began anew, or that went back, say nothing.
std::optional<pace> pace_between(const sample& before, const sample& now, std::string_view name) {
    const auto* a = before.find(name);
    const auto* b = now.find(name);
    if (a == nullptr || b == nullptr) return std::nullopt;
    if (a->reset != b->reset || before.started != now.started) return std::nullopt;
    if (b->commits < a->commits || b->inserted < a->inserted || b->updated < a->updated ||
        b->deleted < a->deleted) {
        return std::nullopt;
    }
    pace made;
    made.seconds = std::chrono::duration<double>(now.server_now() - before.server_now()).count();
    if (made.seconds <= 0) return std::nullopt;
    made.rows = (b->inserted - a->inserted) + (b->updated - a->updated) + (b->deleted - a->deleted);
    // Readers commit as well: who writes changes a row and takes an id.
    made.commits = std::min(b->commits - a->commits, made.rows);
    const auto ids = ids_taken(before, now);
    if (ids > 0) made.commits = std::min(made.commits, ids);
    return made;
}

bool is_per_row(const pace& of, const thresholds& limits) {
    const auto commits = static_cast<double>(of.commits);
    return commits >= static_cast<double>(limits.commit_per_row_commits_per_second) * of.seconds &&
           static_cast<double>(of.rows) * 100 <=
               static_cast<double>(limits.commit_per_row_rows_percent) * commits;
}

bool writes(const session& one, wall_time now) {
    constexpr std::array<std::string_view, 4> verbs{"insert", "update", "delete", "merge"};
    constexpr std::int64_t recent_seconds = 60;
    const auto begin = to_lower(std::string_view(one.query).substr(0, verbs.front().size()));
    return one.query_start && seconds_since(one.query_start, now) <= recent_seconds &&
           std::ranges::any_of(verbs, [&](auto verb) { return begin.starts_with(verb); });
}

/// The sessions that run what most of the writing ones run.
std::vector<const session*> writers(const sample& now, std::string_view database) {
    std::map<std::pair<std::string_view, std::string_view>, std::vector<const session*>> by;
    for (const auto& one : now.sessions) {
        if (one.database != database || !is_client(one) || is_ours(one)) continue;
        if (writes(one, now.server_now())) by[{one.user, one.query}].push_back(&one);
    }
    std::vector<const session*> most;
    for (auto& [of, found] : by) {
        if (found.size() > most.size()) most = std::move(found);
    }
    return most;
}

}  // namespace

/// Wait events do not tell these apart from others, nor does the number of fsyncs, since commits
/// of several sessions share one.
void judge_commits(const server_view& view, const thresholds& limits, findings& into) {
    if (view.before.size() < 2) return;
    const auto& first = *view.before[view.before.size() - 2];
    const auto& second = *view.before.back();
    for (const auto& one : view.now.databases) {
        const auto earlier = pace_between(first, second, one.name);
        const auto later = pace_between(second, view.now, one.name);
        if (!earlier || !later) continue;
        if (!is_per_row(*earlier, limits) || !is_per_row(*later, limits)) continue;
        const auto commits = static_cast<double>(earlier->commits + later->commits);
        const double rows_each = static_cast<double>(earlier->rows + later->rows) / commits;
        const double rate = commits / (earlier->seconds + later->seconds);

        finding made;
        made.rule = "commit_per_row";
        made.database = one.name;
        made.subject = "commits";
        made.severity = severity::warning;
        made.title = "commit per row";
        made.figures_text = fmt::format("{:.2f} rows a commit, {} commits/s", rows_each,
                                        grouped(static_cast<std::int64_t>(rate + 0.5)));
        made.figures = {{"rows_per_commit", rows_each}, {"commits_per_second", rate}};
        const auto who_writes = writers(view.now, one.name);
        if (!who_writes.empty()) {
            constexpr std::size_t line_bytes_max = 70;
            const auto& some = *who_writes.front();
            const auto line = fmt::format(
                "{}, {}: {}", some.user,
                counted(static_cast<std::int64_t>(who_writes.size()), "session"), some.query);
            made.lines.emplace_back(clip_utf8(line, line_bytes_max));
        }
        made.evidence = evidence_of(who_writes, view.now.server_now());
        made.remedy.advice = "batch 500 rows a transaction (in the application)";
        made.since = first.taken;
        into.push_back(std::move(made));
    }
}

}  // namespace tallyfs::health
