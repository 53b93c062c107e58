#include "trail/alerts.hpp"

#include <tallyfs/base/log.hpp>

#include <cerrno>
#include <future>

namespace tallyfs::trail {

namespace {

constexpr std::size_t together_max = 16;

}  // namespace

void alerts::replay(const record::action& past) {
    if (!past.event.starts_with("alert.")) return;
    const std::lock_guard lock(mutex_);
    static_cast<void>(book_.apply(past.event, past.subject, past.detail, past.time, past.actor.by));
}

bool alerts::report(const std::vector<audit::tally>& counted) {
    bool all = true;
    // What people ask for comes in between: each alert waits for the disk.
    for (std::size_t begin = 0; begin < counted.size(); begin += together_max) {
        const auto size = std::min(counted.size() - begin, together_max);
        all = report_some(std::span(counted).subspan(begin, size)) && all;
    }
    parts_.changed();
    return all;
}

bool alerts::report_some(std::span<const audit::tally> counted) {
    std::promise<bool> recorded;
    auto done = recorded.get_future();
    const bool posted = parts_.desk.post(
        [this, counted, recorded = std::make_shared<std::promise<bool>>(std::move(recorded))] {
            bool all = true;
            for (const auto& one : counted) all = take(one) && all;
            recorded->set_value(all);
        });
    // A desk that stops runs what waits.
    return posted && done.get();
}

audit::paging alerts::pages_of(const audit::alert_id& id) const {
    const bool is_old = id.window < parts_.clock.wall() - told_max;
    return is_old ? audit::paging::digest : parts_.judging()->pages_of(id.rule);
}

bool alerts::take(const audit::tally& counted) {
    const auto pages = pages_of(counted.id);
    std::optional<audit::alert_change> change;
    {
        const std::lock_guard lock(mutex_);
        change = book_.judge(counted, pages);
        if (!change) return true;
        const bool waits = change->event == "alert.counted" && !change->pages && !counted.over;
        if (waits) {
            live_[change->number] = counted;
            ++live_changes_;
            return true;
        }
    }
    return enter(*change, {});
}

bool alerts::enter(const audit::alert_change& change, const record::actor& by) {
    const auto recorded =
        parts_.actions.record(change.event, std::to_string(change.number), by, change.detail);
    if (!recorded) return false;
    const std::lock_guard lock(mutex_);
    if (!book_.apply(recorded->event, recorded->subject, recorded->detail, recorded->time,
                     recorded->actor.by)) {
        spdlog::error("action {} cannot be understood: {}", recorded->number, recorded->event);
    }
    if (change.event == "alert.counted") live_.erase(change.number);
    return true;
}

void alerts::decide(const tree::user& by, std::uint32_t number, std::string text,
                    tree::answer answer) {
    const bool posted = parts_.desk.post([this, by, number, text = std::move(text), answer] {
        const auto failure = carry_out(by, number, text);
        if (failure.number != 0) parts_.errors.note(by.uid, failure);
        parts_.changed();
        answer(failure.number != 0 ? failure.code() : error_code());
    });
    if (!posted) answer(error_code(EAGAIN, boost::system::generic_category()));
}

state::command_failure alerts::carry_out(const tree::user& by, std::uint32_t number,
                                         const std::string& text) {
    const auto place = "audit/alerts/" + std::to_string(number) + "/state: ";
    const auto who = parts_.auditor_of(by);
    if (!who) {
        return {EACCES,
                place + "uid " + std::to_string(by.uid) +
                    " may not decide about alerts; that takes the role auditor or operator"};
    }
    audit::alert_book::answer judged;
    std::optional<audit::alert_change> counted;
    {
        const std::lock_guard lock(mutex_);
        judged = book_.decide(number, text);
        // What the person has seen is recorded before the decision: else it would come after it,
        // as something new.
        const auto live = live_.find(number);
        if (live != live_.end()) {
            counted = book_.judge(live->second, pages_of(live->second.id));
        }
    }
    if (!judged.problem.empty()) return {EINVAL, place + judged.problem};
    const bool recorded = (!counted || enter(*counted, {})) && enter(*judged.change, *who);
    return recorded ? state::command_failure{}
                    : state::command_failure{
                          EIO, place + "it cannot be recorded, so nothing was changed"};
}

audit::alert alerts::as_counted(const audit::alert& recorded) const {
    auto shown = recorded;
    const auto place = live_.find(recorded.number);
    // One that was reopened has the late events alone.
    if (place != live_.end() && place->second.reopened == 0) {
        shown.tally = place->second;
        shown.changed = std::max(shown.changed, place->second.last_logged);
    }
    return shown;
}

std::optional<audit::alert> alerts::find(std::uint32_t number) const {
    const std::lock_guard lock(mutex_);
    const auto* const found = book_.find(number);
    return found != nullptr ? std::optional(as_counted(*found)) : std::nullopt;
}

std::vector<audit::alert> alerts::open() const {
    const std::lock_guard lock(mutex_);
    std::vector<audit::alert> all;
    for (const auto* const one : book_.open()) all.push_back(as_counted(*one));
    return all;
}

std::vector<audit::alert> alerts::closed() const {
    const std::lock_guard lock(mutex_);
    std::vector<audit::alert> all;
    for (const auto* const one : book_.closed()) all.push_back(as_counted(*one));
    return all;
}

alerts::summary alerts::count() const {
    const std::lock_guard lock(mutex_);
    summary made;
    for (const auto* const one : book_.open()) {
        if (one->state == audit::alert_state::open) {
            ++made.open;
            made.newest = directory_name(*one);
        } else {
            ++made.acknowledged;
        }
    }
    return made;
}

std::uint64_t alerts::changes() const {
    const std::lock_guard lock(mutex_);
    return book_.changes() + live_changes_;
}

}  // namespace tallyfs::trail
