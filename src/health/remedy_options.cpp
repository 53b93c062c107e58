#include "health/remedy_parts.hpp"

#include <tallyfs/base/nearest.hpp>
#include <tallyfs/base/sql_quote.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace tallyfs::health {

namespace {

/// What may be set, with the server's own limits (reloptions.c). A switch has `max` 0.
struct storage_parameter {
    std::string_view name;
    double min = 0;
    double max = 0;
    bool whole = true;
};
constexpr double int_max = 2'147'483'647;
constexpr std::array<storage_parameter, 22> storage_parameters{{
    {"autovacuum_analyze_scale_factor", 0, 100, false},
    {"autovacuum_analyze_threshold", 0, int_max},
    {"autovacuum_enabled"},
    {"autovacuum_freeze_max_age", 100'000, 2e9},
    {"autovacuum_freeze_min_age", 0, 1e9},
    {"autovacuum_freeze_table_age", 0, 2e9},
    {"autovacuum_multixact_freeze_max_age", 10'000, 2e9},
    {"autovacuum_multixact_freeze_min_age", 0, 1e9},
    {"autovacuum_multixact_freeze_table_age", 0, 2e9},
    {"autovacuum_vacuum_cost_delay", -1, 100, false},
    {"autovacuum_vacuum_cost_limit", 1, 10'000},
    {"autovacuum_vacuum_insert_scale_factor", 0, 100, false},
    {"autovacuum_vacuum_insert_threshold", -1, int_max},
    {"autovacuum_vacuum_scale_factor", 0, 100, false},
    {"autovacuum_vacuum_threshold", 0, int_max},
    {"fillfactor", 10, 100},
    {"log_autovacuum_min_duration", -1, int_max},
    {"parallel_workers", 0, 1024},
    {"toast_tuple_target", 128, 8160},
    {"user_catalog_table"},
    {"vacuum_index_cleanup"},
    {"vacuum_truncate"},
}};

std::string_view name_of(std::string_view option) {
    return option.substr(0, option.find('='));
}

std::string_view setting_of(std::string_view option) {
    const auto equals = option.find('=');
    return equals == std::string_view::npos ? "" : option.substr(equals + 1);
}

/// Whether the server keeps it exactly as it is written: "0.01", "-1", not "007" or "+1".
bool is_number(std::string_view text, bool whole) {
    if (text.starts_with('-')) text.remove_prefix(1);
    const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
    if (digits == 0 || (digits > 1 && text.front() == '0')) return false;
    if (digits == text.size()) return true;
    const auto fraction = text.substr(digits + 1);
    return !whole && text[digits] == '.' && !fraction.empty() &&
           fraction.find_first_not_of("0123456789") == std::string_view::npos;
}

/// "" or what is wrong with an option that is to be set.
std::string problem_of(std::string_view option) {
    const auto name = name_of(option);
    const auto* const known = std::ranges::find(storage_parameters, name, &storage_parameter::name);
    if (known == storage_parameters.end()) {
        std::vector<std::string_view> names;
        for (const auto& one : storage_parameters) names.push_back(one.name);
        return "options: " + std::string(name) + " is no storage parameter" +
               did_you_mean(name, names);
    }
    const auto value = setting_of(option);
    const auto told = "options: " + std::string(option) + " is not ";
    if (known->max == 0) {
        const bool is_switch =
            value == "true" || value == "false" || value == "on" || value == "off";
        return is_switch ? "" : told + "true or false";
    }
    double number = 0;
    const auto read = std::from_chars(value.data(), value.data() + value.size(), number);
    const bool fits = is_number(value, known->whole) && read.ec == std::errc{} &&
                      number >= known->min && number <= known->max;
    return fits ? "" : told + (known->whole ? "a whole number" : "a number") + " that it takes";
}

/// What a server has: any name and value that can be written down without quotes.
bool is_stored(std::string_view option) {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789_.";
    const auto name = name_of(option);
    return !name.empty() && name.size() < option.size() &&
           name.find_first_not_of(letters) == std::string_view::npos &&
           std::ranges::all_of(setting_of(option), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      std::string_view("+-._").find(c) != std::string_view::npos;
           });
}

bool has(const table_options& options, std::string_view name) {
    return std::ranges::find(options, name, name_of) != options.end();
}

/// As transformRelOptions() does it: what is set anew goes to the end.
table_options merged(const table_options& before, const table_options& wanted) {
    table_options after;
    for (const auto& option : before) {
        if (!has(wanted, name_of(option))) after.push_back(option);
    }
    after.insert(after.end(), wanted.begin(), wanted.end());
    return after;
}

std::string assignments(const table_options& options, bool quoted) {
    std::string text;
    for (const auto& option : options) {
        text += text.empty() ? "" : ", ";
        text += std::string(name_of(option)) + " = ";
        const auto value = setting_of(option);
        text += quoted ? quoted_literal(value) : std::string(value);
    }
    return text;
}

std::string array_text(const table_options& options) {
    std::vector<std::string> items;
    for (const auto& option : options) items.push_back(quoted_literal(option));
    return "ARRAY[" + joined(items, ", ") + "]::pg_catalog.text[]";
}

/// Holds the table's lock, so that nobody changes them between the look and the change. A
/// materialized view cannot be locked by name.
std::string unchanged_check(const table_name& table, const table_options& expected) {
    const auto of_table = " FROM pg_catalog.pg_class\n            WHERE oid = " + regclass(table);
    return do_block("    IF (SELECT relkind" + of_table +
                    ") <> 'm' THEN\n        LOCK TABLE ONLY " + table.quoted() +
                    " IN SHARE UPDATE EXCLUSIVE MODE;\n    END IF;\n" +
                    "    IF (SELECT coalesce(reloptions, '{}')" + of_table + ")\n            <> " +
                    array_text(expected) +
                    " THEN\n        RAISE EXCEPTION 'its options were changed after this was "
                    "asked for';\n    END IF;\n");
}

std::string alter(const table_name& table, const std::string& set, const std::string& reset) {
    auto text = "ALTER TABLE " + table.quoted();
    if (!set.empty()) text += "\n    SET (" + set + ")";
    if (!set.empty() && !reset.empty()) text += ",";
    if (!reset.empty()) text += "\n    RESET (" + reset + ")";
    return text;
}

/// Puts the very list back. Setting an option moves it to the end, so where one is set again all
/// that were there are, in their order.
std::string undoing(const options_change& change) {
    std::vector<std::string> fresh;
    for (const auto& option : change.wanted) {
        const auto name = name_of(option);
        if (!has(change.before, name)) fresh.emplace_back(name);
    }
    const bool all_fresh = fresh.size() == change.wanted.size();
    return alter(change.table, all_fresh ? "" : assignments(change.before, true),
                 joined(fresh, ", "));
}

/// "" or what is wrong; then `change` is whole.
std::string read(const remedy_parameters& all, options_change& change) {
    const auto table = parse_table_name(value_of(all, "table"));
    if (!table) return "table=… is not schema.name (quote a name that holds a dot)";
    change.table = *table;
    if (!all.contains("before")) {
        return "the options of " + table->text() +
               " are not known: no snapshot shows this table (echo now > snapshot)";
    }
    change.before = list_of(all, "before");
    for (const auto& option : change.before) {
        if (!is_stored(option)) return "before: " + option + " cannot be put back";
    }
    for (const auto& option : list_of(all, "options")) {
        if (auto wrong = problem_of(option); !wrong.empty()) return wrong;
        if (has(change.wanted, name_of(option))) {
            return "options: " + std::string(name_of(option)) + " is there twice";
        }
        const bool is_so = std::ranges::find(change.before, option) != change.before.end();
        if (!is_so) change.wanted.push_back(option);
    }
    if (change.wanted.empty()) return "the options of " + table->text() + " are like that already";
    change.after = merged(change.before, change.wanted);
    return "";
}

}  // namespace

std::optional<options_change> options_change_of(const remedy_parameters& all) {
    options_change change;
    return read(all, change).empty() ? std::optional(change) : std::nullopt;
}

remedy_plan options_plan(const remedy_parameters& all) {
    options_change change;
    if (auto wrong = read(all, change); !wrong.empty()) return failed_plan(std::move(wrong));
    remedy_plan plan;
    plan.title = "Change storage options of " + change.table.text();
    plan.forward = {{unchanged_check(change.table, change.before)},
                    {alter(change.table, assignments(change.wanted, false), "")},
                    true};
    plan.undo = script{{unchanged_check(change.table, change.after)}, {undoing(change)}, true};
    return plan;
}

}  // namespace tallyfs::health
