#include "postgres/migration_evidence.hpp"
#include "postgres/migration_plan.hpp"
#include "postgres/migration_run.hpp"
#include "postgres/schema_kinds.hpp"

#include <tallyfs/base/log.hpp>
#include <tallyfs/base/readable.hpp>
#include <tallyfs/base/text.hpp>

#include <algorithm>
#include <array>

namespace tallyfs::postgres {

namespace {

using health::direction;
using health::migration_state;
using std::chrono::milliseconds;

constexpr std::array<std::string_view, 3> known_parameters{"database", "version", "direction"};

/// On the desk, which others wait for.
constexpr patience short_patience{milliseconds(2'000), milliseconds(100), milliseconds(2'000),
                                  milliseconds(500)};
/// Room for what the requester has written is left.
constexpr std::size_t own_evidence_bytes_max = 4 * 1024;

std::string done_text(const planned_migration& plan) {
    return (plan.choice.way == direction::up ? "applied " : "rolled back ") + plan.source.name +
           " (SHA-256 " + plan.source.sha256 + ")";
}

/// What the last look at the database says of this migration, in sentences.
std::string standing_of(const schema_view& view, const planned_migration& plan) {
    std::string text;
    std::string newest;
    for (const auto& one : view.migrations) {
        const bool applied =
            one.state != migration_state::pending && one.state != migration_state::out_of_order;
        if (applied) newest = std::max(newest, one.version);
        if (one.version != plan.choice.version) continue;
        if (one.state == migration_state::changed) {
            text += "Its file is not the one that was applied: that had the SHA-256 " +
                    one.sha256_when_applied + ".\n";
        }
    }
    if (plan.choice.version < newest)
        text += "Newer migrations are applied, up to " + newest + ".\n";
    if (!view.drift.empty()) {
        text += "The schema is not the registered one: see drift.diff of the database.\n";
    }
    return text;
}

/// Who is touched, as far as the server says it soon. `not_due_now`: why it cannot run.
std::string ask_server(const change_parts& with, const planned_migration& plan,
                       std::string& not_due_now) {
    const auto where = with.endpoints(plan.choice.of, false);
    if (!where) return "Who is touched is not known: " + where.error().what + "\n";
    const auto on = connection::open(*where, short_patience);
    if (!on) return "Who is touched is not known: " + on.error().what + "\n";
    // Whoever only looks may not be allowed to read the table; it is read again before it runs.
    if (const auto table = look_at_migrations(**on)) {
        not_due_now = not_due(*table, plan.choice.way, plan.choice.version);
        if (!not_due_now.empty()) return "";
    }
    return evidence_of(**on, plan.sql(), own_evidence_bytes_max - 1024);
}

outcome<background::session> open_for_change(const change_parts& with, background& threads,
                                             const health::registration& of) {
    const auto where = with.endpoints(of, true);
    if (!where) return where.error();
    return threads.open(*where, patience_of(with.limits));
}

/// What is approved, if it still reads the same.
outcome<planned_migration> approved(const change_parts& with, const approval::request& request) {
    auto plan = planned(*with.registrations(), request.asked.parameters, request.undo_of != 0);
    if (plan && plan->text(plan->choice.way) != request.asked.plan) {
        return failure{"", plan->source.name +
                               " or where it goes was changed after this was asked "
                               "for, and nothing was done: ask again"};
    }
    return plan;
}

/// The schema that is there now is the registered one, as far as the migration made it. What cannot
/// be kept now is found at the next full look.
void register_result(const change_parts& with, background& threads, const planned_migration& plan,
                     const health::snapshot& before, std::uint32_t number) {
    const auto on = open_for_change(with, threads, plan.choice.of);
    if (!on) return spdlog::warn("{}: {}", plan.choice.of.path(), on.error().what);
    const auto now = look_at_schema(**on, with.clock.wall());
    if (!now) return spdlog::warn("{}: {}", plan.choice.of.path(), now.error().what);
    std::map<std::string, std::string> checksums;
    if (plan.choice.way == direction::up) checksums[plan.choice.version] = plan.source.sha256;
    const auto kept = with.schemas.migrated(plan.choice.of, before.schema, *now,
                                            "request " + approval::number_text(number), checksums);
    if (!kept) spdlog::warn("{}: {}", plan.choice.of.path(), kept.error().message());
}

}  // namespace

std::string prepare_migration(const change_parts& with, approval::draft& asked) {
    if (auto why = unknown_parameter(asked.parameters, known_parameters); !why.empty()) return why;
    const auto plan = planned(*with.registrations(), asked.parameters, false);
    if (!plan) return plan.error().what;
    if (auto why = settle_environment(asked, plan->choice.of); !why.empty()) return why;
    if (plan->choice.of.remedies_credential.empty()) {
        return plan->choice.of.path() +
               " has no remedies_credential: name one in its registration, of a role that may "
               "change the schema";
    }
    asked.plan = plan->text(plan->choice.way);
    if (asked.plan.empty()) return plan->source.name + " has nothing that takes it back";
    const bool up = plan->choice.way == direction::up;
    asked.undo = plan->text(up ? direction::down : direction::up);
    asked.title = clip_utf8((up ? "Apply " : "Roll back ") + plan->source.name +
                                (up ? " to " : " in ") + plan->choice.of.path(),
                            approval::title_bytes_max);
    std::string not_due_now;
    const auto touched = ask_server(with, *plan, not_due_now);
    if (!not_due_now.empty()) return not_due_now;
    const auto view = with.schemas.find(plan->choice.of.path());
    auto evidence = (view ? standing_of(*view, *plan) : "") + "Each lock is waited for at most " +
                    duration_text(with.limits.lock) + ", and it may take " +
                    duration_text(with.limits.statement) +
                    (plan->what.is_atomic(plan->choice.way) ? ".\n" : " a statement.\n") + touched;
    if (!asked.evidence.empty()) evidence += "\nWho asks for it says:\n" + asked.evidence;
    asked.evidence = std::move(evidence);
    return "";
}

change_effect migrate(const change_parts& with, background& threads,
                      const approval::request& request) {
    const auto plan = approved(with, request);
    if (!plan) return {false, plan.error().what};
    const auto on = open_for_change(with, threads, plan->choice.of);
    if (!on) return {false, on.error().what};
    const migration_step step{plan->what, plan->choice.way, plan->choice.version};
    const auto start = with.clock.steady();
    if (auto turn = take_turn(**on, with.limits); !turn) return {false, turn.error().what};
    const auto table = look_at_migrations(**on);
    if (!table) return {false, table.error().what};
    if (auto why = not_due(*table, step.way, step.version); !why.empty())
        return {false, std::move(why)};
    const auto before = look_at_schema(**on, with.clock.wall());
    if (!before) return {false, before.error().what};

    const auto done = run_migration(**on, *table, step, with.limits);
    if (!done && done.error().connection_lost) {
        // Whether it was done is in the table.
        auto found = probe_migrate(with, threads, request);
        if (found == approval::probe::effect_there) return {true, done_text(*plan)};
        return {false, done.error().what, found == approval::probe::unknown};
    }
    if (!done) {
        auto why = done.error().what;
        const auto others = sessions_on(**on, plan->sql());
        if (done.error().sqlstate == "55P03" && !others.empty()) {
            why += "\nSessions on its tables:\n" + others;
        }
        return {false, std::move(why)};
    }
    const auto took = with.clock.steady() - start;
    register_result(with, threads, *plan, *before, request.number);
    return {true, done_text(*plan) + " in " +
                      duration_text(std::chrono::duration_cast<std::chrono::microseconds>(took))};
}

approval::probe probe_migrate(const change_parts& with, background& threads,
                              const approval::request& request) {
    // The file may be another one by now: what became of it is in the table.
    const auto choice =
        chosen(*with.registrations(), request.asked.parameters, request.undo_of != 0);
    if (!choice) return approval::probe::unknown;
    const auto on = open_for_change(with, threads, choice->of);
    if (!on) return approval::probe::unknown;
    return probe_migration(**on, choice->way, choice->version, is_atomic_plan(request.asked.plan),
                           with.limits);
}

}  // namespace tallyfs::postgres
