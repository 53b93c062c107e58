#include "notify/status_text.hpp"

#include <tallyfs/base/day.hpp>

#include <nlohmann/json.hpp>
#include <spdlog/fmt/fmt.h>

namespace tallyfs::notify {

namespace {

using nlohmann::ordered_json;

std::string local_text(wall_time time) {
    const auto shown = zone::local(time);
    return fmt::format("{} {:02}:{:02}:{:02}", shown.date.to_string(), shown.hour, shown.minute,
                       shown.second);
}

std::int64_t seconds_between(wall_time from, wall_time until) {
    return std::max<std::int64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(until - from).count(), 0);
}

std::string rows_of(const target_status& t, wall_time now) {
    std::string out;
    const auto row = [&out](const char* name, const std::string& value) {
        out += fmt::format("  {:<12}{}\n", name, value);
    };
    if (t.actions_behind > 0) {
        row("behind", fmt::format("{} actions{}", t.actions_behind,
                                  t.waits_since && t.owed == 0
                                      ? fmt::format(", {} s", seconds_between(*t.waits_since, now))
                                      : ""));
    }
    if (t.owed > 0) {
        row("owed", fmt::format("{} outcomes, the oldest for {} s", t.owed,
                                seconds_between(t.waits_since.value_or(now), now)));
    }
    row("sent", fmt::format("{} since the start{}", t.sent,
                            t.last_success ? ", last " + local_text(*t.last_success) : ""));
    if (t.failed > 0) row("failed", std::to_string(t.failed));
    if (t.last_error_time) {
        row("last error", local_text(*t.last_error_time));
        row("", t.last_error.substr(0, 64));
    }
    if (t.next_try) row("next try", local_text(*t.next_try));
    return out;
}

ordered_json time_json(const std::optional<wall_time>& time) {
    return time ? ordered_json(to_rfc3339(*time)) : ordered_json();
}

ordered_json json_of(const target_status& t, wall_time now) {
    return {{"name", t.name},
            {"format", t.format},
            {"last_action", t.number},
            {"actions_behind", t.actions_behind},
            {"seconds_behind", t.waits_since ? seconds_between(*t.waits_since, now) : 0},
            {"owed", t.owed},
            {"sent", t.sent},
            {"failed", t.failed},
            {"last_success", time_json(t.last_success)},
            {"last_error", t.last_error_time ? ordered_json(t.last_error) : ordered_json()},
            {"last_error_time", time_json(t.last_error_time)},
            {"next_try", time_json(t.next_try)}};
}

}  // namespace

std::string status_text(const std::vector<target_status>& targets,
                        const std::optional<target_status>& heartbeat, wall_time now) {
    std::string out;
    if (targets.empty()) {
        out = "Nobody is told: there is no [[notify]] in the configuration. See README.md.\n";
    }
    for (const auto& t : targets) {
        if (!out.empty()) out += '\n';
        out += fmt::format("{} ({})\n{}", t.name, t.format, rows_of(t, now));
    }
    if (heartbeat) out += "\nheartbeat\n" + rows_of(*heartbeat, now);
    return out;
}

std::string status_json(const std::vector<target_status>& targets,
                        const std::optional<target_status>& heartbeat, wall_time now) {
    ordered_json rows = ordered_json::array();
    for (const auto& t : targets) rows.push_back(json_of(t, now));
    ordered_json all = {{"targets", std::move(rows)}, {"heartbeat", nullptr}};
    if (heartbeat) {
        all["heartbeat"] = {
            {"sent", heartbeat->sent},
            {"failed", heartbeat->failed},
            {"last_success", time_json(heartbeat->last_success)},
            {"last_error",
             heartbeat->last_error_time ? ordered_json(heartbeat->last_error) : ordered_json()},
            {"last_error_time", time_json(heartbeat->last_error_time)},
            {"next_try", time_json(heartbeat->next_try)}};
    }
    return all.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace tallyfs::notify
