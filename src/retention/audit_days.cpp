#include <tallyfs/base/log.hpp>
#include <tallyfs/retention/audit_days.hpp>

#include <algorithm>

namespace tallyfs::retention {

std::vector<state::setting_definition> audit_days::definitions() {
    state::setting_definition days;
    days.name = "audit/retention_days";
    days.meaning =
        "How long events of the audit are kept: older days are deleted whole, which is recorded. "
        "Today's and yesterday's always stay. 0 keeps them for ever.";
    days.allowed = "0 to 36500";
    days.unit = "days";
    days.default_value = "0";
    days.needs_newline = true;
    days.judge = state::whole_number(0, 36'500);
    days.apply = [this](const std::string&, const std::string* value) {
        const std::lock_guard lock(mutex_);
        days_kept_ = std::stoi(*value);
    };
    return {std::move(days)};
}

std::string audit_days::problem() const {
    const std::lock_guard lock(mutex_);
    return problem_;
}

void audit_days::look(wall_time now) {
    std::string problem;
    for (const auto date : days_to_delete(now)) {
        problem = delete_day(date);
        if (!problem.empty()) break;
    }
    if (problem.empty()) problem = forget_deleted();
    const std::lock_guard lock(mutex_);
    if (!problem.empty() && problem != problem_) spdlog::error("{}", problem);
    problem_ = std::move(problem);
}

/// Never today's or yesterday's, whatever the clock or the journal takes for today; but one that
/// the index has forgotten, whatever the setting is by now.
std::vector<day> audit_days::days_to_delete(wall_time now) const {
    int kept = 0;
    {
        const std::lock_guard lock(mutex_);
        kept = days_kept_;
    }
    const auto newest = lines_.end().segment.date;
    const auto today = std::min(newest, zone::day_of(now));
    const day first(today.date() - std::chrono::days(kept));
    const auto begun = index_.last_forgotten();
    std::vector<day> days;
    for (const auto& segment : lines_.segments()) {
        const auto date = segment.id.date;
        if (date >= newest || (!days.empty() && days.back() == date)) continue;
        if (date == begun || (kept > 0 && date < first)) days.push_back(date);
    }
    return days;
}

/// Recorded first, so that nothing is ever missing that no action tells of; then no search leads to
/// the lines any more, and then they go.
std::string audit_days::delete_day(day date) {
    const auto not_deleted = [&](const std::string& why) {
        return "the audit of " + date.to_string() + " is not deleted: " + why;
    };
    const auto found = journal::read_chain_day(lines_.segments(), date);
    if (!found) return not_deleted(found.error().message());
    if (!found->problem.empty()) {
        return not_deleted("its chain does not hold (tallyfs verify): " + found->problem);
    }
    // A deletion that fails is tried again each minute, of what is left of the day by then: the
    // same base is not told again.
    const bool is_recorded = recorded_ && recorded_->date == date && recorded_->base == found->end;
    if (!is_recorded) {
        if (!parts_.record(journal::audit_deleted, date.to_string(),
                           journal::deletion_detail(date, *found))) {
            return not_deleted("it cannot be recorded in the actions");
        }
        recorded_ = {date, found->end};
    }
    if (const auto forgotten = index_.forget_day(date); !forgotten) {
        return not_deleted("the index cannot forget it: " + forgotten.error().message());
    }
    const auto removed = lines_.remove_day(date);
    parts_.changed();
    return removed ? "" : not_deleted(removed.error().message());
}

/// Days that were deleted by an index that was restored since.
std::string audit_days::forget_deleted() {
    const auto segments = lines_.segments();
    for (auto date = index_.oldest_day(); date && !segments.empty(); date = index_.oldest_day()) {
        if (*date >= segments.front().id.date) break;
        if (const auto forgotten = index_.forget_day(*date); !forgotten) {
            return "the index of the audit cannot forget " + date->to_string() + ": " +
                   forgotten.error().message();
        }
    }
    return "";
}

}  // namespace tallyfs::retention
