#include "health/rule_parts.hpp"

#include <tallyfs/base/readable.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>

namespace tallyfs::health {

namespace {

std::string share_text(std::int64_t part, std::int64_t whole) {
    return fmt::format("{} dead of {} ({})", short_count(part), short_count(whole),
                       percent_text(part, whole));
}

struct wanted_option {
    std::string_view name;
    double value;
};

/// What brings autovacuum earlier and makes it work faster, as far as the table has not got it.
/// At the smallest scope that solves the problem: never for the whole server.
std::string better_options(const table& t, bool inserts, const server_settings& settings) {
    constexpr std::array<wanted_option, 8> wanted{{
        {"autovacuum_vacuum_insert_scale_factor", 0.01},
        {"autovacuum_vacuum_insert_threshold", 10'000},
        {"autovacuum_vacuum_scale_factor", 0.01},
        {"autovacuum_vacuum_threshold", 10'000},
        {"autovacuum_analyze_scale_factor", 0.005},
        {"autovacuum_analyze_threshold", 5'000},
        {"autovacuum_vacuum_cost_delay", 2},
        {"autovacuum_vacuum_cost_limit", 5'000},
    }};
    server_settings own;
    for (const auto& one : t.options) {
        const auto sign = one.find('=');
        if (sign != one.npos) own.emplace(one.substr(0, sign), one.substr(sign + 1));
    }
    constexpr std::size_t for_inserts = 2;
    std::string made;
    for (std::size_t i = inserts ? 0 : for_inserts; i < wanted.size(); ++i) {
        const auto& [name, value] = wanted[i];
        constexpr double unknown = -1;
        if (setting_number(own, name, setting_number(settings, name, unknown)) == value) continue;
        made += fmt::format("{}{}={}", made.empty() ? "" : ",", name, value);
    }
    return made;
}

remedy remedy_for(const table& t, bool inserts, const server_settings& settings) {
    // Below this many rows those thresholds would be higher than the ones that come with the
    // server.
    constexpr double rows_min = 100'000;
    const auto options = better_options(t, inserts, settings);
    if (t.row_estimate < rows_min || options.empty()) {
        return vacuum_of(t, false, "vacuum it, and see why no worker comes: all may be busy");
    }
    return {"bring autovacuum to this table earlier, and let it work faster",
            "pg-table-options",
            {{"table", t.full_name()}, {"options", options}},
            "",
            ""};
}

/// Since when it is due without a vacuum having come, or with one that could do nothing.
struct lateness {
    moment since;
    const xmin_holder* held_by = nullptr;
};

lateness lateness_of(const table& t, const database_case& all, const xmin_holder* holder) {
    const auto last = std::max(t.last_vacuum, t.last_autovacuum);
    if (!t.due_since || !last || *last <= *t.due_since) return {t.due_since};
    if (keeps_rows_of(holder, t)) return {t.due_since, holder};
    // It came in time, and the table is due again: since the snapshot before, for all we know.
    const auto* before = all.view.full_before;
    const bool was_due = before != nullptr && *last <= before->taken;
    return {was_due ? before->taken : all.view.full.taken};
}

/// Why it is late, as far as that can be seen.
std::string cause_of(const table& t, const database_case& all, const lateness& late) {
    if (late.held_by != nullptr) return "held back by " + name_of(*late.held_by);
    const auto& now = all.view.server.now;
    const auto running = std::ranges::find_if(now.vacuums, [&](const running_vacuum& v) {
        return v.database == all.view.full.database && v.table == t.full_name();
    });
    if (running != now.vacuums.end()) {
        return fmt::format("a vacuum of it runs: {}, {} scanned", running->phase,
                           percent_text(running->blocks_scanned, running->blocks_total));
    }
    const auto busy = std::ranges::count(now.sessions, "autovacuum worker", &session::backend_type);
    constexpr double workers_default = 3;
    const auto workers = static_cast<std::int64_t>(
        setting_number(now.settings, "autovacuum_max_workers", workers_default));
    return fmt::format("{} of {} autovacuum workers are busy", busy, workers);
}

finding about(const table& t, const vacuum_terms& terms, const lateness& late, bool inserts,
              const database_case& all) {
    const auto now = all.view.server.now.server_now();
    const auto last = std::max(t.last_vacuum, t.last_autovacuum);
    const auto inserted = t.inserted_since_vacuum.value_or(0);
    const double limit = inserts ? terms.insert_at.value_or(0) : terms.vacuum_at;

    finding made;
    made.rule = inserts ? "insert_vacuum" : "autovacuum_due";
    made.database = all.view.full.database;
    made.subject = t.full_name();
    made.severity = severity::warning;
    made.title = inserts ? "vacuum of new rows late" : "autovacuum late";
    made.figures_text = inserts ? fmt::format("{} rows inserted since", short_count(inserted))
                                : share_text(t.dead_rows, t.dead_rows + t.live_rows);
    made.lines.push_back(fmt::format(
        "triggers at {} {} rows, for {} now", short_count(static_cast<std::int64_t>(limit)),
        inserts ? "new" : "dead", age_text(late.since, all.view.full.taken)));
    made.lines.push_back(last ? "last vacuum " + age_text(last, now) + " ago"
                              : "no vacuum since statistics began");
    made.lines.push_back(cause_of(t, all, late));
    made.figures = {
        {"dead_rows", static_cast<double>(t.dead_rows)},
        {"live_rows", static_cast<double>(t.live_rows)},
        {"threshold_rows", limit},
        {"row_estimate_rows", t.row_estimate},
        {"due_seconds", static_cast<double>(seconds_since(late.since, all.view.full.taken))}};
    if (t.inserted_since_vacuum) {
        made.figures.push_back({"inserted_since_vacuum_rows", static_cast<double>(inserted)});
    }
    made.evidence.columns = {"option"};
    for (const auto& one : t.options) add_row(made.evidence, {one});
    if (late.held_by != nullptr) {
        made.remedy.advice = "first end what holds back vacuum: " + name_of(*late.held_by);
    } else {
        made.remedy = remedy_for(t, inserts, all.view.server.now.settings);
    }
    made.since = late.since.value_or(all.view.full.taken);
    return made;
}

}  // namespace

/// By dead rows, else by inserted ones: one finding a table.
void judge_autovacuum(const database_case& all, findings& into) {
    const auto* holder = long_holder(all);
    const auto allowed = late_after(all);
    std::vector<weighed> by_dead;
    std::vector<weighed> by_inserts;
    for (const auto& [what, terms] : all.tables) {
        const auto& t = *what;
        const bool dead = terms.vacuum_due(t);
        if (!dead && !terms.insert_due(t)) continue;
        // What was inserted a vacuum always counts as done.
        const auto late = lateness_of(t, all, dead ? holder : nullptr);
        if (!late.since || all.view.full.taken - *late.since <= allowed) continue;
        auto made = about(t, terms, late, !dead, all);
        const auto weight = dead ? static_cast<double>(t.dead_rows) - terms.vacuum_at
                                 : static_cast<double>(t.inserted_since_vacuum.value_or(0));
        (dead ? by_dead : by_inserts).push_back({weight, std::move(made)});
    }
    add_worst(into, std::move(by_dead));
    add_worst(into, std::move(by_inserts));
}

void judge_autovacuum_off(const database_case& all, findings& into) {
    std::vector<weighed> found;
    for (const auto& [what, terms] : all.tables) {
        if (terms.enabled || !terms.enabled_from_table) continue;
        const auto& t = *what;
        finding made;
        made.rule = "autovacuum_off";
        made.database = all.view.full.database;
        made.subject = t.full_name();
        made.severity = severity::warning;
        made.title = "autovacuum is off for the table";
        made.figures_text = share_text(t.dead_rows, t.dead_rows + t.live_rows);
        made.lines.push_back(fmt::format("it would come at {} dead rows",
                                         short_count(static_cast<std::int64_t>(terms.vacuum_at))));
        made.figures = {{"dead_rows", static_cast<double>(t.dead_rows)},
                        {"live_rows", static_cast<double>(t.live_rows)},
                        {"threshold_rows", terms.vacuum_at},
                        {"table_bytes", static_cast<double>(t.bytes)}};
        made.remedy = {"switch it on again",
                       "pg-table-options",
                       {{"table", t.full_name()}, {"options", "autovacuum_enabled=true"}},
                       "",
                       ""};
        made.since = all.view.full.taken;
        found.push_back({static_cast<double>(t.dead_rows), std::move(made)});
    }
    add_worst(into, std::move(found));
}

}  // namespace tallyfs::health
