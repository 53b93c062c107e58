#include "postgres/migration_plan.hpp"
#include "postgres/schema_kinds.hpp"
#include "postgres/schema_look.hpp"

#include <tallyfs/base/text.hpp>

#include <array>

namespace tallyfs::postgres {

namespace {

/// `finding`: which one it would close, where a finding asks.
constexpr std::array<std::string_view, 2> known_parameters{"database", "finding"};
constexpr std::size_t drift_shown_bytes_max = 5 * 1024;

std::string plan_of(const health::registration& of, const std::string& fingerprint) {
    return "register the schema of " + place_text(of) + " as it is now, fingerprint\n" +
           fingerprint;
}

}  // namespace

std::string prepare_baseline(const change_parts& with, approval::draft& asked) {
    if (auto why = unknown_parameter(asked.parameters, known_parameters); !why.empty()) return why;
    const auto of = registration_of(*with.registrations(), asked.parameters);
    if (!of) return of.error().what;
    if (auto why = settle_environment(asked, *of); !why.empty()) return why;
    const auto view = with.schemas.find(of->path());
    if (!view || view->seen.empty()) {
        return "the schema of " + of->path() +
               " was not looked at yet: write now to its file `snapshot`, and ask again";
    }
    if (view->problem.empty() && view->seen == view->registered.fingerprint) {
        return "the schema of " + of->path() + " is the registered one: there is no drift";
    }
    asked.title =
        clip_utf8("Accept the schema of " + of->path() + " as it is", approval::title_bytes_max);
    asked.plan = plan_of(*of, view->seen);
    std::string evidence = view->problem.empty() ? view->drift : view->problem + "\n";
    if (evidence.size() > drift_shown_bytes_max) {
        evidence = std::string(clip_utf8(evidence, drift_shown_bytes_max)) +
                   "\n(cut here: all of it is in drift.diff of the database)\n";
    }
    if (!asked.evidence.empty()) evidence += "\nWho asks for it says:\n" + asked.evidence;
    asked.evidence = std::move(evidence);
    return "";
}

change_effect take_baseline(const change_parts& with, background& threads,
                            const approval::request& request) {
    const auto of = registration_of(*with.registrations(), request.asked.parameters);
    if (!of) return {false, of.error().what};
    // It only looks.
    const auto where = with.endpoints(*of, false);
    if (!where) return {false, where.error().what};
    const auto on = threads.open(*where, {});
    if (!on) return {false, on.error().what};
    const auto now = look_at_schema(**on, with.clock.wall());
    if (!now) return {false, now.error().what};
    if (plan_of(*of, now->schema_fingerprint) != request.asked.plan) {
        return {false, "the schema was changed again after this was asked for: ask again"};
    }
    const auto kept =
        with.schemas.accept(*of, *now, "request " + approval::number_text(request.number));
    if (!kept) return {false, "it cannot be kept: " + kept.error().message()};
    return {true, "registered"};
}

approval::probe probe_baseline(const change_parts& with, const approval::request& request) {
    const auto of = registration_of(*with.registrations(), request.asked.parameters);
    if (!of) return approval::probe::unknown;
    const auto state = with.schemas.read(of->path());
    const bool there = state && *state && plan_of(*of, (*state)->fingerprint) == request.asked.plan;
    return there ? approval::probe::effect_there : approval::probe::effect_absent;
}

}  // namespace tallyfs::postgres
