#include "health/hypotheses.hpp"
#include "health/rule_parts.hpp"

#include <tallyfs/base/readable.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace tallyfs::health {

namespace {

constexpr double xids = 2147483648.0;  // 2^31: as many lie ahead of the oldest one
// A standby that is further behind shows old data, and is long in taking over.
constexpr std::int64_t replay_lag_bytes_max = 100'000'000;

bool is_older(const moment& since, std::int64_t seconds, const diagnosis_inputs& inputs) {
    return since && inputs.sample->server_now() - *since > std::chrono::seconds(seconds);
}

bool nobody_reads(const diagnosis_inputs& inputs) {
    return inputs.sample != nullptr &&
           std::ranges::any_of(inputs.sample->slots, [&](const replication_slot& one) {
               return !one.active &&
                      (one.wal_status == "lost" ||
                       is_older(one.inactive_since, inputs.limits.slot_inactive_seconds, inputs));
           });
}

void judge_waiting(symptom& of, const diagnosis_inputs& inputs) {
    const auto& figures = inputs.figures;
    const std::string queue(hypothesis_text::locks);
    if (!figures.waiting_sessions) {
        of.unknown(queue, why_missing(inputs), {"locks"});
    } else {
        const auto longest = figures.longest_wait_seconds.value_or(0);
        auto proof = grouped(*figures.waiting_sessions) + " waiting";
        if (*figures.waiting_sessions > 0) {
            proof += ", for up to " + duration_text(std::chrono::seconds(longest));
        }
        of.judge(queue, *figures.waiting_sessions > 0 && longest > inputs.limits.lock_wait_seconds,
                 proof, {"locks"});
    }
    const std::string deadlocks = "transactions deadlock";
    if (!figures.counters) return of.unknown(deadlocks, why_missing(inputs));
    of.judge(deadlocks, figures.counters->deadlocks > 0,
             fmt::format("{} in {}", figures.counters->deadlocks,
                         duration_text(std::chrono::seconds(figures.counters->covered_seconds))));
}

void judge_wraparound(symptom& of, const diagnosis_inputs& inputs) {
    const std::string text(hypothesis_text::wraparound);
    const auto& used = inputs.figures.wraparound_percent;
    if (!used) return of.unknown(text, why_missing(inputs), {"wraparound"});
    const double warning = 100.0 * static_cast<double>(inputs.limits.xid_age_warning) / xids;
    of.judge(text, *used >= warning, fmt::format("{:.0f}% of 2^31 used", *used), {"wraparound"});
}

void judge_connections(symptom& of, const diagnosis_inputs& inputs) {
    const auto& figures = inputs.figures;
    const auto used = figures.server_connections;
    const auto limit = figures.server_connections_limit;
    const std::string full(hypothesis_text::connections);
    if (!used || !limit || *limit <= 0) {
        of.unknown(full, why_missing(inputs), {"connections"});
    } else {
        of.judge(full, *used * 100 > inputs.limits.connections_percent * *limit,
                 fmt::format("{} of {} ({})", grouped(*used), grouped(*limit),
                             percent_text(*used, *limit)),
                 {"connections"});
    }
    const std::string wasted = "sessions idle in transaction waste them";
    const auto idle = figures.idle_in_transaction;
    if (!idle) return of.unknown(wasted, why_missing(inputs), {"idle_in_transaction"});
    const auto proof = grouped(*idle) + " idle in transaction";
    if (*idle == 0) return of.judge(wasted, false, proof);
    if (inputs.sample == nullptr) return of.unknown(wasted, proof + "; for how long is not kept");
    const auto too_long = std::ranges::count_if(inputs.sample->sessions, [&](const session& one) {
        return one.database == inputs.database && one.state.starts_with("idle in transaction") &&
               !is_ours(one) &&
               is_older(one.state_change, inputs.limits.idle_in_transaction_seconds, inputs);
    });
    of.judge(
        wasted, too_long > 0,
        fmt::format("{}, {} for more than {}", proof, too_long,
                    duration_text(std::chrono::seconds(inputs.limits.idle_in_transaction_seconds))),
        {"idle_in_transaction"});
}

void judge_replication(symptom& of, const diagnosis_inputs& inputs) {
    const auto& figures = inputs.figures;
    const std::string slot = "a slot that nobody reads keeps WAL";
    if (!figures.inactive_slots) {
        of.unknown(slot, why_missing(inputs), {"slots"});
    } else {
        auto proof = counted(*figures.inactive_slots, "inactive slot");
        if (figures.retained_wal_bytes) {
            const auto bytes = std::max<std::int64_t>(*figures.retained_wal_bytes, 0);
            proof += ", " + bytes_text(static_cast<std::uint64_t>(bytes)) + " kept at most";
        }
        if (*figures.inactive_slots == 0 || inputs.sample != nullptr) {
            of.judge(slot, nobody_reads(inputs), proof, {"slots"});
        } else {
            of.unknown(slot, proof + "; for how long is not kept");
        }
    }
    const std::string standby = "a standby is far behind";
    if (!figures.replay_lag_bytes) return of.unknown(standby, why_missing(inputs));
    const auto behind = std::max<std::int64_t>(*figures.replay_lag_bytes, 0);
    const bool none = inputs.sample != nullptr && inputs.sample->standbys.empty();
    of.judge(standby, behind >= replay_lag_bytes_max,
             none ? "no standby is connected"
                  : bytes_text(static_cast<std::uint64_t>(behind)) + " behind");
}

}  // namespace

void server_hypotheses(const diagnosis_inputs& inputs, std::vector<hypothesis>& into) {
    symptom waiting("waiting", inputs, into);
    judge_waiting(waiting, inputs);
    symptom wraparound("wraparound", inputs, into);
    judge_wraparound(wraparound, inputs);
    symptom connections("refused connections", inputs, into);
    judge_connections(connections, inputs);
    symptom replication("replication, full disk", inputs, into);
    judge_replication(replication, inputs);
}

}  // namespace tallyfs::health
