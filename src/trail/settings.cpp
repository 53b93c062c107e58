#include "trail/auditor_state.hpp"

#include <charconv>

namespace tallyfs::trail {

namespace {

using state::judged_value;
using state::setting_definition;

std::int64_t number_of(const std::string& text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

std::string paging_setting(audit::rule rule) {
    auto name = std::string(to_string(rule));
    std::ranges::replace(name, '-', '_');
    return "audit/page_" + name;
}

}  // namespace

void auditor_state::set_noise(const std::string& entry, const std::string* text) {
    noise_rules.erase(entry);
    if (text != nullptr) noise_rules[entry] = audit::parse_noise_rule(entry, *text).rule;
    change([this](judging& all) {
        std::vector<audit::noise_rule> rules;
        for (const auto& [name, one] : noise_rules) rules.push_back(one);
        all.noise = audit::noise(std::move(rules));
    });
}

namespace {

setting_definition number(auditor_state& of, const char* name, const char* meaning,
                          const char* unit, std::int64_t min, std::int64_t max, std::int64_t usual,
                          std::function<void(judging&, std::int64_t)> set) {
    return {.name = name,
            .meaning = meaning,
            .allowed = std::to_string(min) + " to " + std::to_string(max),
            .unit = unit,
            .default_value = std::to_string(usual),
            .needs_newline = true,
            .judge = state::whole_number(min, max),
            .apply = [&of, set = std::move(set)](const std::string&, const std::string* text) {
                of.change([&](judging& now) { set(now, number_of(*text)); });
            }};
}

setting_definition business_hours(auditor_state& of) {
    return {.name = "audit/business_hours",
            .meaning = "When people work on databases; outside of it an alert is raised.",
            .allowed = "always, or such as: Mon-Fri 08:00-18:00 Europe/Berlin",
            .default_value = "always",
            .judge = [](std::string_view text) -> judged_value {
                while (text.ends_with('\n')) text.remove_suffix(1);
                auto parsed = audit::business_hours::parse(text);
                return {parsed.hours.text(), std::move(parsed.problem)};
            },
            .apply =
                [&of](const std::string&, const std::string* text) {
                    of.change([&](judging& now) {
                        now.rules.hours = audit::business_hours::parse(*text).hours;
                    });
                }};
}

setting_definition paging_of(auditor_state& of, audit::rule rule) {
    return {.name = paging_setting(rule),
            .meaning = "Who is told at once: " + std::string(title_of(rule)) + ".",
            .allowed = "window (every alert), session (each new session), digest",
            .default_value = std::string(to_string(audit::default_paging(rule))),
            .judge = state::one_of({"window", "session", "digest"}),
            .apply = [&of, rule](const std::string&, const std::string* text) {
                of.change([&](judging& now) {
                    static_cast<void>(
                        audit::parse_paging(*text, now.pages[static_cast<std::size_t>(rule)]));
                });
            }};
}

setting_definition statements(auditor_state& of) {
    return {.name = "audit/statements",
            .meaning = "Whether literals stay in the statements that are kept.",
            .allowed = "masked or whole",
            .default_value = "masked",
            .by_request = "kind=setting-change setting=audit/statements value=whole reason=WHY",
            .judge = state::one_of({"masked", "whole"}),
            .apply = [&of](const std::string&, const std::string* text) {
                of.change([&](judging& now) { now.keep_whole = *text == "whole"; });
            }};
}

setting_definition noise(auditor_state& of) {
    return {.name = "audit/noise",
            .meaning =
                "What is dropped besides the catalog and health checks: one rule a file. "
                "What was dropped is counted in audit/noise.csv.",
            .allowed =
                "user=, database=, application=, class= (READ, MISC or FUNCTION), command=, "
                "object=, statement=. Such as: user=grafana class=READ object=metrics.*",
            .collection = true,
            .judge = [](std::string_view text) -> judged_value {
                const auto parsed = audit::parse_noise_rule("", text);
                if (!parsed.problem.empty()) return {"", parsed.problem};
                return {to_text(parsed.rule), ""};
            },
            .apply = [&of](const std::string& entry,
                           const std::string* text) { of.set_noise(entry, text); }};
}

}  // namespace

std::vector<setting_definition> auditor::definitions() {
    auto& of = *state_;
    const audit::rule_settings usual;
    std::vector<setting_definition> all{
        business_hours(of),
        number(of, "audit/bulk_rows",
               "From how many rows on a change by a person is a bulk change.", "rows", 1,
               1'000'000'000, usual.bulk_rows,
               [](judging& now, std::int64_t value) { now.rules.bulk_rows = value; }),
        number(of, "audit/denied_burst",
               "How many refused statements of one user in five minutes raise an alert.",
               "statements", 1, 1'000'000, usual.denied_burst,
               [](judging& now, std::int64_t value) { now.rules.denied_burst = value; }),
        number(of, "audit/self_test_seconds", "How often it is proved that the audit is alive.",
               "seconds", 1, 3600, judging{}.self_test_every.count(),
               [](judging& now, std::int64_t value) {
                   now.self_test_every = std::chrono::seconds(value);
               }),
        statements(of),
        noise(of)};
    for (const auto rule : audit::all_rules()) all.push_back(paging_of(of, rule));
    for (auto& one : of.days.definitions()) all.push_back(std::move(one));
    return all;
}

}  // namespace tallyfs::trail
