#include "approval/authority.hpp"

#include <algorithm>

namespace tallyfs::approval {

namespace {

const step& rule_of(const entry& e, std::uint32_t number) {
    return e.request.chain.steps.at(number - 1);
}

/// The ways that come from the step's own history: handed over, or escalated.
void add_ways_of_step(const entry& e, std::uint32_t number, std::string_view name,
                      const context& at, std::vector<capacity>& found) {
    const auto& role = rule_of(e, number).role;
    const auto& requester = e.request.requester.person;
    const auto& progress = e.steps.at(number - 1);
    for (const auto& handed : progress.delegated) {
        if (handed.to != name) continue;
        const auto& by = handed.who.person;
        const auto& whose = handed.capacity.for_whom.empty() ? by : handed.capacity.for_whom;
        // Whoever has lost the role since has nothing to hand over.
        if (!at.people.holds(whose, role, at.now, requester)) continue;
        found.push_back({way::handed, whose, by == whose ? std::string() : by});
    }
    if (!progress.escalated) return;
    for (const person* const holder : at.people.holders(role, requester)) {
        if (holder->manager == name && holder->name != name) {
            found.push_back({way::escalation, {}, holder->name});
        }
    }
}

bool is_shut_out(const entry& e, const capacity& c, bool reused) {
    const bool several = e.request.chain.steps.size() > 1;
    const auto& requester = e.request.requester.person;
    // A manager who steps in decides in their own right: who did not answer has done nothing.
    const auto through = c.way == way::escalation ? std::string_view() : c.through;
    for (const std::string_view other : {std::string_view(c.for_whom), through}) {
        if (other.empty()) continue;
        if (several && other == requester) return true;
        if (!reused && is_used(e, other)) return true;
    }
    return false;
}

refusal not_the_role(const entry& e, const std::string& role, const identity& who,
                     const context& at) {
    const auto able = deciders(e, at);
    return refuse(approval_errc::not_allowed,
                  who.person + " does not hold the role " + role + " here; " +
                      (able.empty() ? "at present nobody can decide this step"
                                    : "it can be decided by " + joined(able)));
}

}  // namespace

bool is_used(const entry& e, std::string_view name) {
    return std::ranges::any_of(e.steps, [&](const step_progress& s) {
        if (!s.decided) return false;
        const auto& c = s.decided->capacity;
        return s.decided->who.person == name || c.for_whom == name ||
               (c.way != way::escalation && c.through == name);
    });
}

std::vector<capacity> ways_to_decide(const entry& e, std::uint32_t number, std::string_view name,
                                     const context& at, bool reused) {
    const auto& requester = e.request.requester.person;
    if (at.people.by_name(name) == nullptr) return {};
    if (e.request.chain.steps.size() > 1 && name == requester) return {};
    if (!reused && is_used(e, name)) return {};
    auto found = at.people.capacities(name, rule_of(e, number).role, at.now, requester);
    add_ways_of_step(e, number, name, at, found);
    std::erase_if(found, [&](const capacity& c) { return is_shut_out(e, c, reused); });
    return found;
}

outcome<capacity> authority(const entry& e, std::uint32_t number, const identity& who,
                            const context& at) {
    const auto& rule = rule_of(e, number);
    if (at.people.person_of(who) == nullptr) return not_the_role(e, rule.role, who, at);
    if (e.request.chain.steps.size() > 1 && is_requester(e, who)) {
        return refuse(approval_errc::own_request,
                      who.person + " asked for this: in a chain of several steps others decide");
    }
    const auto ways = ways_to_decide(e, number, who.person, at);
    if (ways.empty()) {
        if (!ways_to_decide(e, number, who.person, at, true).empty()) {
            return refuse(approval_errc::person_used,
                          who.person + ", or the one for whom " + who.person +
                              " would decide, took another step already: one person, one step");
        }
        return not_the_role(e, rule.role, who, at);
    }
    if (!rule.accepted.empty() &&
        std::ranges::find(rule.accepted, who.how) == rule.accepted.end()) {
        std::vector<std::string> accepted;
        for (const auto how : rule.accepted) accepted.emplace_back(to_string(how));
        return refuse(approval_errc::not_known_by, "this step counts only who is known by " +
                                                       joined(accepted) + ", not by " +
                                                       std::string(to_string(who.how)));
    }
    return ways.front();
}

bool is_requester(const entry& e, const identity& who) {
    return e.request.requester.person == who.person;
}

bool has_approved(const entry& e, const identity& who) {
    return std::ranges::any_of(e.steps, [&](const step_progress& s) {
        return s.decided && s.decided->verdict == verdict::approve &&
               (s.decided->who.person == who.person || s.decided->capacity.for_whom == who.person);
    });
}

std::vector<std::string> deciders(const entry& e, const context& at) {
    std::vector<std::string> names;
    const auto current = e.state == state::pending ? e.current_step() : 0;
    if (current == 0) return names;
    for (const auto& p : at.people.list()) {
        if (!ways_to_decide(e, current, p.name, at).empty()) names.push_back(p.name);
    }
    return names;
}

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) {
        if (!text.empty()) text += ", ";
        text += name;
    }
    return text;
}

std::optional<refusal> why_not_pending(const entry& e, wall_time now) {
    const auto number = number_text(e.request.number);
    if (e.state == state::expired || (e.state == state::pending && now >= e.expires_at())) {
        return refuse(approval_errc::expired,
                      number + " expired at " + to_rfc3339(e.expires_at()) + ": ask again");
    }
    if (e.state == state::pending) return std::nullopt;
    const bool decided = e.current_step() == 0 || e.state == state::rejected;
    return refuse(decided ? approval_errc::already_decided : approval_errc::not_pending,
                  number + " is " + std::string(to_string(e.state)) +
                      (e.state == state::approved ? ": one who approved it can still withdraw it"
                                                  : ": nothing is left to decide"));
}

refusal unknown(std::uint32_t number) {
    return refuse(approval_errc::unknown_number,
                  "there is no request " + number_text(number) + ": see approvals/waiting.txt");
}

outcome<const entry*> known(const book& requests, std::uint32_t number) {
    const entry* const e = requests.find(number);
    if (e == nullptr) return unknown(number);
    return e;
}

outcome<events> fitting(event e) {
    const auto bytes = event_text(e).size();
    if (bytes > event_bytes_max) {
        return refuse(approval_errc::too_large,
                      "this has " + std::to_string(bytes) + " bytes as JSON, at most " +
                          std::to_string(event_bytes_max) + " are kept: shorten the evidence");
    }
    events one;
    one.push_back(std::move(e));
    return one;
}

}  // namespace tallyfs::approval
