#include <tallyfs/state/setting_change_kind.hpp>

namespace tallyfs::state {

namespace {

constexpr std::string_view directory = "control/";
constexpr std::string_view arrow = " -> ";

std::string value_of(const approval::parameters& all, const std::string& name) {
    const auto place = all.find(name);
    return place != all.end() ? place->second : std::string();
}

std::string text_in_force(const settings& all, const std::string& name) {
    const auto now = all.current();
    const auto place = now->values.find(name);
    return place != now->values.end() ? place->second.text : std::string();
}

std::string plan_of(const std::string& name, const std::string& from, const std::string& to) {
    return std::string(directory) + name + ": " + from + std::string(arrow) + to;
}

std::string prepare(const settings& all, approval::draft& asked) {
    for (const auto& [name, value] : asked.parameters) {
        if (name != "setting" && name != "value") {
            return "a setting-change has no \"" + name + "\": it has setting and value";
        }
    }
    const auto name = value_of(asked.parameters, "setting");
    const auto* const definition = all.find(name);
    if (definition == nullptr || definition->collection) {
        return "setting=… is none that holds one value: control/README.md lists them";
    }
    if (definition->by_request.empty()) {
        return "control/" + name + " takes no request: an operator writes to it";
    }
    auto proposed = all.propose(name, "", value_of(asked.parameters, "value") + "\n");
    if (!proposed.reason.empty()) {
        return "control/" + name + ": " + proposed.reason + ". Allowed: " + definition->allowed;
    }
    if (!proposed.changes) return "control/" + name + " says that already";
    const auto now = text_in_force(all, name);
    asked.parameters["value"] = proposed.value;
    asked.title = "Set " + name + " to " + proposed.value;
    asked.plan = plan_of(name, now, proposed.value);
    asked.undo = plan_of(name, proposed.value, now);
    return "";
}

/// Of "control/NAME: FROM -> TO" what is between; the name and the values hold no arrow.
struct change {
    std::string from;
    std::string to;
};
std::optional<change> read(const approval::request& request) {
    const auto prefix =
        std::string(directory) + value_of(request.asked.parameters, "setting") + ": ";
    const auto& plan = request.asked.plan;
    const auto middle = plan.find(arrow);
    if (!plan.starts_with(prefix) || middle == std::string::npos) return std::nullopt;
    return change{plan.substr(prefix.size(), middle - prefix.size()),
                  plan.substr(middle + arrow.size())};
}

approval_kind::effect execute(settings& all, action_log& actions,
                              const approval::request& request) {
    const auto wanted = read(request);
    if (!wanted) return {false, "this version does not understand the plan"};
    const auto name = value_of(request.asked.parameters, "setting");
    if (text_in_force(all, name) != wanted->from) {
        return {false, "control/" + name + " was changed after this was asked for: ask again"};
    }
    const auto proposed = all.propose(name, "", wanted->to + "\n");
    if (!proposed.reason.empty()) return {false, "control/" + name + ": " + proposed.reason};
    const auto changed = all.change(proposed, {}, actions, approval::number_text(request.number));
    if (!changed) return {false, "cannot be recorded: " + changed.error().message()};
    return {true, "in force"};
}

approval::probe look(const settings& all, const approval::request& request) {
    const auto wanted = read(request);
    if (!wanted) return approval::probe::unknown;
    const auto now = text_in_force(all, value_of(request.asked.parameters, "setting"));
    if (now == wanted->to) return approval::probe::effect_there;
    return now == wanted->from ? approval::probe::effect_absent : approval::probe::unknown;
}

}  // namespace

approval_kind setting_change_kind(settings& in_force, action_log& actions) {
    return {
        .name = "setting-change",
        .meaning = "Change a setting that nobody changes alone.",
        .parameters = "setting=health/query_texts value=plain",
        .prepare = [&in_force](approval::draft& asked) { return prepare(in_force, asked); },
        .execute =
            [&in_force, &actions](const approval::request& request) {
                return execute(in_force, actions, request);
            },
        .probe = [&in_force](const approval::request& request) { return look(in_force, request); }};
}

}  // namespace tallyfs::state
