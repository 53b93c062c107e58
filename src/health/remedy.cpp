#include "health/remedy_parts.hpp"

#include <tallyfs/base/nearest.hpp>
#include <tallyfs/base/sql_quote.hpp>

#include <algorithm>
#include <array>

namespace tallyfs::health {

namespace {

constexpr std::array<remedy_kind, 5> kinds{{
    {"pg-drop-slot", "Drop a replication slot that nobody uses any more.",
     "database=ENV/CLUSTER/DB slot=NAME"},
    {"pg-resolve-prepared", "End a prepared transaction that was left behind.",
     "database=ENV/CLUSTER/DB gid=NAME action=rollback (or commit)"},
    {"pg-table-options", "Change storage parameters of a table: when autovacuum comes to it.",
     "database=ENV/CLUSTER/DB table=schema.name [options=autovacuum_vacuum_scale_factor=0.01,…]",
     true},
    {"pg-terminate", "End sessions that hold others up.",
     "database=ENV/CLUSTER/DB sessions=PID@START,… as sessions.csv has them"},
    {"pg-vacuum", "Vacuum a table now.",
     "database=ENV/CLUSTER/DB table=schema.name [freeze=yes] [analyze=yes]", true},
}};

/// Lists may go on in NAME2, NAME3, …
std::string_view without_digits(std::string_view name) {
    const auto last = name.find_last_not_of("0123456789");
    return last == std::string_view::npos ? name : name.substr(0, last + 1);
}

/// "" or which parameter does not belong there. `known` are words with a blank between.
std::string unknown_parameter(const remedy_parameters& all, std::string_view known) {
    std::vector<std::string_view> words{"database", "finding"};
    while (!known.empty()) {
        const auto end = std::min(known.find(' '), known.size());
        words.push_back(known.substr(0, end));
        known.remove_prefix(std::min(end + 1, known.size()));
    }
    for (const auto& [name, value] : all) {
        if (std::ranges::find(words, without_digits(name)) != words.end()) continue;
        return "there is no parameter \"" + name + "\" here" + did_you_mean(name, words);
    }
    return "";
}

std::optional<bool> yes_or_no(const remedy_parameters& all, const std::string& name) {
    const auto value = value_of(all, name);
    if (value == "yes") return true;
    return value.empty() || value == "no" ? std::optional(false) : std::nullopt;
}

remedy_plan vacuum_plan(const remedy_parameters& all) {
    const auto table = parse_table_name(value_of(all, "table"));
    if (!table) return failed_plan("table=… is not schema.name (quote a name that holds a dot)");
    const auto freeze = yes_or_no(all, "freeze");
    const auto analyze = yes_or_no(all, "analyze");
    if (!freeze || !analyze) return failed_plan("freeze=… and analyze=… are yes or no");
    std::vector<std::string> options;
    if (*freeze) options.emplace_back("FREEZE");
    if (*analyze) options.emplace_back("ANALYZE");
    const auto how = options.empty() ? "" : "(" + joined(options, ", ") + ") ";
    remedy_plan plan;
    plan.title = (*freeze ? "Vacuum and freeze " : "Vacuum ") + table->text();
    plan.forward.statements = {"VACUUM " + how + table->quoted()};
    return plan;
}

remedy_plan drop_slot_plan(const remedy_parameters& all) {
    const auto slot = value_of(all, "slot");
    if (slot.empty()) return failed_plan("slot=… is missing: a name of slots.csv");
    remedy_plan plan;
    plan.title = "Drop the replication slot " + slot;
    plan.forward.statements = {
        "SELECT pg_catalog.pg_drop_replication_slot(slot_name) "
        "FROM pg_catalog.pg_replication_slots\n    WHERE NOT active AND slot_name = " +
        quoted_literal(slot)};
    return plan;
}

remedy_plan resolve_plan(const remedy_parameters& all) {
    const auto gid = value_of(all, "gid");
    const auto action = value_of(all, "action");
    const auto prepared = parse_rfc3339(value_of(all, "prepared"));
    if (gid.empty()) return failed_plan("gid=… is missing: which prepared transaction");
    if (action != "rollback" && action != "commit") {
        return failed_plan("action=… is rollback or commit");
    }
    if (!prepared) return failed_plan("there is no prepared transaction " + gid + " any more");
    remedy_plan plan;
    plan.title = (action == "commit" ? "Commit" : "Roll back") +
                 std::string(" the prepared transaction ") + gid;
    plan.forward.checks = {
        do_block("    IF NOT EXISTS (SELECT FROM pg_catalog.pg_prepared_xacts\n"
                 "            WHERE gid = " +
                 quoted_literal(gid) + "\n            AND prepared = '" + to_rfc3339(*prepared) +
                 "' AND database = pg_catalog.current_database()) THEN\n"
                 "        RAISE EXCEPTION 'it is not there any more, or is another one by now';\n"
                 "    END IF;\n")};
    plan.forward.statements = {(action == "commit" ? "COMMIT PREPARED " : "ROLLBACK PREPARED ") +
                               quoted_literal(gid)};
    return plan;
}

std::string in_lines(const std::vector<std::string>& statements) {
    std::string text;
    for (const auto& one : statements) text += one + ";\n";
    return text;
}

}  // namespace

std::span<const remedy_kind> remedy_kinds() noexcept {
    return kinds;
}

const remedy_kind* find_remedy_kind(std::string_view name) noexcept {
    const auto* const place = std::ranges::find(kinds, name, &remedy_kind::name);
    return place != kinds.end() ? place : nullptr;
}

std::string script::text() const {
    const auto body = in_lines(checks) + in_lines(statements);
    return in_transaction ? "BEGIN;\n" + body + "COMMIT;\n" : body;
}

std::string script::statements_text() const {
    return in_lines(statements);
}

remedy_plan plan_of(std::string_view kind, const remedy_parameters& all) {
    struct maker {
        std::string_view kind;
        remedy_plan (*make)(const remedy_parameters&);
        std::string_view known;
    };
    static constexpr std::array<maker, 5> makers{
        {{"pg-drop-slot", drop_slot_plan, "slot"},
         {"pg-resolve-prepared", resolve_plan, "gid action prepared"},
         {"pg-table-options", options_plan, "table options before"},
         {"pg-terminate", terminate_plan, "sessions"},
         {"pg-vacuum", vacuum_plan, "table freeze analyze"}}};
    const auto* const place = std::ranges::find(makers, kind, &maker::kind);
    if (place == makers.end()) return failed_plan("there is no remedy " + std::string(kind));
    auto wrong = unknown_parameter(all, place->known);
    return wrong.empty() ? place->make(all) : failed_plan(std::move(wrong));
}

std::string value_of(const remedy_parameters& all, const std::string& name) {
    const auto place = all.find(name);
    return place != all.end() ? place->second : std::string();
}

std::vector<std::string> list_of(const remedy_parameters& all, const std::string& name) {
    std::vector<std::string> items;
    for (int part = 1;; ++part) {
        const auto place = all.find(part == 1 ? name : name + std::to_string(part));
        if (place == all.end()) return items;
        for (std::string_view rest = place->second; !rest.empty();) {
            const auto end = std::min(rest.find(','), rest.size());
            items.emplace_back(rest.substr(0, end));
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
    }
}

void set_list(remedy_parameters& all, const std::string& name,
              const std::vector<std::string>& items) {
    std::erase_if(all, [&](const auto& one) {
        return one.first == name ||
               (one.first.starts_with(name) &&
                one.first.find_first_not_of("0123456789", name.size()) == std::string::npos);
    });
    int part = 1;
    auto* value = &all[name];
    for (const auto& item : items) {
        if (!value->empty() && value->size() + 1 + item.size() > parameter_bytes_max) {
            value = &all[name + std::to_string(++part)];
        }
        *value += (value->empty() ? "" : ",") + item;
    }
}

std::string joined(const std::vector<std::string>& items, std::string_view between) {
    std::string text;
    for (const auto& item : items) {
        if (!text.empty()) text += between;
        text += item;
    }
    return text;
}

/// A name that holds the end of a dollar quote must not end it.
std::string do_block(const std::string& body) {
    static const std::string mark = "$tallyfs$";
    const auto whole = "BEGIN\n" + body + "END";
    if (whole.find(mark) != std::string::npos) return "DO " + quoted_literal(whole);
    return "DO " + mark + "\n" + whole + "\n" + mark;
}

std::string regclass(const table_name& table) {
    return quoted_literal(table.quoted()) + "::pg_catalog.regclass";
}

remedy_plan failed_plan(std::string problem) {
    remedy_plan plan;
    plan.problem = std::move(problem);
    return plan;
}

}  // namespace tallyfs::health
