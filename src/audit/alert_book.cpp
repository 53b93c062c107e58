#include "audit/alert_json.hpp"

#include <tallyfs/audit/alert.hpp>
#include <tallyfs/base/text.hpp>

#include <algorithm>
#include <charconv>

namespace tallyfs::audit {

namespace {

constexpr std::size_t closed_max = 1'000;
constexpr std::size_t forgotten_max = 50'000;  // some 10 MB
constexpr std::size_t remembered_sessions_max = 10'000;
constexpr std::string_view opened = "alert.opened";
constexpr std::string_view counted_on = "alert.counted";
constexpr std::string_view acknowledged = "alert.acknowledged";
constexpr std::string_view closed_event = "alert.closed";
constexpr std::string_view what_to_write =
    "write ack, or close: and why, such as close: planned clean-up, DB-123";

std::optional<std::uint32_t> number_of(std::string_view text) {
    std::uint32_t number = 0;
    const auto* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    const bool whole = read.ec == std::errc{} && read.ptr == end && !text.starts_with('0');
    if (!whole || number == 0) return std::nullopt;
    return number;
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    return text.substr(0, text.find_last_not_of(blanks) + 1);
}

std::string session_key(const alert_id& id, std::string_view session) {
    std::string made(to_string(id.rule));
    // Lengths keep names apart that hold what stands between them.
    made.append("|").append(std::to_string(id.cluster.size()));
    made.append("|").append(id.cluster).append("|").append(std::to_string(id.user.size()));
    return made.append("|").append(id.user).append("|").append(session);
}

std::int64_t unannounced(const tally& of) {
    return of.events - of.expected;
}

}  // namespace

bool alert_book::has_new_session(const tally& counted) const {
    return counted.sessions.empty() ||
           std::ranges::any_of(counted.sessions, [&](const auto& session) {
               return !sessions_.contains(session_key(counted.id, session));
           });
}

bool alert_book::would_page(const kept* before, const kept& after, paging pages) const {
    const auto& now = after.alert.tally;
    const auto told = before == nullptr ? 0 : unannounced(before->alert.tally);
    if (pages == paging::digest || unannounced(now) <= told) return false;
    if (before != nullptr && before->alert.state == alert_state::closed) return true;
    const bool paged = before != nullptr && before->alert.paged;
    if (pages == paging::window) return !paged;
    return now.sessions.empty() ? !paged : has_new_session(now);
}

std::optional<alert_change> alert_book::judge(const tally& counted, paging pages) const {
    if (counted.events <= 0) return std::nullopt;
    const auto found = by_id_.find(counted.id);
    if (found != by_id_.end() && !is_new(found->second, counted)) return std::nullopt;
    const auto at = found == by_id_.end() ? alerts_.end() : alerts_.find(found->second.number);
    const kept* const before = at == alerts_.end() ? nullptr : &at->second;
    kept after = before == nullptr ? kept{} : *before;
    merge(after, counted);
    recorded_count made{counted, pages, would_page(before, after, pages), false};
    if (found == by_id_.end()) {
        const auto number = last_number_ + 1;
        return alert_change{std::string(opened), number, count_detail(after.alert, made),
                            made.pages};
    }
    // One that is forgotten was closed.
    made.reopens = before == nullptr || before->alert.state == alert_state::closed;
    return alert_change{std::string(counted_on), found->second.number,
                        count_detail(after.alert, made), made.pages};
}

alert_book::answer alert_book::decide(std::uint32_t number, std::string_view text) const {
    const auto fail = [](std::string why) { return answer{std::nullopt, std::move(why)}; };
    const auto* const of = find(number);
    if (of == nullptr) return fail("there is no alert " + std::to_string(number));
    const auto word = trimmed(text);
    if (of->state == alert_state::closed)
        return fail("alert " + std::to_string(number) + " is closed already");
    if (equal_ignoring_case(word, "ack")) {
        if (of->state == alert_state::acknowledged)
            return fail("it is acknowledged already, by " + of->by +
                        "; close it with close: and why");
        return {alert_change{std::string(acknowledged), number, word_detail(*of, ""), false}, {}};
    }
    constexpr std::string_view close = "close";
    const bool closes = equal_ignoring_case(word.substr(0, close.size()), close) &&
                        (word.size() == close.size() || word[close.size()] == ':');
    if (!closes) return fail(std::string(what_to_write));
    const auto reason = trimmed(word.substr(std::min(close.size() + 1, word.size())));
    if (auto wrong = problem_of_reason(reason); !wrong.empty()) return fail(std::move(wrong));
    return {alert_change{std::string(closed_event), number, word_detail(*of, reason), false}, {}};
}

bool alert_book::apply(std::string_view event, std::string_view subject, std::string_view detail,
                       wall_time time, std::string_view by) {
    const auto number = number_of(subject);
    if (!number) return false;
    const bool counts = event == opened || event == counted_on;
    const bool done = counts ? apply_count(*number, event, detail, time)
                             : apply_word(*number, event, detail, time, by);
    if (done) ++changes_;
    return done;
}

bool alert_book::apply_count(std::uint32_t number, std::string_view event, std::string_view detail,
                             wall_time time) {
    const auto read = parse_count_detail(detail);
    if (!read) return false;
    const auto& id = read->counted.id;
    const auto found = by_id_.find(id);
    if (event == opened) {
        if (found != by_id_.end() || number <= last_number_) return false;
        last_number_ = number;
    } else if (found == by_id_.end() || found->second.number != number ||
               !is_new(found->second, read->counted)) {
        return false;
    }
    auto& of = alerts_[number];
    if (of.alert.number == 0) {
        std::erase(forgotten_, id);
        of.alert.number = number;
        of.alert.opened = time;
    }
    merge(of, read->counted);
    if (of.alert.state == alert_state::closed) {
        closed_.erase({of.alert.changed, number});
        of.alert.state = alert_state::open;
        of.alert.reason.clear();
        of.alert.by.clear();
    }
    of.alert.paged = of.alert.paged || read->pages;
    of.alert.changed = time;
    by_id_[id] = {number, of.alert.tally.last_number, of.alert.tally.events};
    if (read->pages && read->paging == paging::session) remember_sessions(of.alert.tally);
    return true;
}

bool alert_book::apply_word(std::uint32_t number, std::string_view event, std::string_view detail,
                            wall_time time, std::string_view by) {
    const auto found = alerts_.find(number);
    if (found == alerts_.end() || found->second.alert.state == alert_state::closed) return false;
    auto& of = found->second.alert;
    if (event == acknowledged) {
        if (of.state != alert_state::open) return false;
        of.state = alert_state::acknowledged;
    } else if (event == closed_event) {
        auto reason = parse_reason(detail);
        if (!reason) return false;
        of.state = alert_state::closed;
        of.reason = std::move(*reason);
        closed_.insert({time, number});
    } else {
        return false;
    }
    of.by = by;
    of.changed = time;
    forget_closed();
    return true;
}

void alert_book::remember_sessions(const tally& counted) {
    for (const auto& session : counted.sessions) {
        auto key = session_key(counted.id, session);
        if (!sessions_.insert(key).second) continue;
        sessions_in_order_.push_back(std::move(key));
        if (sessions_in_order_.size() <= remembered_sessions_max) continue;
        sessions_.erase(sessions_in_order_.front());
        sessions_in_order_.pop_front();
    }
}

/// Those that were closed longest ago.
void alert_book::forget_closed() {
    while (closed_.size() > closed_max) {
        const auto number = closed_.begin()->second;
        closed_.erase(closed_.begin());
        const auto found = alerts_.find(number);
        forgotten_.push_back(found->second.alert.tally.id);
        alerts_.erase(found);
        if (forgotten_.size() <= forgotten_max) continue;
        by_id_.erase(forgotten_.front());
        forgotten_.pop_front();
    }
}

const alert* alert_book::find(std::uint32_t number) const {
    const auto found = alerts_.find(number);
    return found == alerts_.end() ? nullptr : &found->second.alert;
}

std::vector<const alert*> alert_book::open() const {
    std::vector<const alert*> made;
    for (const auto& [number, of] : alerts_)
        if (of.alert.state != alert_state::closed) made.push_back(&of.alert);
    return made;
}

std::vector<const alert*> alert_book::closed() const {
    std::vector<const alert*> made;
    for (const auto& [number, of] : alerts_)
        if (of.alert.state == alert_state::closed) made.push_back(&of.alert);
    return made;
}

}  // namespace tallyfs::audit
