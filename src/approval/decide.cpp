#include "approval/authority.hpp"
#include "approval/wording.hpp"

#include <tallyfs/base/hex.hpp>
#include <tallyfs/base/nearest.hpp>
#include <tallyfs/base/text.hpp>

#include <algorithm>

namespace tallyfs::approval {

namespace {

constexpr std::array<std::string_view, 3> verbs{"approve", "reject", "delegate"};

refusal bad(std::string sentence) {
    return refuse(approval_errc::bad_command, std::move(sentence));
}

/// One command of one person about the current step, all that is to be known of it gathered.
struct attempt {
    const entry& e;
    std::uint32_t step;
    const spoken& said;
    const identity& who;
    const approval::capacity& capacity;
    const context& at;
};

outcome<std::string> reason_of(const spoken& said, const std::string& form) {
    if (said.reason.empty()) return bad("say why: " + form);
    return required_text(said.reason, "the reason", reason_bytes_max);
}

/// Whether an approval carries the code that it needs, and no other.
std::optional<refusal> wrong_code(const attempt& a, const std::string& hash) {
    const auto page = "approvals/pending/" + directory_name(a.e.request) + "/evidence.md";
    const bool required = a.e.request.chain.steps[a.step - 1].code_required;
    if (a.said.word.empty() && !required) return std::nullopt;
    if (a.said.word.empty()) {
        return refuse(approval_errc::code_needed,
                      "this step needs the code of what is decided on: read " + page +
                          ", which ends with it, then write approve CODE");
    }
    const auto& given = a.said.word;
    constexpr std::size_t least = 8;
    const bool same = given.size() >= least && given.size() <= hash.size() &&
                      equal_ignoring_case(given, std::string_view(hash).substr(0, given.size()));
    if (same) return std::nullopt;
    return refuse(approval_errc::wrong_code,
                  "this is not the code of the request as it is now: it was mistyped, or evidence "
                  "or plan have changed; read " +
                      page + " again, which ends with the right one");
}

outcome<events> approve(const attempt& a) {
    if (a.said.has_reason) return bad("an approval has no reason: write approve, or approve CODE");
    const auto hash = plan_hash(a.e.request);
    if (auto why = wrong_code(a, hash)) return *why;
    if (a.step == a.e.steps.size() && a.e.open_objections() > 0) {
        return refuse(approval_errc::objections_open,
                      std::to_string(a.e.open_objections()) +
                          " objections wait for an answer before the last step: write \"answer N: "
                          "TEXT\" to approvals/pending/" +
                          directory_name(a.e.request) + "/objections");
    }
    return fitting(step_decided{a.e.request.number,
                                a.at.now,
                                a.step,
                                verdict::approve,
                                a.who,
                                a.capacity,
                                hash,
                                !a.said.word.empty(),
                                {}});
}

outcome<events> reject(const attempt& a) {
    if (!a.said.word.empty()) return bad("write reject: REASON");
    auto reason = reason_of(a.said, "reject: REASON");
    if (!reason) return reason.error();
    return fitting(step_decided{a.e.request.number, a.at.now, a.step, verdict::reject, a.who,
                                a.capacity, plan_hash(a.e.request), false, std::move(*reason)});
}

outcome<events> hand_over(const attempt& a) {
    auto reason = reason_of(a.said, "delegate NAME: REASON");
    if (!reason) return reason.error();
    const person* const to = a.at.people.by_name(a.said.word);
    if (a.said.word.empty()) return bad("say to whom: delegate NAME: REASON");
    if (to == nullptr) {
        std::vector<std::string> names;
        for (const auto& p : a.at.people.list()) names.push_back(p.name);
        return bad("there is no person " + cleaned(clip_utf8(a.said.word, word_bytes_max)) +
                   did_you_mean(a.said.word, names));
    }
    if (a.capacity.way == way::handed) {
        return refuse(approval_errc::not_allowed, "this step was handed over to " + a.who.person +
                                                      ", who can decide it but not hand it on");
    }
    const bool several = a.e.steps.size() > 1;
    if (to->name == a.who.person) return bad("the step is with " + to->name + " already");
    if (several && to->name == a.e.request.requester.person) {
        return refuse(approval_errc::own_request,
                      to->name + " asked for this: in a chain of several steps others decide");
    }
    if (is_used(a.e, to->name)) {
        return refuse(approval_errc::person_used,
                      to->name + " took another step already: one person, one step");
    }
    if (a.e.steps[a.step - 1].delegated.size() >= delegations_max) {
        return refuse(approval_errc::too_many, "this step was handed over " +
                                                   std::to_string(delegations_max) +
                                                   " times already: decide it");
    }
    return fitting(step_delegated{a.e.request.number, a.at.now, a.step, a.who, a.capacity, to->name,
                                  std::move(*reason)});
}

/// Whether this is the step whose turn it is.
std::optional<refusal> out_of_turn(const entry& e, std::uint32_t step) {
    if (step == 0 || step > e.steps.size()) {
        return refuse(approval_errc::unknown_number, number_text(e.request.number) + " has " +
                                                         std::to_string(e.steps.size()) +
                                                         " steps, no step " + std::to_string(step));
    }
    const auto& progress = e.steps[step - 1];
    if (!progress.decided) return std::nullopt;
    return refuse(approval_errc::already_decided,
                  "step " + std::to_string(step) + " was decided by " +
                      progress.decided->who.person + " at " + to_rfc3339(progress.decided->at));
}

}  // namespace

outcome<events> book::decide(std::uint32_t number, std::uint32_t step, std::string_view text,
                             const identity& by, const context& at) const {
    const auto found = known(*this, number);
    if (!found) return found.error();
    const entry& e = **found;
    if (auto why = out_of_turn(e, step)) return *why;
    if (auto why = why_not_pending(e, at.now)) return *why;
    const auto who = at.people.resolve(by);
    if (step != e.current_step()) {
        const auto current = e.current_step();
        return refuse(approval_errc::not_pending, "step " + std::to_string(current) + " (" +
                                                      e.request.chain.steps[current - 1].role +
                                                      ") comes first");
    }
    const auto capacity = authority(e, step, who, at);
    if (!capacity) return capacity.error();
    if (text.size() > event_bytes_max) {
        return refuse(approval_errc::too_large, "a decision is one short line");
    }
    const auto said = parse_spoken(text);
    const attempt a{e, step, said, who, *capacity, at};
    if (said.verb == "approve") return approve(a);
    if (said.verb == "reject") return reject(a);
    if (said.verb == "delegate") return hand_over(a);
    return bad("write approve, approve CODE, reject: REASON or delegate NAME: REASON" +
               did_you_mean(said.verb, verbs));
}

}  // namespace tallyfs::approval
