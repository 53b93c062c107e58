#include "approval/authority.hpp"
#include "approval/wording.hpp"

#include <tallyfs/base/nearest.hpp>

#include <algorithm>
#include <charconv>

namespace tallyfs::approval {

namespace {

bool is_machine(const identity& who) {
    return who.how == known_by::daemon || who.how == known_by::policy;
}

/// The requester in person, or the machine that asked in its own name.
bool speaks_for_requester(const entry& e, const identity& who) {
    return is_requester(e, who) && (!is_machine(who) || who.how == e.request.requester.how);
}

/// Whether this person has a say in any step, or had one.
bool has_part(const entry& e, const identity& who, const context& at) {
    if (at.people.person_of(who) == nullptr) return false;
    if (has_approved(e, who)) return true;
    for (std::uint32_t step = 1; step <= e.steps.size(); ++step) {
        if (!ways_to_decide(e, step, who.person, at, true).empty()) return true;
    }
    return false;
}

outcome<events> raise(const entry& e, std::string_view text, const identity& who,
                      const context& at) {
    auto clean = required_text(text, "the objection", reason_bytes_max);
    if (!clean) return clean.error();
    const auto own = std::ranges::count_if(e.objections, [&](const objection& o) {
        return !o.answered && o.raised.who.person == who.person;
    });
    if (e.objections.size() >= objections_max ||
        static_cast<std::size_t>(own) >= objections_each_max) {
        return refuse(approval_errc::too_many,
                      "there are enough objections: wait for an answer, "
                      "or speak with those who decide");
    }
    return fitting(objection_raised{e.request.number, at.now, who, std::move(*clean)});
}

outcome<events> reply(const entry& e, const spoken& said, const identity& who, const context& at) {
    std::uint32_t index = 0;
    const char* const last = said.word.data() + said.word.size();
    const auto [end, error] = std::from_chars(said.word.data(), last, index);
    if (error != std::errc() || end != last || index == 0 || index > e.objections.size()) {
        return refuse(approval_errc::unknown_number,
                      "there are " + std::to_string(e.objections.size()) +
                          " objections; write answer N: TEXT with the number of one");
    }
    const auto& objected = e.objections[index - 1];
    if (objected.answered) {
        return refuse(approval_errc::already_decided, "objection " + std::to_string(index) +
                                                          " was answered by " +
                                                          objected.answered->who.person);
    }
    if (!speaks_for_requester(e, who) && objected.raised.who.person != who.person &&
        !has_part(e, who, at)) {
        return refuse(approval_errc::not_allowed,
                      "an objection is answered by the requester, by who raised it or by one who "
                      "decides a step");
    }
    auto text = required_text(said.reason, "the answer", reason_bytes_max);
    if (!text) return text.error();
    return fitting(objection_answered{e.request.number, at.now, index, who, std::move(*text)});
}

outcome<events> withdraw(const entry& e, const spoken& said, const identity& who,
                         const context& at) {
    const auto late = why_not_pending(e, at.now);
    if (late && e.state != state::approved) return *late;
    const bool approver = at.people.person_of(who) != nullptr && has_approved(e, who);
    if (!speaks_for_requester(e, who) && !approver) {
        return refuse(approval_errc::not_allowed,
                      "only " + e.request.requester.person +
                          ", who asked, or one who approved it can withdraw it; to stop it, object "
                          "or reject a step");
    }
    std::string reason;
    if (!said.reason.empty()) {
        auto text = required_text(said.reason, "the reason", reason_bytes_max);
        if (!text) return text.error();
        reason = std::move(*text);
    }
    return fitting(request_withdrawn{e.request.number, at.now, who, std::move(reason)});
}

/// The capacity in which somebody may say how an unknown outcome goes on.
outcome<capacity> settling_capacity(const entry& e, const identity& who, const context& at) {
    const auto last = static_cast<std::uint32_t>(e.steps.size());
    const auto& accepted = e.request.chain.steps[last - 1].accepted;
    std::vector<capacity> ways;
    if (at.people.person_of(who) != nullptr) {
        for (const auto& s : e.steps) {
            if (s.decided && s.decided->who.person == who.person) ways = {s.decided->capacity};
        }
        if (ways.empty()) ways = ways_to_decide(e, last, who.person, at, true);
    }
    if (ways.empty()) {
        return refuse(approval_errc::not_allowed,
                      "one who approved it, or who can decide its last step, says how it goes on");
    }
    if (!accepted.empty() && std::ranges::find(accepted, who.how) == accepted.end()) {
        return refuse(approval_errc::not_known_by, "the last step does not count who is known by " +
                                                       std::string(to_string(who.how)));
    }
    return ways.front();
}

outcome<events> settle(const entry& e, const spoken& said, const identity& who, const context& at) {
    if (e.state != state::outcome_unknown) {
        return refuse(approval_errc::not_pending,
                      number_text(e.request.number) + " is " + std::string(to_string(e.state)) +
                          ": done and retry are for a request whose outcome is not known");
    }
    const auto capacity = settling_capacity(e, who, at);
    if (!capacity) return capacity.error();
    auto reason =
        required_text(said.reason, "the reason (" + said.verb + ": REASON)", reason_bytes_max);
    if (!reason) return reason.error();
    const auto what = said.verb == "done" ? settlement::done : settlement::retry;
    if (what == settlement::retry && e.settlements.size() >= settlements_max) {
        return refuse(approval_errc::too_many,
                      "it was tried often enough: say done, and ask again");
    }
    return fitting(
        outcome_settled{e.request.number, at.now, what, who, *capacity, std::move(*reason)});
}

}  // namespace

outcome<events> book::object(std::uint32_t number, std::string_view text, const identity& by,
                             const context& at) const {
    const auto found = known(*this, number);
    if (!found) return found.error();
    if (auto why = why_not_pending(**found, at.now)) return *why;
    const auto who = at.people.resolve(by);
    const auto said = parse_spoken(text.substr(0, event_bytes_max));
    if (said.verb == "answer" && said.has_reason) return reply(**found, said, who, at);
    return raise(**found, text, who, at);
}

outcome<events> book::command(std::uint32_t number, std::string_view text, const identity& by,
                              const context& at) const {
    const auto found = known(*this, number);
    if (!found) return found.error();
    const auto who = at.people.resolve(by);
    const auto said = parse_spoken(text.substr(0, event_bytes_max));
    if (said.word.empty()) {
        if (said.verb == "withdraw") return withdraw(**found, said, who, at);
        if (said.verb == "done" || said.verb == "retry") return settle(**found, said, who, at);
    }
    constexpr std::array<std::string_view, 3> verbs{"withdraw", "done", "retry"};
    return refuse(approval_errc::bad_command,
                  "write withdraw: REASON, or done: REASON or retry: REASON after an unknown "
                  "outcome" +
                      did_you_mean(said.verb, verbs));
}

outcome<events> book::revise(std::uint32_t number, std::string evidence, std::string plan,
                             const identity& by, const context& at) const {
    const auto found = known(*this, number);
    if (!found) return found.error();
    const entry& e = **found;
    const auto late = why_not_pending(e, at.now);
    if (late && e.state != state::approved) return *late;
    const auto who = at.people.resolve(by);
    if (!speaks_for_requester(e, who) && who.how != known_by::daemon) {
        return refuse(approval_errc::not_allowed,
                      "only " + e.request.requester.person + ", who asked, adds evidence");
    }
    draft next = e.request.asked;
    next.evidence = std::move(evidence);
    next.plan = std::move(plan);
    auto clean = checked(std::move(next));
    if (!clean) return clean.error();
    if (*clean == e.request.asked) return events{};
    if (e.revisions >= revisions_max) {
        return refuse(approval_errc::too_many,
                      "evidence and plan were replaced often enough: "
                      "withdraw it and ask again");
    }
    // The request as a whole must stay one that fits, as when it was opened.
    auto whole = e.request;
    whole.asked = *clean;
    if (auto fits = fitting(request_opened{whole}); !fits) return fits.error();
    return fitting(
        request_revised{number, at.now, who, std::move(clean->evidence), std::move(clean->plan)});
}

}  // namespace tallyfs::approval
