#include "health/hypotheses.hpp"

#include <tallyfs/base/readable.hpp>
#include <tallyfs/base/text.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace tallyfs::health {

namespace {

constexpr std::size_t ruled_out_columns = columns_max - std::string_view("RULED OUT    ").size();

/// Text of a cell: names and queries can hold what ends one, or begins a tag or a link.
std::string cell(std::string_view text) {
    std::string made;
    for (const char c : text) {
        const auto value = static_cast<unsigned char>(c);
        if (std::string_view("\\|`[<").find(c) != std::string_view::npos) made += '\\';
        made += value < 0x20 || value == 0x7f ? ' ' : c;
    }
    return made;
}

std::string moment_text(wall_time time) {
    const auto local = zone::local(time);
    return fmt::format("{} {:02}:{:02} {}", day_text(local.date), local.hour, local.minute,
                       local.abbreviation);
}

std::string rests_on_now(const diagnosis_inputs& inputs) {
    std::string text = inputs.sample == nullptr
                           ? std::string("Nobody has looked at the server since the start.")
                           : "Sampled " + moment_text(inputs.sample->taken) + ".";
    if (inputs.figures.counters) {
        text += fmt::format(
            " Rates are of {} from {} on.",
            duration_text(std::chrono::seconds(inputs.figures.counters->covered_seconds)),
            clock_text(inputs.figures.minute));
    }
    text += inputs.full == nullptr ? " There is no full snapshot yet."
                                   : " Full snapshot " + clock_text(inputs.full->taken) + ".";
    return text;
}

std::string rests_on_past(const diagnosis_inputs& inputs) {
    const auto asked = moment_text(inputs.asked);
    const auto& past = *inputs.past;
    if (!past.figures) {
        return asked +
               ": nothing is kept of this minute. Nobody looked at the database then, or "
               "the day was deleted (control/retention_health_days).";
    }
    if (past.quiet) return asked + ": nothing happened in this minute.";
    auto text = past.figures->minute == inputs.asked
                    ? asked + ": what history/ holds of this minute."
                    : asked +
                          " was asked for. Of this minute nothing is kept; the figures are of " +
                          moment_text(past.figures->minute) + ".";
    return text + " Sessions, locks and settings of a past minute are not kept one by one.";
}

std::string confirmed_text(const std::vector<hypothesis>& all) {
    std::string text;
    for (const auto& one : all) {
        if (one.verdict != verdict::confirmed) continue;
        text += (text.empty() ? "" : "; ") + one.text;
    }
    return text.empty() ? "Nothing is confirmed." : "Confirmed: " + text + ".";
}

std::string table_of(const std::vector<hypothesis>& all) {
    std::string text = "| symptom | hypothesis | verdict | proof |\n|---|---|---|---|\n";
    for (const auto& one : all) {
        const bool confirmed = one.verdict == verdict::confirmed;
        const std::string mark = confirmed ? "**" : "";
        text += fmt::format("| {} | {} | {}{}{} | {} |\n", one.symptom, cell(one.text), mark,
                            to_string(one.verdict), mark, cell(one.proof));
    }
    return text;
}

/// What can only be said of the whole day.
std::string day_of(const past_minute& past) {
    std::string text;
    if (!past.tables.empty()) {
        text +=
            "\n## Tables of that day\n\n"
            "| table | rows changed | dead rows at most | vacuums |\n|---|---|---|---|\n";
    }
    for (const auto& one : past.tables) {
        text += fmt::format("| {}.{} | {} | {} | {} |\n", cell(one.schema), cell(one.name),
                            short_count(one.changed_today()), short_count(one.dead_rows_max),
                            one.vacuums_today + one.autovacuums_today);
    }
    if (!past.statements.empty()) {
        text +=
            "\n## Statements of that day\n\n"
            "| statement | calls | time |\n|---|---|---|\n";
    }
    for (const auto& one : past.statements) {
        const auto time = std::chrono::microseconds(static_cast<std::int64_t>(one.total_ms * 1000));
        text += fmt::format("| {} | {} | {} |\n", cell(one.query), short_count(one.calls),
                            duration_text(time));
    }
    return text;
}

std::string missing_text(const diagnosis_inputs& inputs) {
    std::string text;
    const auto add = [&text](const std::vector<std::string>& missing) {
        for (const auto& one : missing) text += "- " + cell(one) + "\n";
    };
    if (inputs.sample != nullptr) add(inputs.sample->missing);
    if (inputs.full != nullptr) add(inputs.full->missing);
    return text.empty() ? "" : "\n## Hidden from us\n\n" + text;
}

}  // namespace

std::string_view to_string(verdict value) noexcept {
    switch (value) {
        case verdict::confirmed:
            return "confirmed";
        case verdict::ruled_out:
            return "ruled out";
        case verdict::unknown:
            break;
    }
    return "unknown";
}

std::string why_missing(const diagnosis_inputs& inputs) {
    if (inputs.past != nullptr) return "not kept";
    return inputs.sample == nullptr ? "not looked at yet" : "not known yet, or hidden from us";
}

std::string decimal(double value) {
    return fmt::format("{:.1f}", value);
}

const finding* standing(const diagnosis_inputs& inputs,
                        std::initializer_list<std::string_view> rules) {
    if (inputs.findings == nullptr) return nullptr;
    for (const auto& one : *inputs.findings) {
        const auto& found = one.finding;
        const bool of_this = found.database.empty() || found.database == inputs.database;
        if (of_this && std::ranges::find(rules, found.rule) != rules.end()) return &found;
    }
    return nullptr;
}

void symptom::add(std::string text, verdict judged, std::string proof,
                  std::initializer_list<std::string_view> rules) {
    if (const auto* const found = standing(inputs_, rules)) {
        judged = verdict::confirmed;
        proof = found->subject + ": " + found->figures_text;
    }
    into_.push_back({name_, std::move(text), judged, std::move(proof)});
}

void symptom::judge(std::string text, bool holds, std::string proof,
                    std::initializer_list<std::string_view> rules) {
    add(std::move(text), holds ? verdict::confirmed : verdict::ruled_out, std::move(proof), rules);
}

void symptom::unknown(std::string text, std::string why,
                      std::initializer_list<std::string_view> rules) {
    add(std::move(text), verdict::unknown, std::move(why), rules);
}

diagnosis_inputs inputs_now(const watched_server& server, const watched_database& database,
                            const std::optional<activity>& recent, const thresholds& limits) {
    diagnosis_inputs made;
    made.place = database.what.path();
    made.database = database.what.database;
    made.limits = limits;
    made.sample = server.sample.get();
    made.full = database.full.get();
    made.findings = &server.findings;
    if (made.sample != nullptr) {
        made.figures = look_at(*made.sample, xmin_holders(*made.sample), made.database);
    }
    made.figures.active = active_in(server.waits, made.database);
    if (recent) {
        made.figures.minute = recent->minute;
        made.figures.counters = recent->counters;
    }
    if (made.full != nullptr) put_in(made.figures, *made.full);
    return made;
}

diagnosis_inputs inputs_past(const cluster_id& server, const std::string& database, wall_time asked,
                             const past_minute& past, const thresholds& limits) {
    diagnosis_inputs made;
    made.place = server.path() + "/" + database;
    made.database = database;
    made.limits = limits;
    made.past = &past;
    made.asked = std::chrono::floor<std::chrono::minutes>(asked);
    if (past.figures) made.figures = *past.figures;
    return made;
}

std::vector<hypothesis> hypotheses(const diagnosis_inputs& inputs) {
    std::vector<hypothesis> all;
    load_hypotheses(inputs, all);
    bloat_hypotheses(inputs, all);
    write_hypotheses(inputs, all);
    server_hypotheses(inputs, all);
    return all;
}

std::string diagnosis(const diagnosis_inputs& inputs) {
    const auto all = hypotheses(inputs);
    std::string text = "# " + cell(inputs.place) + ": diagnosis\n\n";
    text += inputs.past != nullptr ? rests_on_past(inputs) : rests_on_now(inputs);
    text += "\n\n" + confirmed_text(all) + "\n\n" + table_of(all);
    text += inputs.past != nullptr ? day_of(*inputs.past) : missing_text(inputs);
    return text;
}

std::string ruled_out(const diagnosis_inputs& inputs) {
    const auto all = hypotheses(inputs);
    const auto is_ruled_out = [&all](std::string_view text) {
        const auto at = std::ranges::find(all, text, &hypothesis::text);
        return at != all.end() && at->verdict == verdict::ruled_out;
    };
    const auto& figures = inputs.figures;
    std::string line;
    const auto add = [&](std::string_view hypothesis, const std::string& words) {
        if (!is_ruled_out(hypothesis)) return;
        const auto more = (line.empty() ? "" : ", ") + words;
        if (line.size() + more.size() <= ruled_out_columns) line += more;
    };
    add(hypothesis_text::locks,
        fmt::format("locks ({} waiting)", grouped(figures.waiting_sessions.value_or(0))));
    add(hypothesis_text::xmin,
        fmt::format("xmin (oldest {} tx)", grouped(figures.oldest_xmin_age.value_or(0))));
    add(hypothesis_text::wraparound,
        fmt::format("wraparound ({:.0f}%)", figures.wraparound_percent.value_or(0)));
    add(hypothesis_text::connections,
        fmt::format("connections ({})", grouped(figures.server_connections.value_or(0))));
    add(hypothesis_text::dead_rows,
        fmt::format("dead rows ({})", short_count(figures.dead_rows.value_or(0))));
    return line;
}

}  // namespace tallyfs::health
