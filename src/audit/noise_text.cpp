#include "audit/words.hpp"

#include <tallyfs/audit/noise.hpp>
#include <tallyfs/base/nearest.hpp>
#include <tallyfs/base/text.hpp>

#include <algorithm>
#include <array>

namespace tallyfs::audit {

namespace {

constexpr std::size_t name_bytes_max = 63;
constexpr std::size_t field_bytes_max = 1'024;                                  // names in an event
constexpr std::size_t statement_bytes_max = record::audit_statement_bytes_max;  // likewise
constexpr std::string_view example = "user=grafana class=READ object=metrics.*";
constexpr std::array<std::string_view, 3> reserved{"catalog", "session", "health-check"};
constexpr std::array<std::string_view, 3> classes{"READ", "MISC", "FUNCTION"};
constexpr std::array<std::string_view, 4> never{"WRITE", "DDL", "ROLE", "ERROR"};

constexpr std::array<std::pair<std::string_view, std::string noise_rule::*>, 7> fields{{
    {"user", &noise_rule::user},
    {"database", &noise_rule::database},
    {"application", &noise_rule::application},
    {"class", &noise_rule::class_name},
    {"command", &noise_rule::command},
    {"object", &noise_rule::object},
    {"statement", &noise_rule::statement},
}};

constexpr auto field_names = [] {
    std::array<std::string_view, fields.size()> names{};
    std::ranges::transform(fields, names.begin(), [](const auto& one) { return one.first; });
    return names;
}();

bool is_name(std::string_view name) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-';
    };
    return !name.empty() && name.size() <= name_bytes_max && name.front() != '.' &&
           name.front() != '-' && std::ranges::all_of(name, fits);
}

std::string problem_of_class(std::string_view name) {
    if (std::ranges::find(classes, name) != classes.end()) return {};
    if (std::ranges::find(never, name) != never.end())
        return "class=" + std::string(name) + " is never noise: use READ, MISC or FUNCTION";
    return "class= is READ, MISC or FUNCTION" + did_you_mean(name, classes);
}

std::string problem_of(const key_value& word) {
    const auto fits = word.key == "statement" ? statement_bytes_max : field_bytes_max;
    if (word.value.size() > fits) return word.key + "= is longer than an event's can be";
    if (word.key == "class") return problem_of_class(word.value);
    if (word.key != "statement" && word.value.find_first_not_of('*') == std::string::npos)
        return word.key + "=" + word.value + " says nothing: leave it out";
    return {};
}

}  // namespace

parsed_noise_rule parse_noise_rule(std::string name, std::string_view text) {
    parsed_noise_rule made;
    const auto fail = [](std::string why) { return parsed_noise_rule{{}, std::move(why)}; };
    if (!is_name(name))
        return fail("its name is not one word of letters, digits, '.', '_' and '-', at most 63");
    if (std::ranges::find(reserved, name) != reserved.end())
        return fail("\"" + name + "\" is a rule that is always there: choose another name");
    auto words = parse_words(text, example);
    if (!words.problem.empty()) return fail(std::move(words.problem));
    if (words.words.empty())
        return fail("it says nothing, and would drop nothing: write words such as " +
                    std::string(example));
    made.rule.name = std::move(name);
    for (auto& word : words.words) {
        const auto field = std::ranges::find(field_names, word.key);
        if (field == field_names.end())
            return fail("there is no " + std::string(clip_utf8(word.key, 60)) +
                        "=: user, database, application, class, command, object and statement are "
                        "known" +
                        did_you_mean(word.key, field_names));
        if (auto wrong = problem_of(word); !wrong.empty()) return fail(std::move(wrong));
        const auto at = static_cast<std::size_t>(field - field_names.begin());
        made.rule.*fields[at].second = std::move(word.value);
    }
    return made;
}

std::string to_text(const noise_rule& rule) {
    std::string made;
    for (const auto& [key, field] : fields)
        if (!(rule.*field).empty()) append_word(made, key, rule.*field);
    return made;
}

}  // namespace tallyfs::audit
