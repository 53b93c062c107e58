#include "approval/authority.hpp"
#include "approval/wording.hpp"

#include <tallyfs/base/text.hpp>

#include <algorithm>

namespace tallyfs::approval {

namespace {

refusal wrong_state(const entry& e, std::string_view wanted) {
    return refuse(approval_errc::not_pending, number_text(e.request.number) + " is " +
                                                  std::string(to_string(e.state)) + ", not " +
                                                  std::string(wanted));
}

/// A text about an effect that has happened is cut rather than refused.
std::string result_text(std::string_view text) {
    const auto clean = cleaned(clip_utf8(text, result_bytes_max));
    return std::string(trimmed(clip_utf8(clean, result_bytes_max)));
}

outcome<const entry*> executing(const book& requests, std::uint32_t number) {
    const auto found = known(requests, number);
    if (found && (*found)->state != state::executing) return wrong_state(**found, "executing");
    return found;
}

void tick_pending(const entry& e, wall_time now, events& out) {
    const auto& rule = e.request.chain;
    const auto number = e.request.number;
    const auto current = e.current_step();
    if (now >= e.expires_at()) {
        out.emplace_back(request_expired{number, now});
        return;
    }
    const auto& waiting = e.steps[current - 1];
    const bool escalates = rule.escalate_seconds.count() > 0 && !waiting.escalated;
    if (escalates && now - waiting.since >= rule.escalate_seconds) {
        out.emplace_back(step_escalated{number, now, current});
    }
    const auto last_told = std::max(waiting.since, waiting.reminded);
    if (rule.remind_seconds.count() > 0 && now - last_told >= rule.remind_seconds) {
        out.emplace_back(step_reminded{number, now, current});
    }
}

}  // namespace

due book::tick(wall_time now) const {
    due found;
    for (const auto& [number, e] : entries_) {
        if (e.state == state::pending) {
            tick_pending(e, now, found.events);
        } else if (e.state == state::approved) {
            if (now >= e.expires_at()) {
                found.events.emplace_back(request_expired{number, now});
            } else if (now >= e.execute_at) {
                found.ready.push_back(number);
            }
        }
    }
    return found;
}

outcome<events> book::start(std::uint32_t number, wall_time now) const {
    const auto found = known(*this, number);
    if (!found) return found.error();
    const entry& e = **found;
    if (e.state != state::approved) return wrong_state(e, "approved");
    if (now < e.execute_at) {
        return refuse(approval_errc::not_pending,
                      number_text(number) + " is not started before " + to_rfc3339(e.execute_at));
    }
    if (now >= e.expires_at()) {
        return refuse(approval_errc::expired,
                      number_text(number) + " was approved too long ago: ask again");
    }
    return fitting(execution_started{number, now, plan_hash(e.request)});
}

outcome<events> book::finish(std::uint32_t number, ending how, std::string_view result,
                             wall_time now) const {
    const auto found = executing(*this, number);
    if (!found) return found.error();
    return fitting(execution_finished{number, now, how, result_text(result)});
}

outcome<events> book::lose(std::uint32_t number, std::string_view why, wall_time now) const {
    const auto found = executing(*this, number);
    if (!found) return found.error();
    return fitting(execution_unknown{number, now, result_text(why)});
}

outcome<events> book::probed(std::uint32_t number, probe what, wall_time now) const {
    const auto found = executing(*this, number);
    if (!found) return found.error();
    switch (what) {
        case probe::effect_there:
            return finish(number, ending::ok, "the effect was found in place after a restart", now);
        case probe::effect_absent:
            // An effect that ends the daemon each time must not be tried for ever.
            if ((*found)->starts >= starts_max) {
                return lose(number,
                            "started " + std::to_string(starts_max) + " times without an effect",
                            now);
            }
            return fitting(execution_absent{number, now});
        case probe::unknown:
            break;
    }
    return lose(number, "interrupted, and nothing tells whether it had its effect", now);
}

}  // namespace tallyfs::approval
