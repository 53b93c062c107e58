#include "approval/wording.hpp"

#include <tallyfs/approval/book.hpp>

namespace tallyfs::approval {

/// Takes one event into a book. It judges no people: who was allowed what was judged when the
/// event was made, by the configuration of that day. What it refuses is what cannot follow.
class applier {
  public:
    explicit applier(book& into) : book_(into) {}

    result<void> operator()(const request_opened& x) {
        const auto& r = x.request;
        const auto& rule = r.chain;
        // The kind becomes part of a path: a line that was tampered with must not choose it.
        if (r.number <= book_.last_number_ || rule.steps.empty() || rule.steps.size() > steps_max ||
            !is_word(r.asked.kind)) {
            return bad();
        }
        entry fresh;
        fresh.request = r;
        fresh.steps.resize(rule.steps.size());
        fresh.steps.front().since = r.created;
        fresh.changed = r.created;
        book_.entries_.emplace(r.number, std::move(fresh));
        book_.last_number_ = r.number;
        return {};
    }
    result<void> operator()(const step_decided& x) {
        entry* const e = at_step(x);
        if (e == nullptr || x.hash != plan_hash(e->request)) return bad();
        e->steps[x.step - 1].decided = x;
        if (x.verdict == verdict::reject) {
            finish(*e, state::rejected, x.at);
        } else if (x.step == e->steps.size()) {
            e->state = state::approved;
            e->execute_at = x.at + e->request.chain.grace_seconds;
        } else {
            e->steps[x.step].since = x.at;
        }
        return {};
    }
    result<void> operator()(const step_delegated& x) {
        entry* const e = at_step(x);
        if (e == nullptr) return bad();
        e->steps[x.step - 1].delegated.push_back(x);
        return {};
    }
    result<void> operator()(const step_reminded& x) {
        entry* const e = at_step(x);
        if (e == nullptr) return bad();
        e->steps[x.step - 1].reminded = x.at;
        return {};
    }
    result<void> operator()(const step_escalated& x) {
        entry* const e = at_step(x);
        if (e == nullptr) return bad();
        e->steps[x.step - 1].escalated = true;
        return {};
    }
    result<void> operator()(const objection_raised& x) {
        entry* const e = in(x, {state::pending});
        if (e == nullptr) return bad();
        e->objections.push_back({x, std::nullopt});
        return {};
    }
    result<void> operator()(const objection_answered& x) {
        entry* const e = in(x, {state::pending});
        if (e == nullptr || x.objection == 0 || x.objection > e->objections.size()) return bad();
        auto& objected = e->objections[x.objection - 1];
        if (objected.answered) return bad();
        objected.answered = x;
        return {};
    }
    result<void> operator()(const request_revised& x) {
        entry* const e = in(x, {state::pending, state::approved});
        if (e == nullptr) return bad();
        e->request.asked.evidence = x.evidence;
        e->request.asked.plan = x.plan;
        for (auto& s : e->steps) {
            if (s.decided) e->void_decisions.push_back(std::move(*s.decided));
            s = {};
        }
        e->steps.front().since = x.at;
        e->state = state::pending;
        e->execute_at = {};
        ++e->revisions;
        return {};
    }
    result<void> operator()(const request_withdrawn& x) {
        entry* const e = in(x, {state::pending, state::approved});
        if (e == nullptr) return bad();
        e->withdrawn = x;
        finish(*e, state::withdrawn, x.at);
        return {};
    }
    result<void> operator()(const request_expired& x) {
        entry* const e = in(x, {state::pending, state::approved});
        if (e == nullptr) return bad();
        finish(*e, state::expired, x.at);
        return {};
    }
    result<void> operator()(const execution_started& x) {
        entry* const e = in(x, {state::approved});
        if (e == nullptr || x.hash != plan_hash(e->request)) return bad();
        e->state = state::executing;
        e->started = x.at;
        ++e->starts;
        return {};
    }
    result<void> operator()(const execution_finished& x) {
        entry* const e = in(x, {state::executing});
        if (e == nullptr) return bad();
        e->result = x.result;
        finish(*e, x.ending == ending::ok ? state::done : state::failed, x.at);
        return {};
    }
    result<void> operator()(const execution_absent& x) {
        entry* const e = in(x, {state::executing});
        if (e == nullptr) return bad();
        e->state = state::approved;
        return {};
    }
    result<void> operator()(const execution_unknown& x) {
        entry* const e = in(x, {state::executing});
        if (e == nullptr) return bad();
        e->state = state::outcome_unknown;
        e->result = x.why;
        return {};
    }
    result<void> operator()(const outcome_settled& x) {
        entry* const e = in(x, {state::outcome_unknown});
        if (e == nullptr) return bad();
        e->settlements.push_back(x);
        if (x.settlement == settlement::done) {
            finish(*e, state::done, x.at);
        } else {
            e->state = state::approved;
            e->execute_at = x.at;
            e->starts = 0;
        }
        return {};
    }

  private:
    [[nodiscard]] error_code bad() const {
        return make_error_code(unknown_ ? approval_errc::unknown_number : approval_errc::bad_event);
    }
    /// The entry of the event if it is in one of the states, and then it changes.
    template <class Event>
    entry* in(const Event& x, std::initializer_list<state> states) {
        const auto found = book_.entries_.find(x.number);
        unknown_ = found == book_.entries_.end();
        if (unknown_) return nullptr;
        for (const auto allowed : states) {
            if (found->second.state != allowed) continue;
            return &found->second;
        }
        return nullptr;
    }
    template <class Event>
    entry* at_step(const Event& x) {
        entry* const e = in(x, {state::pending});
        return e != nullptr && x.step != 0 && x.step == e->current_step() ? e : nullptr;
    }
    void finish(entry& e, state how, wall_time at) {
        e.state = how;
        e.ended = at;
        const auto number = e.request.number;
        const auto undone = book_.entries_.find(e.request.undo_of);
        if (how == state::done && undone != book_.entries_.end()) {
            undone->second.undone_by = number;
            undone->second.changed = at;
        }
        book_.finished_.push_back(number);
    }

    book& book_;
    bool unknown_ = false;
};

result<void> book::apply(const event& e) {
    const auto done = std::visit(applier(*this), e);
    if (!done) return done;
    entries_.at(number_of(e)).changed = time_of(e);
    if (finished_.size() > finished_requests_max) {
        entries_.erase(finished_.front());
        finished_.pop_front();
    }
    return {};
}

}  // namespace tallyfs::approval
