#include "health/rule_parts.hpp"

#include <tallyfs/base/readable.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iterator>

namespace tallyfs::health {

namespace {

/// A request's values have 512 bytes; four of them name some 56 sessions, which is as many as its
/// plan can spell out.
constexpr std::size_t value_bytes_max = 512;
constexpr std::size_t values_max = 4;

}  // namespace

void add_row(evidence& into, std::vector<std::string> row) {
    ++into.rows_total;
    if (into.rows.size() < evidence_rows_max) into.rows.push_back(std::move(row));
}

std::int64_t seconds_since(moment start, wall_time now) {
    if (!start || *start > now) return 0;
    return std::chrono::duration_cast<std::chrono::seconds>(now - *start).count();
}

std::string age_text(moment start, wall_time now) {
    if (!start) return "an unknown time";
    return duration_text(std::chrono::seconds(seconds_since(start, now)));
}

std::string plain(std::int64_t value) {
    return std::to_string(value);
}

std::string plain(const count& value) {
    return value ? std::to_string(*value) : std::string();
}

double percent(std::int64_t part, std::int64_t whole) {
    return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

/// What is hidden from us has no type, but a role.
bool is_client(const session& one) {
    return one.backend_type == "client backend" || (one.backend_type.empty() && !one.user.empty());
}

std::vector<std::string> session_row(const session& one, wall_time now) {
    return {plain(one.pid),
            one.user,
            one.database,
            one.application,
            one.client,
            one.state,
            one.state_change ? plain(seconds_since(one.state_change, now)) : "",
            one.query};
}

evidence evidence_of(std::span<const session* const> sessions, wall_time now) {
    evidence made;
    made.columns.assign(std::begin(session_columns), std::end(session_columns));
    for (const auto* one : sessions) add_row(made, session_row(*one, now));
    return made;
}

remedy termination(std::span<const session* const> sessions, std::string advice) {
    remedy made;
    std::vector<std::string> values;
    std::size_t named = 0;
    std::size_t possible = 0;
    for (const auto* one : sessions) {
        if (!is_client(*one) || !one->backend_start) continue;
        ++possible;
        const auto text = plain(one->pid) + "@" + to_rfc3339(*one->backend_start);
        if (values.empty() || values.back().size() + 1 + text.size() > value_bytes_max) {
            if (values.size() == values_max) continue;
            values.push_back(text);
        } else {
            values.back() += "," + text;
        }
        ++named;
    }
    if (named < possible) {
        advice += fmt::format(" ({} of {} at a time)", named, possible);
    }
    made.advice = std::move(advice);
    if (values.empty()) return made;
    made.kind = "pg-terminate";
    for (std::size_t i = 0; i < values.size(); ++i) {
        made.parameters["sessions" + (i == 0 ? std::string() : std::to_string(i + 1))] = values[i];
    }
    return made;
}

remedy vacuum_of(const table& t, bool freeze, std::string advice) {
    remedy made;
    made.advice = std::move(advice);
    made.kind = "pg-vacuum";
    made.parameters = {{"table", t.full_name()}, {"freeze", freeze ? "yes" : "no"}};
    return made;
}

const xmin_holder* long_holder(const database_case& all) {
    const auto& now = all.view.server.now;
    // A slot or a standby that is in use moves on; one that is left behind does not.
    constexpr std::int64_t stuck_age = 10'000;
    for (const auto& holder : all.holders) {
        if (!holds_back(holder, all.view.full.database)) continue;
        const bool is_old = holder.since ? now.server_now() - *holder.since > late_after(all)
                                         : holder.age >= stuck_age;
        if (is_old) return &holder;
    }
    return nullptr;
}

bool keeps_rows_of(const xmin_holder* holder, const table& t) {
    const auto last = std::max(t.last_vacuum, t.last_autovacuum);
    return holder != nullptr && last && (!holder->since || *holder->since <= *last);
}

std::string name_of(const xmin_holder& holder) {
    auto text = std::string(holder.kind) + " " + holder.name;
    if (holder.session != nullptr) text += " of " + who(*holder.session);
    return text;
}

std::chrono::microseconds late_after(const database_case& all) {
    constexpr double naptime_default_seconds = 60;
    const double naptime =
        setting_number(all.view.server.now.settings, "autovacuum_naptime", naptime_default_seconds);
    const auto naptimes = static_cast<double>(all.limits.autovacuum_late_naptimes);
    return std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::duration<double>(naptime * naptimes));
}

void add_worst(findings& into, std::vector<weighed> found) {
    std::ranges::stable_sort(found, [](const weighed& a, const weighed& b) {
        return std::pair(a.found.severity, a.weight) > std::pair(b.found.severity, b.weight);
    });
    const auto kept = std::min(found.size(), findings_a_rule_max);
    for (std::size_t i = 0; i < kept; ++i) into.push_back(std::move(found[i].found));
    if (kept == found.size()) return;

    const auto& worst = found[kept].found;
    finding rest;
    rest.rule = worst.rule;
    rest.database = worst.database;
    rest.subject = "(others)";
    rest.severity = worst.severity;
    rest.title = worst.title;
    rest.since = worst.since;
    rest.figures_text = fmt::format("{} more, beside the worst {}", found.size() - kept, kept);
    rest.figures = {{"subjects", static_cast<double>(found.size() - kept)}};
    rest.evidence.columns = {"subject", "figures"};
    for (std::size_t i = kept; i < found.size(); ++i) {
        add_row(rest.evidence, {found[i].found.subject, found[i].found.figures_text});
    }
    rest.remedy.advice = "mend the others first";
    into.push_back(std::move(rest));
}

}  // namespace tallyfs::health
