#include "postgres/remedy_target.hpp"

#include <tallyfs/base/log.hpp>
#include <tallyfs/postgres/remedy_effects.hpp>

#include <nlohmann/json.hpp>

namespace tallyfs::postgres {

namespace {

using json = nlohmann::ordered_json;
using std::chrono::hours;

constexpr std::string_view event_name = "remedy.measured";
constexpr std::array<std::string_view, 3> moment_names{"before", "after_hour", "after_day"};
/// As many as approvals keep (approval::finished_requests_max), and those that are open.
constexpr std::size_t known_max = 2'000;

/// What the newest looks show that are not older than `due`; nullopt if there are none.
std::optional<json> measured(const board& seen, const approval::request& what, wall_time due) {
    const auto& all = what.asked.parameters;
    const auto place = all.find("database");
    if (place == all.end()) return std::nullopt;
    const auto& path = place->second;
    const auto slash = path.find('/', path.find('/') + 1);
    const auto first = path.find('/');
    if (slash == std::string::npos || first == std::string::npos) return std::nullopt;
    const remedy_view view{
        seen.find({path.substr(0, first), path.substr(first + 1, slash - first - 1)})};
    if (view.server == nullptr) return std::nullopt;
    const auto found =
        health::measure(what.asked.kind, all, view.sample(), view.snapshot(path.substr(slash + 1)));
    if (!found || found->taken < due) return std::nullopt;
    json detail;
    detail["taken"] = to_rfc3339(found->taken);
    const auto* const standing = finding_of(*view.server, what.asked.kind, all);
    detail["finding_open"] = standing != nullptr;
    if (standing != nullptr) {
        detail["severity"] = to_string(standing->finding.severity);
        detail["finding"] = standing->finding.title + ": " + standing->finding.figures_text;
    }
    detail["figures"] = json::object();
    for (const auto& one : found->figures) detail["figures"][one.name] = one.value;
    return detail;
}

std::string dumped(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

void remedy_effects::take(std::uint32_t number, moment_of when, std::string detail,
                          wall_time time) {
    const std::lock_guard lock(mutex_);
    auto& one = known_[number];
    one.details[when] = std::move(detail);
    one.changed = time;
    if (known_.size() > known_max) known_.erase(known_.begin());
}

void remedy_effects::replay(const record::action& past) {
    if (past.event != event_name) return;
    const auto number = approval::parse_number(past.subject);
    auto detail = json::parse(past.detail, nullptr, false);
    const auto name = detail.is_object() ? detail.value("moment", "") : std::string();
    const auto place = std::ranges::find(moment_names, name);
    if (!number || place == moment_names.end()) {
        spdlog::error("action {} of request {} cannot be read", past.number, past.subject);
        return;
    }
    detail.erase("moment");
    take(*number, static_cast<moment_of>(place - moment_names.begin()), dumped(detail), past.time);
}

void remedy_effects::note(const approval::request& what) {
    // Started a second time after a crash: what was before it is what was before the first start.
    if (known_.contains(what.number)) return;
    static_cast<void>(measure(what, before, wall_time::min(), wall_time::min()));
}

/// Records it; after `give_up` also that nothing was seen.
bool remedy_effects::measure(const approval::request& what, moment_of when, wall_time due,
                             wall_time give_up) {
    auto detail = measured(seen_, what, due);
    if (!detail && clock_.wall() < give_up) return false;
    if (!detail) detail = json{{"taken", nullptr}, {"missed", "it was not looked at in time"}};
    auto text = dumped(*detail);
    json recorded{{"moment", moment_names.at(when)}};
    recorded.update(*detail);
    const auto done = actions_.record(std::string(event_name), approval::number_text(what.number),
                                      {}, dumped(recorded));
    if (!done) return false;  // the next tick tries again
    take(what.number, when, std::move(text), done->time);
    return true;
}

bool remedy_effects::tick(const state::approvals& requests) {
    if (clock_.steady() < next_) return false;
    next_ = clock_.steady() + std::chrono::minutes(1);
    bool any = false;
    std::vector<std::uint32_t> open;
    for (const auto& [number, one] : known_) {
        if (one.details[after_day].empty()) open.push_back(number);
    }
    for (const auto number : open) {
        const auto entry = requests.find(number);
        if (!entry || entry->state != approval::state::done || !entry->ended) continue;
        const auto now = clock_.wall();
        const auto done = *entry->ended;
        const auto& details = known_.at(number).details;
        if (details[after_hour].empty() && now >= done + hours(1)) {
            any |= measure(entry->request, after_hour, done + hours(1), done + hours(6));
        }
        if (now >= done + hours(24)) {
            any |= measure(entry->request, after_day, done + hours(24), done + hours(48));
        }
    }
    return any;
}

std::optional<remedy_effects::shown> remedy_effects::find(std::uint32_t number) const {
    const std::lock_guard lock(mutex_);
    const auto place = known_.find(number);
    if (place == known_.end()) return std::nullopt;
    json all;
    for (std::size_t when = 0; when < moments; ++when) {
        const auto& detail = place->second.details[when];
        all[std::string(moment_names[when])] = detail.empty() ? json() : json::parse(detail);
    }
    return shown{dumped(all), place->second.changed};
}

}  // namespace tallyfs::postgres
