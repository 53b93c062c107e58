#include "health/rule_parts.hpp"

#include <tallyfs/base/readable.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <unordered_map>

namespace tallyfs::health {

namespace {

struct rows_of {
    std::int64_t dead = 0;
    std::int64_t live = 0;

    [[nodiscard]] std::int64_t all() const { return dead + live; }
    [[nodiscard]] double dead_percent() const { return percent(dead, all()); }
    [[nodiscard]] std::string text() const {
        return fmt::format("{} dead of {} ({})", short_count(dead), short_count(all()),
                           percent_text(dead, all()));
    }
};

rows_of rows(const table& t) {
    return {t.dead_rows, t.live_rows};
}

std::optional<severity> severity_of(const rows_of& of, const thresholds& limits) {
    if (of.dead < limits.dead_rows_min || of.all() == 0) return std::nullopt;
    if (of.dead_percent() > static_cast<double>(limits.dead_ratio_critical_percent)) {
        return severity::critical;
    }
    if (of.dead_percent() > static_cast<double>(limits.dead_ratio_warning_percent)) {
        return severity::warning;
    }
    return std::nullopt;
}

finding about(std::string_view rule, const database_case& all, std::string subject) {
    finding made;
    made.rule = rule;
    made.database = all.view.full.database;
    made.subject = std::move(subject);
    made.since = all.view.full.taken;
    return made;
}

std::string vacuumed_text(const table& t, wall_time now) {
    const auto last = std::max(t.last_vacuum, t.last_autovacuum);
    return last ? "last vacuum " + age_text(last, now) + " ago"
                : "no vacuum since statistics began";
}

/// Where something holds these rows back, a vacuum now removes nothing.
remedy vacuum_unless_held(const database_case& all, const table& t,
                          std::vector<std::string>& lines) {
    const auto* holder = long_holder(all);
    if (keeps_rows_of(holder, t)) {
        lines.push_back("held back by " + name_of(*holder));
        remedy made;
        made.advice = "first end what holds back vacuum: " + name_of(*holder);
        return made;
    }
    if (holder != nullptr) lines.push_back("some may be held back by " + name_of(*holder));
    return vacuum_of(t, false, "vacuum it; then lower its thresholds if autovacuum is late");
}

evidence evidence_of_tables(std::span<const table* const> tables) {
    evidence made;
    made.columns = {"table", "dead_rows", "live_rows", "dead_percent", "table_bytes"};
    for (const auto* t : tables) {
        add_row(made, {t->full_name(), plain(t->dead_rows), plain(t->live_rows),
                       fmt::format("{:.2f}", rows(*t).dead_percent()), plain(t->bytes)});
    }
    return made;
}

void add_partitioned(const std::string& root, std::vector<const table*> children,
                     const database_case& all, std::vector<weighed>& found) {
    rows_of sum;
    for (const auto* child : children) {
        sum.dead += child->dead_rows;
        sum.live += child->live_rows;
    }
    // The worst is the one that would fire by itself, then the one with the largest share.
    std::ranges::stable_sort(children, [&](const table* a, const table* b) {
        const auto rank = [&](const table* t) {
            return std::pair(severity_of(rows(*t), all.limits), rows(*t).dead_percent());
        };
        return rank(a) > rank(b);
    });
    const auto& worst = *children.front();
    const auto how_bad =
        std::max(severity_of(sum, all.limits), severity_of(rows(worst), all.limits));
    if (!how_bad) return;

    auto made = about("partitions", all, root);
    made.severity = *how_bad;
    made.title = "dead rows in partitions";
    made.figures_text = sum.text();
    made.lines.push_back("worst: " + worst.full_name() + ", " + rows(worst).text());
    made.lines.push_back("autovacuum never analyzes the parent itself");
    made.figures = {{"dead_rows", static_cast<double>(sum.dead)},
                    {"live_rows", static_cast<double>(sum.live)},
                    {"dead_percent", sum.dead_percent()},
                    {"partitions", static_cast<double>(children.size())},
                    {"worst_dead_rows", static_cast<double>(worst.dead_rows)},
                    {"worst_dead_percent", rows(worst).dead_percent()}};
    made.evidence = evidence_of_tables(children);
    made.remedy = vacuum_unless_held(all, worst, made.lines);
    found.push_back({static_cast<double>(sum.dead), std::move(made)});
}

}  // namespace

/// Partitions are judged together.
void judge_dead_rows(const database_case& all, findings& into) {
    std::vector<weighed> found;
    for (const auto& [what, terms] : all.tables) {
        const auto& t = *what;
        const auto how_bad = severity_of(rows(t), all.limits);
        if (!how_bad || !t.root.empty()) continue;
        auto made = about("dead_ratio", all, t.full_name());
        made.severity = *how_bad;
        made.title = "dead rows";
        made.figures_text = rows(t).text();
        made.lines.push_back(vacuumed_text(t, all.view.server.now.server_now()));
        made.figures = {{"dead_rows", static_cast<double>(t.dead_rows)},
                        {"live_rows", static_cast<double>(t.live_rows)},
                        {"dead_percent", rows(t).dead_percent()},
                        {"table_bytes", static_cast<double>(t.bytes)}};
        const table* const only[] = {&t};
        made.evidence = evidence_of_tables(only);
        made.remedy = vacuum_unless_held(all, t, made.lines);
        found.push_back({static_cast<double>(t.dead_rows), std::move(made)});
    }
    add_worst(into, std::move(found));
}

void judge_partitions(const database_case& all, findings& into) {
    std::map<std::string_view, std::vector<const table*>> by_root;
    for (const auto& [what, terms] : all.tables) {
        if (!what->root.empty()) by_root[what->root].push_back(what);
    }
    std::vector<weighed> found;
    for (auto& [root, children] : by_root) {
        add_partitioned(std::string(root), std::move(children), all, found);
    }
    add_worst(into, std::move(found));
}

/// From one snapshot to the next: since the statistics began says little of today.
void judge_churn(const database_case& all, findings& into) {
    const auto* before = all.view.full_before;
    if (before == nullptr || before->taken >= all.view.full.taken) return;
    const auto& server = all.view.server.now;
    const auto* counters = server.find(all.view.full.database);
    if (counters != nullptr && counters->reset && *counters->reset > before->taken) return;
    const double hours =
        std::chrono::duration<double, std::ratio<3600>>(all.view.full.taken - before->taken)
            .count();
    std::unordered_map<std::uint32_t, const table*> earlier;
    for (const auto& t : before->tables) earlier.emplace(t.oid, &t);

    std::vector<weighed> found;
    for (const auto& [what, terms] : all.tables) {
        const auto& t = *what;
        const auto at = earlier.find(t.oid);
        if (at == earlier.end()) continue;
        const auto updated = t.updated - at->second->updated;
        const auto deleted = t.deleted - at->second->deleted;
        const auto hot = t.updated_hot - at->second->updated_hot;
        if (updated < 0 || deleted < 0 || hot < 0) continue;
        const auto changed = updated + deleted;
        if (changed < all.limits.dead_rows_min || changed == 0) continue;
        const auto live = std::max<std::int64_t>(t.live_rows, 1);
        const double rate = percent(changed, live) / hours;
        if (rate <= static_cast<double>(all.limits.churn_percent_per_hour)) continue;

        auto made = about("churn", all, t.full_name());
        made.title = "rows change all the time";
        made.figures_text =
            fmt::format("{} of {} rows in {}", short_count(changed), short_count(t.live_rows),
                        duration_text(all.view.full.taken - before->taken));
        made.lines.push_back(fmt::format("{:.0f}% an hour; {} of the updates in place (HOT)", rate,
                                         percent_text(hot, updated)));
        made.figures = {{"churn_percent_per_hour", rate},
                        {"updated_rows", static_cast<double>(updated)},
                        {"deleted_rows", static_cast<double>(deleted)},
                        {"hot_percent", percent(hot, updated)},
                        {"churn_percent_since_reset", percent(t.updated + t.deleted, live)}};
        made.remedy.advice =
            "leave room for HOT updates (fillfactor 80 to 90), index less, or batch changes";
        found.push_back({rate, std::move(made)});
    }
    add_worst(into, std::move(found));
}

}  // namespace tallyfs::health
