// tables.csv of a database.
#include "health/csv.hpp"

#include <tallyfs/health/autovacuum.hpp>
#include <tallyfs/health/report.hpp>

#include <spdlog/fmt/fmt.h>

#include <cmath>

namespace tallyfs::health {

namespace {

using rows_left = std::optional<std::int64_t>;

/// How much has to come on top until `at` is passed: autovacuum comes at more than it.
rows_left left_until(double at, std::int64_t have) {
    return std::max<std::int64_t>(static_cast<std::int64_t>(std::floor(at)) + 1 - have, 0);
}

const char* from(const threshold_setting& one) {
    return one.from_table ? "table" : "server";
}

/// What a table was before, and what became of it each hour since.
struct trend {
    std::optional<std::int64_t> dead_rows, live_rows, bytes;  ///< now less than then
    std::optional<double> changed_per_hour;                   ///< rows updated or deleted
    std::optional<std::int64_t> seconds_until_vacuum;  ///< if dead rows go on to come like that
};

trend trend_of(const table& now, const table* before, double hours, const vacuum_terms& terms) {
    if (before == nullptr || hours <= 0) return {};
    trend made{now.dead_rows - before->dead_rows, now.live_rows - before->live_rows,
               now.bytes - before->bytes, std::nullopt, std::nullopt};
    const auto changed = now.updated + now.deleted - before->updated - before->deleted;
    if (changed >= 0) made.changed_per_hour = std::round(static_cast<double>(changed) / hours);
    const auto left = left_until(terms.vacuum_at, now.dead_rows);
    if (*made.dead_rows > 0 && terms.enabled) {
        const double per_second = static_cast<double>(*made.dead_rows) / (hours * 3600);
        made.seconds_until_vacuum =
            static_cast<std::int64_t>(static_cast<double>(*left) / per_second);
    }
    return made;
}

/// What brings autovacuum, in words.
std::string due_text(const table& t, const vacuum_terms& terms) {
    std::string text;
    const auto add = [&text](bool is_so, std::string_view why) {
        if (is_so) text.append(text.empty() ? "" : " + ").append(why);
    };
    add(terms.freeze_due(t), "freeze");
    add(terms.vacuum_due(t), "dead rows");
    add(terms.insert_due(t), "inserted rows");
    add(terms.analyze_due(t), "analyze");
    return text;
}

/// What a row is sorted by: what is due now, then how much of the way is gone.
struct place {
    const table* what;
    vacuum_terms terms;
    bool due;
    double gone;
};

std::vector<place> places_of(const snapshot& full, const server_settings& settings) {
    std::vector<place> all;
    all.reserve(full.tables.size());
    for (const auto& one : full.tables) {
        auto terms = terms_of(one, settings);
        const bool due = terms.freeze_due(one) || terms.vacuum_due(one) || terms.insert_due(one);
        const double gone = static_cast<double>(one.dead_rows) / (terms.vacuum_at + 1);
        all.push_back({&one, std::move(terms), due, gone});
    }
    std::ranges::stable_sort(all, std::greater{},
                             [](const place& one) { return std::pair(one.due, one.gone); });
    return all;
}

std::string options_text(const table& t) {
    std::string text;
    for (const auto& option : t.options) text += (text.empty() ? "" : " ") + option;
    return text;
}

std::optional<std::string> dead_percent(const table& t) {
    const auto all = t.live_rows + t.dead_rows;
    if (all <= 0) return std::nullopt;
    return fmt::format("{:.2f}",
                       100.0 * static_cast<double>(t.dead_rows) / static_cast<double>(all));
}

void add_row(csv& lines, const place& one, const trend& since) {
    const auto& t = *one.what;
    const auto& terms = one.terms;
    lines.row(
        t.full_name(), t.root, t.bytes, t.row_estimate, t.live_rows, t.dead_rows, dead_percent(t),
        due_text(t, terms), t.due_since, terms.enabled,
        terms.enabled_from_table ? "table" : "server",
        // dead rows
        std::floor(terms.vacuum_at), terms.vacuum_threshold.value, from(terms.vacuum_threshold),
        terms.vacuum_scale_factor.value, from(terms.vacuum_scale_factor),
        left_until(terms.vacuum_at, t.dead_rows), since.seconds_until_vacuum,
        // inserted rows
        terms.insert_at ? std::optional(std::floor(*terms.insert_at)) : std::nullopt,
        terms.insert_threshold.value, from(terms.insert_threshold), terms.insert_scale_factor.value,
        from(terms.insert_scale_factor), t.inserted_since_vacuum,
        terms.insert_at && t.inserted_since_vacuum
            ? left_until(*terms.insert_at, *t.inserted_since_vacuum)
            : std::nullopt,
        // analyze
        std::floor(terms.analyze_at), terms.analyze_threshold.value, from(terms.analyze_threshold),
        terms.analyze_scale_factor.value, from(terms.analyze_scale_factor), t.changed_since_analyze,
        left_until(terms.analyze_at, t.changed_since_analyze),
        // freeze
        terms.freeze_age_max.value, from(terms.freeze_age_max), t.xid_age, t.toast_xid_age,
        terms.mxid_freeze_age_max.value, from(terms.mxid_freeze_age_max), t.mxid_age,
        // when, and how it goes
        t.last_vacuum, t.last_autovacuum, t.last_analyze, t.last_autoanalyze, since.dead_rows,
        since.live_rows, since.bytes, since.changed_per_hour, t.inserted, t.updated, t.deleted,
        t.updated_hot, t.sequential_scans, t.index_scans, options_text(t));
}

constexpr std::string_view header =
    "table,partition_of,bytes,estimated_rows,live_rows,dead_rows,dead_percent,due_by,"
    "due_since_utc,autovacuum_enabled,autovacuum_enabled_from,"
    "vacuum_at_dead_rows,vacuum_threshold_rows,vacuum_threshold_from,vacuum_scale_factor,"
    "vacuum_scale_factor_from,dead_rows_left,seconds_left_at_trend,"
    "vacuum_at_inserted_rows,insert_threshold_rows,insert_threshold_from,insert_scale_factor,"
    "insert_scale_factor_from,inserted_since_vacuum_rows,inserted_rows_left,"
    "analyze_at_changed_rows,analyze_threshold_rows,analyze_threshold_from,"
    "analyze_scale_factor,analyze_scale_factor_from,changed_since_analyze_rows,"
    "changed_rows_left,"
    "freeze_at_transactions,freeze_from,xid_age_transactions,toast_xid_age_transactions,"
    "freeze_at_multixacts,multixact_freeze_from,mxid_age_multixacts,"
    "last_vacuum_utc,last_autovacuum_utc,last_analyze_utc,last_autoanalyze_utc,"
    "trend_dead_rows,trend_live_rows,trend_bytes,trend_changed_rows_per_hour,"
    "inserted_rows,updated_rows,deleted_rows,hot_updated_rows,sequential_scans,index_scans,"
    "options";

}  // namespace

std::string tables_csv(const watched_server& server, const watched_database& one) {
    csv lines(header);
    if (one.full == nullptr) return std::move(lines).text();
    std::map<std::uint32_t, const table*> before;
    double hours = 0;
    if (one.full_before != nullptr) {
        for (const auto& t : one.full_before->tables) before[t.oid] = &t;
        hours = std::chrono::duration<double, std::ratio<3600>>(one.full->taken -
                                                                one.full_before->taken)
                    .count();
    }
    const auto settings = server.sample != nullptr ? server.sample->settings : server_settings{};
    for (const auto& shown : places_of(*one.full, settings)) {
        const auto then = before.find(shown.what->oid);
        add_row(lines, shown,
                trend_of(*shown.what, then == before.end() ? nullptr : then->second, hours,
                         shown.terms));
    }
    return std::move(lines).text();
}

}  // namespace tallyfs::health
