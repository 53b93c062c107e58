#include <tallyfs/base/log.hpp>
#include <tallyfs/state/budgets.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <charconv>

namespace tallyfs::state {

namespace {

namespace json = boost::json;

constexpr std::string_view raised = "budget.raised";
constexpr int percent_default = 150;

policy::parsed<std::vector<policy::budget>> parse_all(
    const std::map<std::string, std::string>& texts) {
    std::vector<policy::budget> all;
    for (const auto& [name, text] : texts) {
        auto one = policy::parse_budget(name, text);
        if (!one) return one.error();
        all.push_back(std::move(*one));
    }
    return all;
}

policy::budget_facts facts_of(const record::call& line) {
    return {line.principal, line.service,
            line.model ? std::string_view(*line.model) : std::string_view()};
}

policy::usage used_by(const record::call& line) {
    return {line.prompt_tokens.value_or(0) + line.output_tokens.value_or(0), record::busy(line)};
}

int percent_of(const approval::parameters& all) {
    const auto place = all.find("percent");
    if (place == all.end()) return percent_default;
    int percent = 0;
    const auto* const end = place->second.data() + place->second.size();
    const auto read = std::from_chars(place->second.data(), end, percent);
    const bool number = read.ec == std::errc{} && read.ptr == end;
    return number && percent > 100 && percent <= policy::raise_percent_max ? percent : 0;
}

}  // namespace

policy::budget_moment budgets::moment() {
    const auto now = clock_.wall();
    if (now >= tomorrow_) {
        today_ = std::max(today_, zone::day_of(now));
        tomorrow_ = zone::start_of(today_.next());
    }
    const auto left = std::chrono::ceil<std::chrono::seconds>(tomorrow_ - now);
    return {clock_.steady(), today_, std::max(left, std::chrono::seconds(1))};
}

policy::admission budgets::admit(const policy::budget_facts& facts) {
    policy::admission admitted;
    {
        const std::lock_guard lock(mutex_);
        admitted = book_.admit(facts, moment());
    }
    if (warn_) std::ranges::for_each(admitted.warnings, warn_);
    return admitted;
}

void budgets::finish(policy::budget_ticket ticket, const record::call& line) noexcept {
    try {
        std::vector<policy::budget_level> warnings;
        {
            const std::lock_guard lock(mutex_);
            warnings = book_.finish(std::move(ticket), used_by(line), moment());
        }
        if (warn_) std::ranges::for_each(warnings, warn_);
    } catch (const std::exception& failure) {
        spdlog::error("a call was not counted in its budgets: {}", failure.what());
    }
}

std::string budgets::problem_of(const std::map<std::string, std::string>& texts) {
    auto all = parse_all(texts);
    if (!all) return all.error().message();
    const auto built = policy::budget_book::build(std::move(*all));
    return built ? std::string() : built.error().message();
}

void budgets::replace(const std::map<std::string, std::string>& texts) {
    auto all = parse_all(texts);
    const std::lock_guard lock(mutex_);
    if (all) {
        if (const auto replaced = book_.replace(std::move(*all)); replaced) {
            any_ = !texts.empty();
            return;
        }
    }
    spdlog::error("the budgets do not go together; what was in force stays");
}

void budgets::seed(const record::call& line, day today) {
    const std::lock_guard lock(mutex_);
    book_.seed(facts_of(line), used_by(line), today);
}

bool budgets::has(const std::string& name) {
    const auto all = state();
    return std::ranges::find(all, name, &policy::budget_state::name) != all.end();
}

bool budgets::raise(const std::string& name, int percent, day date) {
    const std::lock_guard lock(mutex_);
    static_cast<void>(moment());
    return date == today_ && book_.raise(name, {percent, 0, {}}, date);
}

void budgets::replay(const record::action& past) {
    if (past.event != raised) return;
    error_code failure;
    const auto detail = json::parse(past.detail, failure);
    if (failure || !detail.is_object()) return;
    const auto* percent = detail.get_object().if_contains("percent");
    const auto* date = detail.get_object().if_contains("day");
    if (percent == nullptr || !percent->is_int64() || date == nullptr || !date->is_string()) return;
    const auto day_raised = day::parse(std::string_view(date->get_string()));
    // One that was for another day, or whose budget is gone, means nothing any more.
    if (day_raised) {
        static_cast<void>(raise(past.subject, static_cast<int>(percent->get_int64()), *day_raised));
    }
}

approval_kind budgets::kind(action_log& actions) {
    approval_kind kind;
    kind.name = "budget-raise";
    kind.meaning = "Raise a budget until the end of the day in which that is approved.";
    kind.parameters = "budget=NAME [percent=150]";
    kind.prepare = [this](approval::draft& asked) -> std::string {
        for (const auto& [name, value] : asked.parameters) {
            if (name != "budget" && name != "percent") {
                return "a budget-raise has no \"" + name + "\": it has budget and percent";
            }
        }
        const auto place = asked.parameters.find("budget");
        if (place == asked.parameters.end())
            return "budget=… is missing: a name in control/budgets";
        if (!has(place->second)) return "there is no budget \"" + place->second + "\"";
        const int percent = percent_of(asked.parameters);
        if (percent == 0) return "percent=… is no whole number from 101 to 10000";
        asked.title = "Raise the budget " + place->second + " to " + std::to_string(percent) + " %";
        asked.plan = "until midnight of the day of the approval, the limits of " + place->second +
                     " are " + std::to_string(percent) + " % of what they are";
        return "";
    };
    kind.execute = [this, &actions](const approval::request& request) -> approval_kind::effect {
        const auto& name = request.asked.parameters.at("budget");
        const int percent = percent_of(request.asked.parameters);
        day date;
        {
            const std::lock_guard lock(mutex_);
            date = moment().today;
        }
        const json::object detail{{"percent", percent},
                                  {"day", date.to_string()},
                                  {"request", approval::number_text(request.number)}};
        const auto recorded =
            actions.record(std::string(raised), name, {}, json::serialize(detail));
        if (!recorded) return {false, "cannot be recorded: " + recorded.error().message()};
        if (!raise(name, percent, date)) return {false, "the budget is gone"};
        return {true, "raised for " + date.to_string()};
    };
    // Raising again to the same height for the same day changes nothing: it is safe to repeat.
    kind.probe = [](const approval::request&) { return approval::probe::effect_absent; };
    return kind;
}

std::vector<policy::budget_state> budgets::state() {
    const std::lock_guard lock(mutex_);
    return book_.state();
}

}  // namespace tallyfs::state
