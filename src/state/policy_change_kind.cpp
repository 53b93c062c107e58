#include <tallyfs/state/policy_change_kind.hpp>

namespace tallyfs::state {

namespace {

constexpr std::string_view collection = "policies";
constexpr std::string_view directory = "control/policies/";

const std::string* find(const approval::parameters& all, const std::string& name) {
    const auto place = all.find(name);
    return place != all.end() ? &place->second : nullptr;
}

std::optional<std::string> text_in_force(const settings& all, const std::string& policy) {
    const auto now = all.current();
    const auto place = now->values.find(std::string(collection) + "/" + policy);
    return place != now->values.end() ? std::optional(place->second.text) : std::nullopt;
}

settings::proposal proposal_of(const settings& all, const policy_change& change) {
    return change.to ? all.propose(collection, change.policy, *change.to)
                     : all.propose_removal(collection, change.policy);
}

/// What was asked for; `to` is not judged yet. The text says what is wrong, or "".
std::string read(const approval::parameters& all, policy_change& wanted) {
    for (const auto& [name, value] : all) {
        if (name != "policy" && name != "text" && name != "delete") {
            return "a policy-change has no \"" + name + "\": it has policy, text and delete";
        }
    }
    const auto* policy = find(all, "policy");
    const auto* text = find(all, "text");
    const auto* removal = find(all, "delete");
    if (policy == nullptr || policy->empty()) {
        return "policy=… is missing: a name in control/policies, or a new one";
    }
    if (removal != nullptr && *removal != "yes") return "delete=… is not yes: leave it out";
    const bool removes = removal != nullptr || (text != nullptr && text->empty());
    if (!removes && text == nullptr) return "text=… is missing, the policy; or delete=yes";
    if (removal != nullptr && text != nullptr && !text->empty()) {
        return "text=… and delete=yes are both given: one of them";
    }
    wanted.policy = *policy;
    if (!removes) wanted.to = *text;
    return "";
}

std::string prepare(const settings& all, approval::draft& asked) {
    policy_change wanted;
    if (auto problem = read(asked.parameters, wanted); !problem.empty()) return problem;
    wanted.from = text_in_force(all, wanted.policy);
    const auto proposed = proposal_of(all, wanted);
    if (!proposed.reason.empty()) {
        return std::string(directory) + wanted.policy + ": " + proposed.reason;
    }
    if (!proposed.changes) return std::string(directory) + wanted.policy + " says that already";
    if (wanted.to) wanted.to = proposed.value;
    const auto* const verb = !wanted.to ? "Remove" : wanted.from ? "Change" : "Add";
    asked.title = std::string(verb) + " the policy " + wanted.policy;
    asked.plan = to_plan(wanted);
    asked.undo = to_plan({wanted.policy, wanted.to, wanted.from});
    return "";
}

approval_kind::effect execute(settings& all, action_log& actions,
                              const approval::request& request) {
    const auto wanted = parse_plan(request.asked.plan);
    if (!wanted) return {false, "this version does not understand the plan"};
    if (text_in_force(all, wanted->policy) != wanted->from) {
        return {false, std::string(directory) + wanted->policy +
                           " was changed after this was asked for, and stays as it is: ask again"};
    }
    const auto proposed = proposal_of(all, *wanted);
    if (!proposed.reason.empty()) {
        return {false, std::string(directory) + wanted->policy + ": " + proposed.reason};
    }
    const auto changed = all.change(proposed, {}, actions, approval::number_text(request.number));
    if (!changed) return {false, "cannot be recorded: " + changed.error().message()};
    return {true, "in force"};
}

approval::probe look(const settings& all, const approval::request& request) {
    const auto wanted = parse_plan(request.asked.plan);
    if (!wanted) return approval::probe::unknown;
    const auto now = text_in_force(all, wanted->policy);
    if (now == wanted->to) return approval::probe::effect_there;
    return now == wanted->from ? approval::probe::effect_absent : approval::probe::unknown;
}

/// The line behind `mark`, taken from the front; nullopt where there is none.
std::optional<std::string> take_line(std::string_view& text, std::string_view mark) {
    if (!text.starts_with(mark)) return std::nullopt;
    const auto end = std::min(text.find('\n'), text.size());
    std::string line(text.substr(mark.size(), end - mark.size()));
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

}  // namespace

std::string to_plan(const policy_change& change) {
    auto plan = std::string(directory) + change.policy;
    if (change.from) plan += "\n- " + *change.from;
    if (change.to) plan += "\n+ " + *change.to;
    return plan;
}

std::optional<policy_change> parse_plan(std::string_view plan) {
    policy_change change;
    const auto policy = take_line(plan, directory);
    if (!policy) return std::nullopt;
    change.policy = *policy;
    change.from = take_line(plan, "- ");
    change.to = take_line(plan, "+ ");
    if (!plan.empty() || (!change.from && !change.to)) return std::nullopt;
    return change;
}

approval_kind policy_change_kind(settings& in_force, action_log& actions) {
    return {
        .name = "policy-change",
        .meaning = "Write, change or remove a policy: what calls may do.",
        .parameters = "policy=10-night text=RULE (or delete=yes)",
        .prepare = [&in_force](approval::draft& asked) { return prepare(in_force, asked); },
        .execute =
            [&in_force, &actions](const approval::request& request) {
                return execute(in_force, actions, request);
            },
        .probe = [&in_force](const approval::request& request) { return look(in_force, request); }};
}

}  // namespace tallyfs::state
