#include <tallyfs/base/day.hpp>
#include <tallyfs/base/nearest.hpp>
#include <tallyfs/health/mutes.hpp>
#include <tallyfs/health/rules.hpp>

namespace tallyfs::health {

namespace {

std::optional<wall_time> time_of(std::string_view text) {
    if (const auto date = day::parse(text)) return zone::start_of(*date);
    return parse_rfc3339(text);
}

/// "" if there is such a rule.
std::string problem_of_rule(const std::string& rule) {
    const auto names = rule_names();
    if (std::ranges::find(names, rule) != names.end()) return "";
    const auto close = std::ranges::min_element(
        names, {}, [&](std::string_view name) { return typing_distance(std::string(name), rule); });
    return "there is no rule " + rule +
           (close == names.end() ? std::string() : "; did you mean " + std::string(*close) + "?");
}

std::string take(mute& into, std::string_view key, std::string_view value) {
    if (value.empty()) return std::string(key) + "= is empty";
    if (key == "rule") {
        into.rule = value;
        return problem_of_rule(into.rule);
    }
    if (key == "place") return into.place = value, "";
    if (key == "subject") return into.subject = value, "";
    if (key == "until") {
        const auto time = time_of(value);
        if (!time) return "until= is a day such as 2026-12-01, or a time as in RFC 3339";
        return into.until = *time, "";
    }
    return "a mute has rule, place, subject, until and reason, and no " + std::string(key);
}

}  // namespace

parsed_mute parse_mute(std::string_view text) {
    parsed_mute made;
    constexpr std::string_view reason = "reason=";
    while (!text.empty() && made.problem.empty()) {
        if (text.front() == ' ' || text.front() == '\t') {
            text.remove_prefix(1);
            continue;
        }
        if (text.starts_with(reason)) {
            made.value.reason = text.substr(reason.size());
            break;
        }
        const auto word = text.substr(0, text.find_first_of(" \t"));
        const auto equals = word.find('=');
        if (equals == std::string_view::npos) {
            made.problem = "\"" + std::string(word) + "\" is no key=value";
        } else {
            made.problem = take(made.value, word.substr(0, equals), word.substr(equals + 1));
        }
        text.remove_prefix(word.size());
    }
    if (!made.problem.empty()) return made;
    if (made.value.rule.empty())
        made.problem = "rule= is missing: which one is silent";
    else if (made.value.until == wall_time{})
        made.problem = "until= is missing: a mute ends";
    else if (made.value.reason.empty())
        made.problem = "reason= is missing: why, at the end";
    return made;
}

}  // namespace tallyfs::health
