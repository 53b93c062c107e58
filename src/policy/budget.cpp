#include "policy/words.hpp"

#include <tallyfs/policy/budget.hpp>

#include <algorithm>
#include <limits>

namespace tallyfs::policy {

namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

struct names {
    explicit names(const budget_facts& facts)
        : principal(facts.principal), service(facts.service), model(facts.model) {}
    principal_name principal;
    std::string_view service;
    model_name model;
};

bool matches(const budget& b, const names& call) {
    return (!b.principal || b.principal->matches(call.principal)) &&
           (!b.service || b.service->matches(call.service)) &&
           (!b.model || b.model->matches(call.model));
}

/// amount_max times raise_percent_max is below 64 bits; sums of what calls report may not be.
std::int64_t add_saturated(std::int64_t a, std::int64_t b) {
    constexpr auto largest = std::numeric_limits<std::int64_t>::max();
    return b > largest - a ? largest : a + b;
}

std::int64_t raised(std::int64_t limit, int percent, std::int64_t more) {
    return add_saturated(limit / 100 * percent + limit % 100 * percent / 100, more);
}

/// Between two calls, where they come as fast as they may.
nanoseconds interval(std::int64_t calls_per_minute) {
    return nanoseconds(std::chrono::minutes(1)) / calls_per_minute;
}

/// How long after now the bucket has room for a call; nothing or less if it has.
nanoseconds wait_for_rate(std::int64_t calls_per_minute, steady_time next_call, steady_time now) {
    return (next_call - now) - interval(calls_per_minute) * (calls_per_minute - 1);
}

void add_usage(usage& sum, const usage& used) {
    // A count that an upstream reports is not believed to be positive.
    sum.tokens = add_saturated(sum.tokens, std::max<std::int64_t>(used.tokens, 0));
    sum.busy =
        microseconds(add_saturated(sum.busy.count(), std::max<std::int64_t>(used.busy.count(), 0)));
}

std::int64_t whole_seconds(microseconds busy) {
    return duration_cast<seconds>(busy).count();
}

bool reached(std::int64_t used, std::int64_t limit, int percent) {
    return used >= limit / 100 * percent + (limit % 100 * percent + 99) / 100;
}

}  // namespace

std::string refusal::reason() const {
    return "budget \"" + level.budget + "\" is used up: " + std::to_string(level.used) + " of " +
           std::to_string(level.limit) + ' ' + std::string(to_string(level.measure));
}

std::int64_t budget_book::token_limit(const entry& e) {
    const auto more = e.count.raised.value_or(budget_raise{});
    return raised(e.budget.tokens_per_day.value_or(0), more.percent, more.more_tokens);
}

std::int64_t budget_book::second_limit(const entry& e) {
    const auto more = e.count.raised.value_or(budget_raise{});
    return raised(e.budget.seconds_per_day.value_or(seconds(0)).count(), more.percent,
                  more.more_seconds.count());
}

parsed<budget_book> budget_book::build(std::vector<budget> budgets) {
    budget_book built;
    if (auto done = built.replace(std::move(budgets)); !done) return done.error();
    return built;
}

parsed<void> budget_book::replace(std::vector<budget> budgets) {
    if (budgets.size() > budgets_max) {
        return error_at({}, "more than " + std::to_string(budgets_max) + " budgets");
    }
    std::vector<entry> entries;
    entries.reserve(budgets.size());
    for (budget& b : budgets) {
        const auto named = [&](const entry& e) { return e.budget.name == b.name; };
        if (std::ranges::any_of(entries, named)) {
            text_error twice = error_at({}, "a second budget of this name");
            twice.name = b.name;
            return twice;
        }
        const auto kept = std::ranges::find_if(entries_, named);
        counters count;
        if (kept != entries_.end()) {
            count = kept->count;
        } else {
            count.id = next_id_ + entries.size();
        }
        entries.push_back({std::move(b), count});
    }
    next_id_ += entries.size();
    entries_ = std::move(entries);
    return {};
}

std::optional<refusal> budget_book::refuses(const entry& e, const budget_moment& moment) {
    const auto& [b, count] = e;
    const auto refused = [&](measure m, std::int64_t used, std::int64_t limit, seconds after) {
        return refusal{{b.name, m, used, limit}, std::max(after, seconds(1))};
    };
    if (b.tokens_per_day && count.used.tokens >= token_limit(e)) {
        return refused(measure::tokens_per_day, count.used.tokens, token_limit(e),
                       moment.until_tomorrow);
    }
    if (b.seconds_per_day && whole_seconds(count.used.busy) >= second_limit(e)) {
        return refused(measure::seconds_per_day, whole_seconds(count.used.busy), second_limit(e),
                       moment.until_tomorrow);
    }
    if (b.calls_at_once && count.calls_open >= *b.calls_at_once) {
        return refused(measure::calls_at_once, count.calls_open, *b.calls_at_once,
                       retry_after_busy);
    }
    if (b.calls_per_minute) {
        const auto wait = wait_for_rate(*b.calls_per_minute, count.next_call, moment.now);
        if (wait > nanoseconds(0)) {
            return refused(measure::calls_a_minute, *b.calls_per_minute, *b.calls_per_minute,
                           std::chrono::ceil<seconds>(wait));
        }
    }
    return std::nullopt;
}

void budget_book::collect_warnings(entry& e, std::vector<budget_level>& out) {
    auto& [b, count] = e;
    if (b.tokens_per_day && !count.warned_tokens &&
        reached(count.used.tokens, token_limit(e), warn_percent)) {
        count.warned_tokens = true;
        out.push_back({b.name, measure::tokens_per_day, count.used.tokens, token_limit(e)});
    }
    const auto busy = whole_seconds(count.used.busy);
    if (b.seconds_per_day && !count.warned_seconds &&
        reached(busy, second_limit(e), warn_percent)) {
        count.warned_seconds = true;
        out.push_back({b.name, measure::seconds_per_day, busy, second_limit(e)});
    }
}

admission budget_book::admit(const budget_facts& facts, const budget_moment& moment) {
    turn_to(moment.today);
    const names call(facts);
    std::vector<entry*> matching;
    admission given;
    for (entry& e : entries_) {
        if (!matches(e.budget, call)) continue;
        matching.push_back(&e);
        if (given.refused) continue;
        given.refused = refuses(e, moment);
        if (given.refused) ++e.count.refused_today;
    }
    if (given.refused) return given;
    for (entry* const e : matching) {
        ++e->count.calls_open;
        if (e->budget.calls_per_minute) {
            e->count.next_call =
                std::max(e->count.next_call, moment.now) + interval(*e->budget.calls_per_minute);
        }
        given.ticket.budgets_.push_back(e->count.id);
    }
    return given;
}

std::vector<budget_level> budget_book::finish(budget_ticket ticket, const usage& used,
                                              const budget_moment& moment) {
    turn_to(moment.today);
    std::vector<budget_level> warnings;
    for (entry& e : entries_) {
        if (std::ranges::find(ticket.budgets_, e.count.id) == ticket.budgets_.end()) continue;
        --e.count.calls_open;
        add_usage(e.count.used, used);
        collect_warnings(e, warnings);
    }
    return warnings;
}

void budget_book::seed(const budget_facts& facts, const usage& used, day today) {
    turn_to(today);
    if (today != today_) return;
    const names call(facts);
    std::vector<budget_level> told;
    for (entry& e : entries_) {
        if (!matches(e.budget, call)) continue;
        add_usage(e.count.used, used);
        collect_warnings(e, told);
    }
}

bool budget_book::raise(std::string_view name, const budget_raise& more, day today) {
    turn_to(today);
    const auto found =
        std::ranges::find_if(entries_, [&](const entry& e) { return e.budget.name == name; });
    const bool sound = more.percent >= 100 && more.percent <= raise_percent_max &&
                       more.more_tokens >= 0 && more.more_tokens <= amount_max &&
                       more.more_seconds >= seconds(0) && more.more_seconds.count() <= amount_max;
    if (found == entries_.end() || today != today_ || !sound) return false;
    found->count.raised = more;
    return true;
}

void budget_book::turn_to(day today) {
    if (today <= today_) return;
    today_ = today;
    for (auto& [b, count] : entries_) {
        count.used = {};
        count.refused_today = 0;
        count.raised.reset();
        count.warned_tokens = count.warned_seconds = false;
    }
}

std::vector<budget_state> budget_book::state() const {
    std::vector<budget_state> states;
    states.reserve(entries_.size());
    for (const entry& e : entries_) {
        const auto& [b, count] = e;
        auto& s = states.emplace_back(budget_state{
            b.name, today_, count.used, count.calls_open, count.refused_today, count.raised, {}});
        if (b.tokens_per_day) {
            s.levels.push_back(
                {b.name, measure::tokens_per_day, count.used.tokens, token_limit(e)});
        }
        if (b.seconds_per_day) {
            s.levels.push_back({b.name, measure::seconds_per_day, whole_seconds(count.used.busy),
                                second_limit(e)});
        }
        if (b.calls_at_once) {
            s.levels.push_back(
                {b.name, measure::calls_at_once, count.calls_open, *b.calls_at_once});
        }
    }
    return states;
}

}  // namespace tallyfs::policy
