#include "health/hypotheses.hpp"
#include "health/rule_parts.hpp"

#include <tallyfs/base/readable.hpp>
#include <tallyfs/base/text.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace tallyfs::health {

namespace {

// Below, the share of updates that are HOT says nothing; half is few for any table.
constexpr std::int64_t updates_counted = 10'000;
constexpr double hot_share_min = 0.5;

void judge_dead_rows(symptom& of, const diagnosis_inputs& inputs) {
    const std::string text(hypothesis_text::dead_rows);
    const auto rules = {std::string_view("dead_ratio"), std::string_view("partitions")};
    const auto& limits = inputs.limits;
    const auto warning = static_cast<double>(limits.dead_ratio_warning_percent);
    if (inputs.full != nullptr) {
        const table* worst = nullptr;
        const auto rows = [](const table& one) { return one.live_rows + one.dead_rows; };
        for (const auto& one : inputs.full->tables) {
            if (one.dead_rows < limits.dead_rows_min) continue;
            if (worst == nullptr ||
                percent(one.dead_rows, rows(one)) > percent(worst->dead_rows, rows(*worst))) {
                worst = &one;
            }
        }
        const auto many = static_cast<std::int64_t>(inputs.full->tables.size());
        if (worst == nullptr) {
            return of.judge(text, false,
                            fmt::format("none of {} has {}", counted(many, "table"),
                                        short_count(limits.dead_rows_min)),
                            rules);
        }
        const auto dead = percent(worst->dead_rows, rows(*worst));
        return of.judge(
            text, dead > warning,
            fmt::format("worst of {}: {}, {} dead of {} ({})", counted(many, "table"),
                        worst->full_name(), short_count(worst->dead_rows),
                        short_count(rows(*worst)), percent_text(worst->dead_rows, rows(*worst))),
            rules);
    }
    const auto& figures = inputs.figures;
    if (!figures.dead_percent_max) return of.unknown(text, why_missing(inputs), rules);
    of.judge(text, *figures.dead_percent_max > warning,
             fmt::format("worst table {}%, {} dead in all", decimal(*figures.dead_percent_max),
                         short_count(figures.dead_rows.value_or(0))),
             rules);
}

void judge_due(symptom& of, const diagnosis_inputs& inputs) {
    const std::string text = "autovacuum comes late";
    const auto rules = {std::string_view("autovacuum_due"), std::string_view("insert_vacuum")};
    const auto due = inputs.figures.tables_due;
    if (!due) return of.unknown(text, why_missing(inputs), rules);
    const auto over = counted(*due, "table") + " over the threshold";
    if (*due == 0) return of.judge(text, false, over, rules);
    if (inputs.full == nullptr || inputs.sample == nullptr) {
        return of.unknown(text, over + "; since when is not kept", rules);
    }
    std::chrono::microseconds longest{};
    for (const auto& one : inputs.full->tables) {
        if (one.due_since) longest = std::max(longest, inputs.full->taken - *one.due_since);
    }
    constexpr double stock_naptime_seconds = 60;
    const std::chrono::duration<double> naptime(
        setting_number(inputs.sample->settings, "autovacuum_naptime", stock_naptime_seconds));
    of.judge(text, longest > inputs.limits.autovacuum_late_naptimes * naptime,
             over + ", for " + duration_text(longest), rules);
}

void judge_off(symptom& of, const diagnosis_inputs& inputs) {
    const std::string text = "autovacuum is switched off";
    if (inputs.full == nullptr || inputs.sample == nullptr) {
        return of.unknown(text, why_missing(inputs), {"autovacuum_off"});
    }
    const auto& settings = inputs.sample->settings;
    if (settings.empty()) {
        return of.unknown(text, "the server's settings are hidden", {"autovacuum_off"});
    }
    if (!terms_of(table{}, settings).enabled) {
        return of.judge(text, true, "off on the server", {"autovacuum_off"});
    }
    const auto off = std::ranges::count_if(inputs.full->tables, [&settings](const table& one) {
        return !terms_of(one, settings).enabled;
    });
    of.judge(text, off > 0, "off for " + counted(off, "table"), {"autovacuum_off"});
}

void judge_idle(symptom& of, const diagnosis_inputs& inputs) {
    const std::string text = "zombie sessions block vacuum";
    const auto& figures = inputs.figures;
    if (!figures.idle_in_transaction || !figures.idle_holding) {
        return of.unknown(text, why_missing(inputs));
    }
    const auto all = *figures.idle_in_transaction;
    const auto holding = *figures.idle_holding;
    if (all == 0) return of.judge(text, false, "0 idle in transaction");
    // Who holds little now, but has long done so, holds ever more.
    const auto* const found = standing(inputs, {"idle_in_transaction"});
    if (found != nullptr && found->severity > severity::info) {
        return of.judge(text, true, fmt::format("{} of {} hold an xmin", holding, all));
    }
    if (holding == 0) {
        return of.judge(text, false, fmt::format("backend_xmin NULL on all {}", grouped(all)));
    }
    if (!figures.oldest_xmin_age) {
        return of.unknown(text,
                          fmt::format("{} of {} hold an xmin; its age is hidden", holding, all));
    }
    const bool by_session = figures.oldest_xmin_holder == "session";
    const bool old = *figures.oldest_xmin_age >= inputs.limits.xmin_age_warning;
    if (old && !by_session) {
        return of.unknown(text, fmt::format("{} of {} hold an xmin; a {} holds the oldest", holding,
                                            all, figures.oldest_xmin_holder));
    }
    of.judge(text, old,
             fmt::format("{} of {} hold an xmin, {} tx at most", holding, all,
                         grouped(*figures.oldest_xmin_age)));
}

void judge_xmin(symptom& of, const diagnosis_inputs& inputs) {
    const std::string text(hypothesis_text::xmin);
    const auto& figures = inputs.figures;
    if (!figures.oldest_xmin_age) return of.unknown(text, why_missing(inputs), {"xmin_holder"});
    of.judge(text, *figures.oldest_xmin_age >= inputs.limits.xmin_age_warning,
             *figures.oldest_xmin_age == 0
                 ? "nobody holds an xmin"
                 : fmt::format("oldest {} tx ({})", grouped(*figures.oldest_xmin_age),
                               figures.oldest_xmin_holder),
             {"xmin_holder"});
}

void judge_hot(symptom& of, const diagnosis_inputs& inputs) {
    const std::string text = "updates are not HOT: indexes, fillfactor";
    if (inputs.full == nullptr) return of.unknown(text, why_missing(inputs));
    const table* most = nullptr;  // the one that leaves most behind in its indexes
    for (const auto& one : inputs.full->tables) {
        if (one.updated < updates_counted) continue;
        if (most == nullptr || one.updated - one.updated_hot > most->updated - most->updated_hot) {
            most = &one;
        }
    }
    if (most == nullptr) {
        return of.judge(text, false, "no table with " + short_count(updates_counted) + " updates");
    }
    const double hot = percent(most->updated_hot, most->updated);
    of.judge(text, hot < 100 * hot_share_min,
             fmt::format("{}: {:.0f}% of {} updates are", most->full_name(), hot,
                         short_count(most->updated)));
}

}  // namespace

void bloat_hypotheses(const diagnosis_inputs& inputs, std::vector<hypothesis>& into) {
    symptom of("bloat", inputs, into);
    judge_dead_rows(of, inputs);
    judge_due(of, inputs);
    judge_off(of, inputs);
    judge_idle(of, inputs);
    judge_xmin(of, inputs);
    judge_hot(of, inputs);
}

}  // namespace tallyfs::health
