#include "approval/authority.hpp"
#include "approval/wording.hpp"

#include <tallyfs/base/text.hpp>

#include <algorithm>

namespace tallyfs::approval {

namespace {

/// Title and evidence say what a person asks for where parameters do not; a policy puts them
/// together for each call anew.
bool asks_the_same(const request& open, const draft& asked, const identity& who,
                   std::uint32_t undo_of) {
    const bool same_texts =
        who.how == known_by::policy || undo_of != 0 ||
        (open.asked.title == asked.title && open.asked.evidence == asked.evidence);
    return open.asked.kind == asked.kind && open.asked.environment == asked.environment &&
           open.asked.parameters == asked.parameters && open.undo_of == undo_of &&
           open.asked.callback == asked.callback && same_texts &&
           open.requester.person == who.person;
}

/// The first step that no configured person could decide, whatever happens.
std::optional<refusal> undecidable(const entry& fresh, const context& at) {
    for (std::uint32_t number = 1; number <= fresh.steps.size(); ++number) {
        const auto& role = fresh.request.chain.steps[number - 1].role;
        const auto& list = at.people.list();
        const bool able = std::ranges::any_of(list, [&](const person& p) {
            return !ways_to_decide(fresh, number, p.name, at).empty();
        });
        if (able) continue;
        const auto& who = fresh.request.requester.person;
        const auto missing = role == manager_role
                                 ? "no manager of " + who + " is among the configured people"
                                 : "nobody but " + who + " holds the role " + role;
        const auto nobody = at.people.holders(role, who).empty() && role != manager_role
                                ? "nobody holds the role " + role
                                : missing;
        return refuse(approval_errc::nobody_decides,
                      "step " + std::to_string(number) + " could never be decided: " + nobody +
                          "; the configuration of people has to change first");
    }
    return std::nullopt;
}

}  // namespace

outcome<opening> book::open(draft asked, const identity& by, const chain& rule,
                            const context& at) const {
    return open_checked(std::move(asked), by, rule, 0, at);
}

outcome<opening> book::open_checked(draft asked, const identity& by, const chain& rule,
                                    std::uint32_t undo_of, const context& at) const {
    auto clean = checked(std::move(asked));
    if (!clean) return clean.error();
    auto who = at.people.resolve(by);
    std::size_t open_ones = 0;
    std::size_t own_ones = 0;
    for (const auto& [number, e] : entries_) {
        if (is_finished(e.state)) continue;
        ++open_ones;
        if (is_requester(e, who)) ++own_ones;
        const bool late = e.state == state::pending && at.now >= e.expires_at();
        if (!late && asks_the_same(e.request, *clean, who, undo_of)) {
            return opening{number, true, {}};
        }
    }
    if (open_ones >= open_requests_max || own_ones >= open_requests_each_max) {
        return refuse(approval_errc::too_many, std::to_string(open_ones) + " requests are open, " +
                                                   std::to_string(own_ones) + " of them by " +
                                                   who.person + ": withdraw or decide some first");
    }
    if (const auto wrong = problem_of(rule); !wrong.empty()) {
        return refuse(approval_errc::nobody_decides,
                      "the chain of this kind " + wrong + ": its configuration has to change");
    }
    entry fresh;
    fresh.request = {last_number_ + 1, std::move(*clean), std::move(who), at.now, rule, undo_of};
    fresh.steps.resize(rule.steps.size());
    if (auto why = undecidable(fresh, at)) return *why;
    auto made = fitting(request_opened{fresh.request});
    if (!made) return made.error();
    return opening{fresh.request.number, false, std::move(*made)};
}

outcome<opening> book::undo(std::uint32_t number, std::string_view reason, const identity& by,
                            const chain& rule, const context& at) const {
    const auto e = known(*this, number);
    if (!e) return e.error();
    const auto& old = (*e)->request;
    if ((*e)->state != state::done || (*e)->undone_by != 0) {
        return refuse(approval_errc::not_pending,
                      number_text(number) + " is " + std::string(to_string((*e)->state)) +
                          ((*e)->undone_by != 0 ? " and undone: there is nothing to take back"
                                                : ": only what is done can be undone"));
    }
    if (old.asked.undo.empty()) {
        return refuse(approval_errc::bad_command, "a request of the kind " + old.asked.kind +
                                                      " cannot be undone: ask for the opposite");
    }
    auto why = required_text(reason, "the reason", reason_bytes_max);
    if (!why) return why.error();
    for (const auto& [other, undoing] : entries_) {
        const bool late = undoing.state == state::pending && at.now >= undoing.expires_at();
        if (undoing.request.undo_of == number && !is_finished(undoing.state) && !late) {
            return opening{other, true, {}};
        }
    }
    draft asked = old.asked;
    asked.title =
        clip_utf8("Undo " + number_text(number) + ": " + old.asked.title, title_bytes_max);
    asked.reason = std::move(*why);
    asked.plan = std::move(asked.undo);
    asked.undo.clear();
    asked.callback.clear();  // the program that asked for the first was told of that one
    return open_checked(std::move(asked), by, rule, number, at);
}

}  // namespace tallyfs::approval
