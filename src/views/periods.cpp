#include "views/periods.hpp"

#include "views/directories.hpp"

#include <tallyfs/base/readable.hpp>
#include <tallyfs/tree/make.hpp>

#include <spdlog/fmt/fmt.h>

namespace tallyfs::views {

namespace {

std::string day_hint(const sources& from) {
    return "No calls yet. Send one through the proxy, for example\n"
           "  curl http://" +
           from.facts.proxy + "/api/generate -d '{\"model\":\"NAME\",\"prompt\":\"Hi\"}'\n";
}

}  // namespace

tree::node period_node(const sources& from, const usage_period& period, ledger::stamp stamp,
                       std::string_view extension) {
    const auto began = period.query.first ? zone::start_of(*period.query.first) : wall_time{};
    auto changed = std::max(stamp.changed, began);
    // The heading of a day tells when the day is over.
    if (extension == "txt" && period.one_day && !period.open) {
        changed = std::max(changed, zone::start_of(period.query.last->next()));
    }
    const auto version =
        tree::version_of(stamp.lines, stamp.changed.time_since_epoch().count(), period.open,
                         period.query.first ? period.query.first->number() : 0);
    const auto render = extension == "txt"    ? usage_text
                        : extension == "json" ? usage_json
                                              : usage_csv;
    return tree::text_node(version, changed, [&ledger = from.ledger, period, render] {
        return render(ledger, period);
    });
}

usage_period day_period(const sources& from, day date, ledger::stamp stamp) {
    const bool open = date == current_day(from);
    usage_period period;
    period.title = day_text(date);
    period.empty_hint = open ? day_hint(from) : "No calls on this day.\n";
    period.query.first = period.query.last = date;
    period.last_change = stamp.changed;
    period.one_day = true;
    period.open = open;
    return period;
}

day first_of_month(day date) {
    const std::chrono::year_month_day ymd(date.date());
    return day(std::chrono::sys_days(ymd.year() / ymd.month() / 1));
}

usage_period month_period(const sources& from, day first, ledger::stamp stamp) {
    constexpr std::array names{"January",   "February", "March",    "April",
                               "May",       "June",     "July",     "August",
                               "September", "October",  "November", "December"};
    const std::chrono::year_month_day ymd(first.date());
    usage_period period;
    period.title = fmt::format("{} {}", names[static_cast<unsigned>(ymd.month()) - 1],
                               static_cast<int>(ymd.year()));
    period.empty_hint = "No calls in this month.\n";
    period.query.first = first;
    period.query.last = day(std::chrono::sys_days(ymd.year() / ymd.month() / std::chrono::last));
    period.last_change = stamp.changed;
    period.open = current_day(from) <= *period.query.last;
    return period;
}

usage_period total_period(const sources& from, ledger::stamp stamp) {
    const auto days = from.ledger.days();
    usage_period period;
    period.title = days.empty() ? "in total" : "since " + days.front().to_string();
    period.empty_hint = day_hint(from);
    period.last_change = stamp.changed;
    period.open = true;
    return period;
}

ledger::stamp stamp_of_month(const sources& from, day first) {
    ledger::stamp sum;
    for (const auto& date : from.ledger.days()) {
        if (first_of_month(date) != first) continue;
        const auto one = from.ledger.stamp_of_day(date);
        sum.lines += one.lines;
        sum.changed = std::max(sum.changed, one.changed);
    }
    return sum;
}

std::optional<std::pair<std::string, std::string_view>> split_file_name(std::string_view name) {
    const auto dot = name.rfind('.');
    if (dot == std::string_view::npos) return std::nullopt;
    const auto known = std::ranges::find(extensions, name.substr(dot + 1));
    if (known == extensions.end()) return std::nullopt;
    return std::pair(std::string(name.substr(0, dot)), *known);
}

}  // namespace tallyfs::views
