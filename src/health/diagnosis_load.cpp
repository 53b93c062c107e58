#include "health/hypotheses.hpp"

#include <tallyfs/base/readable.hpp>
#include <tallyfs/base/text.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace tallyfs::health {

namespace {

// A group of sessions is the cause where it is at least this many on average, and this share.
constexpr double sessions_min = 0.5;
constexpr double share_min = 0.2;
constexpr double processor_sessions_min = 1;
constexpr double processor_share_min = 0.5;
constexpr double blocks_read_per_second_min = 100;
constexpr double hit_share_min = 0.9;
constexpr double spilled_bytes_per_second_min = 1'000'000;
constexpr double statement_share_min = 0.5;
constexpr std::size_t statement_text_bytes = 60;

struct share {
    double part = 0;
    double all = 0;
    [[nodiscard]] bool is_at_least(double sessions, double of_all) const {
        return part >= sessions && part >= of_all * all;
    }
};

void judge_share(symptom& of, const diagnosis_inputs& inputs, std::string text, wait_group group,
                 std::string_view name) {
    if (!inputs.figures.active) return of.unknown(std::move(text), why_missing(inputs));
    const share found{inputs.figures.active->of(group), inputs.figures.active->all()};
    const bool processor = group == wait_group::cpu;
    of.judge(
        std::move(text),
        processor ? found.is_at_least(processor_sessions_min, processor_share_min)
                  : found.is_at_least(sessions_min, share_min),
        fmt::format("{} {} of {} active sessions", name, decimal(found.part), decimal(found.all)));
}

/// What took most time, of all that is known: since the snapshot before, else since statistics
/// began, or on a day.
struct costly {
    std::string query;
    double ms = 0;
    double all_ms = 0;
    std::string_view since;
};

costly costliest(const snapshot& full, const snapshot* before) {
    costly most{"", 0, 0, before != nullptr ? "since the snapshot before" : "since the last reset"};
    for (const auto& one : full.statements) {
        double ms = one.total_ms;
        if (before != nullptr) {
            const auto same = std::ranges::find_if(before->statements, [&one](const statement& b) {
                return b.id == one.id && b.user == one.user;
            });
            if (same != before->statements.end() && same->total_ms <= ms) ms -= same->total_ms;
        }
        most.all_ms += ms;
        if (ms <= most.ms) continue;
        most.ms = ms;
        most.query = one.query;
    }
    return most;
}

costly costliest(const past_minute& past) {
    costly most{"", 0, 0, "that day"};
    for (const auto& one : past.statements) {
        most.all_ms += one.total_ms;
        if (one.total_ms <= most.ms) continue;
        most.ms = one.total_ms;
        most.query = one.query;
    }
    return most;
}

void judge_statement(symptom& of, const diagnosis_inputs& inputs) {
    const std::string text = "one statement takes most of the time";
    costly most;
    if (inputs.past != nullptr) {
        most = costliest(*inputs.past);
    } else if (inputs.full != nullptr) {
        const bool comparable =
            inputs.full_before != nullptr && !inputs.full_before->statements.empty();
        most = costliest(*inputs.full, comparable ? inputs.full_before : nullptr);
    }
    if (most.all_ms <= 0) return of.unknown(text, "no times from pg_stat_statements");
    of.judge(text, most.ms >= statement_share_min * most.all_ms,
             fmt::format("{:.0f}% {}: {}", 100 * most.ms / most.all_ms, most.since,
                         clip_utf8(most.query, statement_text_bytes)));
}

void judge_reads(symptom& of, const diagnosis_inputs& inputs) {
    const std::string misses = "what is read is not in the buffers";
    const std::string spills = "sorts and hashes spill to disk";
    const auto& counted = inputs.figures.counters;
    if (!counted || counted->covered_seconds <= 0) {
        of.unknown(misses, why_missing(inputs));
        of.unknown(spills, why_missing(inputs));
        return;
    }
    const auto seconds = static_cast<double>(counted->covered_seconds);
    const auto read = static_cast<double>(counted->blocks_read);
    const auto all = read + static_cast<double>(counted->blocks_hit);
    const double hit = all > 0 ? 1 - read / all : 1;
    of.judge(misses, read / seconds >= blocks_read_per_second_min && hit < hit_share_min,
             fmt::format("{:.1f}% hits, {} blocks read/s", 100 * hit,
                         grouped(static_cast<std::int64_t>(read / seconds))));
    const auto spilled = static_cast<double>(counted->temporary_bytes) / seconds;
    of.judge(spills, spilled >= spilled_bytes_per_second_min,
             bytes_text(static_cast<std::uint64_t>(spilled)) + "/s of temporary files");
}

void judge_vacuums(symptom& of, const diagnosis_inputs& inputs) {
    const std::string text = "a vacuum runs";
    if (inputs.sample == nullptr) return of.unknown(text, why_missing(inputs));
    std::string running;
    for (const auto& one : inputs.sample->vacuums) {
        if (one.database != inputs.database) continue;
        running += (running.empty() ? "" : "; ") + one.table + ", " + one.phase;
    }
    of.judge(text, !running.empty(), running.empty() ? "0 running" : running);
}

/// Who changes a row commits a transaction that wrote; readers commit as well.
void judge_commits(symptom& of, const diagnosis_inputs& inputs) {
    const std::string text = "each row is a commit of its own";
    const auto& counted = inputs.figures.counters;
    if (!counted || counted->covered_seconds <= 0) {
        return of.unknown(text, why_missing(inputs), {"commit_per_row"});
    }
    const auto commits = counted->writing_commits();
    if (commits == 0) return of.judge(text, false, "0 rows changed", {"commit_per_row"});
    const auto rate = static_cast<double>(commits) / static_cast<double>(counted->covered_seconds);
    const auto rows = static_cast<double>(counted->changed()) / static_cast<double>(commits);
    const bool often = rate >= static_cast<double>(inputs.limits.commit_per_row_commits_per_second);
    const bool single =
        100 * rows <= static_cast<double>(inputs.limits.commit_per_row_rows_percent);
    const auto proof = fmt::format("{:.2f} rows a commit at {}/s", rows,
                                   grouped(static_cast<std::int64_t>(rate + 0.5)));
    // Without the ids that were taken, readers may be among them: then there are fewer, and each
    // has more rows.
    if (often && single && !counted->transaction_ids) {
        return of.unknown(text, proof + ", if nobody only read", {"commit_per_row"});
    }
    of.judge(text, often && single, proof, {"commit_per_row"});
}

}  // namespace

void load_hypotheses(const diagnosis_inputs& inputs, std::vector<hypothesis>& into) {
    symptom of("high CPU or load", inputs, into);
    judge_share(of, inputs, "sessions work on processors, and do not wait", wait_group::cpu, "CPU");
    judge_statement(of, inputs);
    judge_reads(of, inputs);
    judge_share(of, inputs, "sessions wait for reads and writes of files", wait_group::io, "IO");
    judge_share(of, inputs, "sessions contend for the server's own structures", wait_group::lwlock,
                "LWLock");
    judge_vacuums(of, inputs);
}

void write_hypotheses(const diagnosis_inputs& inputs, std::vector<hypothesis>& into) {
    symptom of("slow writes", inputs, into);
    judge_commits(of, inputs);
    judge_share(of, inputs, "commits wait for WAL to be safe", wait_group::commit, "commit");
    judge_share(of, inputs, "writers wait for each other's locks", wait_group::lock, "Lock");
}

}  // namespace tallyfs::health
