#include "audit/shown_name.hpp"

#include <tallyfs/audit/windows.hpp>
#include <tallyfs/base/masked_sql.hpp>
#include <tallyfs/base/text.hpp>

#include <algorithm>

namespace tallyfs::audit {

namespace {

constexpr std::size_t identities_max = 10'000;
/// Names that may be made up by a client that did not log in: more alerts than these nobody reads.
constexpr std::size_t doubtful_max = 100;
/// What is not told apart any more is in one identity a rule and window; of these not many either,
/// because a forged entry can be of any time.
constexpr std::size_t others_max = 1'000;
constexpr std::size_t statements_max = 10'000;
constexpr std::size_t statements_in_all_max = 100'000;  // some 10 MB
/// Bursts that are not complete when their window ends wait for late events.
constexpr std::size_t waiting_max = 1'000;
constexpr std::size_t finished_bursts_max = 1'000;
constexpr std::size_t sessions_max = 100;
constexpr std::size_t objects_max = 20;
constexpr std::size_t tickets_max = 20;
constexpr std::string_view other_users = "(other)";

template <class Value>
bool insert_bounded(std::set<Value>& into, Value value, std::size_t most) {
    return into.size() < most && into.insert(std::move(value)).second;
}

/// A failed log-in, or an entry of a log in which clients can write lines, of no known user.
bool is_doubtful(const record::audit_event& event) {
    return event.account == to_string(account::unknown) &&
           (event.trust == "text" || event.kind == "error");
}

std::string session_of(const record::audit_event& event) {
    if (!event.session.empty()) return shown_session(event.session);
    if (!event.pid) return {};
    // The same number is another process on another day.
    return "pid " + std::to_string(*event.pid) + " of " +
           to_rfc3339(event.logged).substr(0, std::string_view("2026-11-20").size());
}

}  // namespace

wall_time window_of(wall_time logged) noexcept {
    return std::chrono::floor<std::chrono::duration<std::int64_t, std::ratio<300>>>(logged);
}

std::string alert_id::to_string() const {
    const auto escaped = [](std::string_view text) {
        std::string made;
        for (const char c : text) {
            if (c == '|') made += "%7C";
            if (c == '%') made += "%25";
            if (c != '|' && c != '%') made += c;
        }
        return made;
    };
    auto begins = to_rfc3339(window);
    begins.replace(begins.find('.'), std::string::npos, "Z");
    std::string made(audit::to_string(rule));
    for (const auto& part : {escaped(cluster), escaped(user), begins})
        made.append("|").append(part);
    return made;
}

windows::windows(std::string cluster) : cluster_(std::move(cluster)) {}

bool windows::is_over(wall_time window) const noexcept {
    // Nothing has passed before the first call; and no time near the ends of the range overflows.
    return passed_ != wall_time::min() && window < passed_ &&
           passed_ - window >= window_length + window_lateness;
}

/// Where an event is counted: under its user, or under all others where there are too many.
windows::place windows::place_for(rule of, const record::audit_event& event) {
    // What a forged entry says of its user is not believed.
    const bool of_nobody = of == rule::forged;
    alert_id id{of, cluster_, of_nobody ? std::string() : shown_user(event.user),
                window_of(event.logged)};
    if (const auto found = counting_.find(id); found != counting_.end()) return found;
    const bool doubtful = is_doubtful(event) && !of_nobody;
    const bool full =
        counting_.size() >= identities_max || (doubtful && doubtful_[of] >= doubtful_max);
    if (full) {
        id.user = other_users;
        if (const auto found = counting_.find(id); found != counting_.end()) return found;
        if (counting_.size() >= identities_max + others_max) {
            // The nearest before it, of this rule and all others.
            const auto after = counting_.upper_bound(id);
            if (after != counting_.begin()) {
                const auto& before = std::prev(after)->first;
                if (before.rule == of && before.user == other_users) return std::prev(after);
            }
            id.window = {};  // so that a rule has one more of these at most
        }
    }
    const auto made = counting_.try_emplace(id).first;
    made->second.tally.id = id;
    made->second.doubtful = doubtful && !full;
    if (made->second.doubtful) ++doubtful_[of];
    const bool over = is_over(id.window);
    made->second.tally.over = over;
    const bool finished = std::ranges::find(finished_bursts_, id) != finished_bursts_.end();
    // A burst that is not complete has no alert yet: nothing is reopened.
    if (over && (of != rule::denied || finished)) made->second.tally.reopened = 1;
    made->second.due = of != rule::denied || finished;
    return made;
}

void windows::count_statement(counting& in, const record::audit_event& event) {
    if (!event.statement_id) {
        ++in.tally.statements;
        return;
    }
    auto id = session_of(event) + ' ' + std::to_string(*event.statement_id);
    if (id == in.last_statement) return;
    in.last_statement = id;
    // Beyond the limits events of one statement are told by following each other.
    if (in.statement_ids.contains(id)) return;
    ++in.tally.statements;
    if (in.statement_ids.size() >= statements_max || statements_kept_ >= statements_in_all_max)
        return;
    in.statement_ids.insert(std::move(id));
    ++statements_kept_;
}

void windows::count(rule of, const record::audit_event& event, const rule_settings& settings) {
    auto& in = place_for(of, event)->second;
    auto& tally = in.tally;
    const bool first = tally.events == 0;
    ++tally.events;
    count_statement(in, event);
    tally.rows = std::max(tally.rows, event.rows.value_or(0));
    tally.expected += event.expected.empty() ? 0 : 1;
    tally.believable += event.trust == "text" ? 0 : 1;
    tally.first_number = first ? event.number : std::min(tally.first_number, event.number);
    tally.last_number = std::max(tally.last_number, event.number);
    tally.first_logged = first ? event.logged : std::min(tally.first_logged, event.logged);
    tally.last_logged = std::max(tally.last_logged, event.logged);
    if (auto session = session_of(event); !session.empty())
        insert_bounded(tally.sessions, std::move(session), sessions_max);
    if (!event.object.empty())
        insert_bounded(tally.objects, shown_object(event.object), objects_max);
    if (!event.expected.empty())
        insert_bounded(tally.tickets, shown_ticket(event.expected), tickets_max);
    if (first) tally.text = shown_text(event);
    if (of == rule::denied && tally.events >= settings.denied_burst) in.due = true;
    in.changed = true;
}

bool is_of(const record::audit_event& event, const alert_id& id) {
    if (window_of(event.logged) != id.window) return false;
    if (id.rule == rule::forged || id.user == other_users) return true;
    return shown_user(event.user) == id.user;
}

void windows::add(const record::audit_event& event, const rule_settings& settings) {
    for (const auto& name : event.rules) {
        rule broken{};
        if (parse_rule(name, broken) && broken != rule::blind) count(broken, event, settings);
    }
}

void windows::pass(wall_time newest) {
    if (newest <= passed_) return;
    const bool same = passed_ != wall_time::min() &&
                      window_of(passed_ - window_lateness) == window_of(newest - window_lateness);
    passed_ = newest;
    if (same) return;
    for (auto& [id, in] : counting_) {
        if (in.tally.over || !is_over(id.window)) continue;
        in.tally.over = true;
        in.changed = true;
    }
}

std::vector<tally> windows::take_changed() {
    std::vector<tally> made;
    std::vector<wall_time> waiting;
    for (auto at = counting_.begin(); at != counting_.end();) {
        auto& [id, in] = *at;
        const bool taken = in.changed && in.due;
        if (taken) {
            in.changed = false;
            made.push_back(in.tally);
        }
        if (!in.tally.over || !in.due) {
            if (in.tally.over) waiting.push_back(id.window);
            ++at;
            continue;
        }
        if (id.rule == rule::denied) finish_burst(id);
        at = forget(at);
    }
    if (waiting.size() > waiting_max) drop_waiting(std::move(waiting));
    std::ranges::stable_sort(made, {}, [](const tally& one) { return one.id.window; });
    return made;
}

void windows::finish_burst(const alert_id& id) {
    if (std::ranges::find(finished_bursts_, id) != finished_bursts_.end()) return;
    finished_bursts_.push_back(id);
    if (finished_bursts_.size() > finished_bursts_max) finished_bursts_.pop_front();
}

windows::place windows::forget(place at) {
    statements_kept_ -= at->second.statement_ids.size();
    if (at->second.doubtful) --doubtful_[at->first.rule];
    return counting_.erase(at);
}

/// The bursts of the oldest windows.
void windows::drop_waiting(std::vector<wall_time> waiting) {
    const auto too_many = waiting.size() - waiting_max;
    const auto last = waiting.begin() + static_cast<std::ptrdiff_t>(too_many) - 1;
    std::ranges::nth_element(waiting, last);
    auto left = too_many;
    for (auto at = counting_.begin(); at != counting_.end() && left > 0;) {
        const bool waits = at->second.tally.over && !at->second.due && at->first.window <= *last;
        at = waits ? forget(at) : std::next(at);
        if (waits) --left;
    }
}

wall_time windows::oldest() const noexcept {
    auto made = wall_time::max();
    for (const auto& [id, in] : counting_)
        if (!in.tally.over) made = std::min(made, id.window);
    return made;
}

}  // namespace tallyfs::audit
