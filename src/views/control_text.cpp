#include "views/control_text.hpp"

#include <tallyfs/base/readable.hpp>

#include <nlohmann/json.hpp>
#include <spdlog/fmt/fmt.h>

namespace tallyfs::views {

namespace {

std::string described(const state::setting_definition& definition) {
    std::string text = definition.name;
    if (definition.collection) {
        text += definition.leaf.empty() ? "/<name>" : "/<service>/" + definition.leaf;
    }
    text += '\n';
    text += wrapped(definition.meaning, "    ");
    std::string allowed = "Allowed: " + definition.allowed;
    if (!definition.unit.empty()) allowed += ", in " + definition.unit;
    allowed += '.';
    if (!definition.collection) allowed += " Default: " + definition.default_value + ".";
    text += wrapped(allowed, "    ");
    if (!definition.by_request.empty()) {
        text += wrapped("It takes a request: write to approvals/new/mine, a line each: " +
                            definition.by_request,
                        "    ");
    }
    return text + "\n";
}

std::string value_text(const nlohmann::json& detail, const char* name) {
    const auto place = detail.find(name);
    return place != detail.end() && place->is_string() ? ascii(place->get<std::string>()) : "-";
}

}  // namespace

std::string control_readme(const state::settings& settings) {
    std::string text = R"(# control
One setting a file: read it, echo another value. It is in force at once and
after a restart, and each change is recorded with who made it.

    cat log_level
    echo debug > log_level
    echo default > log_level     what the configuration says, again
    cat last_error               why your last command was refused
    cat history.txt              who changed what

A bad value changes nothing, and the shell says so: `write error`. Where a
directory holds one text a file, write a new one and `rm` what is no longer
wanted; they are read in the order of their names.

## Settings
)";
    for (const auto& definition : settings.definitions()) text += described(definition);
    return text;
}

std::string history_text(const state::settings_snapshot& now) {
    if (now.history.empty()) {
        return "No setting has been changed yet: echo a value into a file here, and it is.\n";
    }
    std::string text = "WHEN              WHO               SETTING              CHANGE\n";
    for (auto change = now.history.rbegin(); change != now.history.rend(); ++change) {
        const auto detail = nlohmann::json::parse(change->detail, nullptr, false);
        const auto to = change->event == "setting.removed" ? "removed" : value_text(detail, "to");
        const auto request = value_text(detail, "request");
        const auto who = request == "-" ? change->actor.by : "request " + request;
        text += fmt::format("{} {}  {} {} {} -> {}\n", zone::day_of(change->time).to_string(),
                            clock_text(change->time), column(who, 17), column(change->subject, 20),
                            value_text(detail, "from"), to);
    }
    return text;
}

}  // namespace tallyfs::views
