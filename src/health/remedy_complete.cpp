#include "health/remedy_parts.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace tallyfs::health {

namespace {

/// For a table that autovacuum reaches too late. A hundredth of it instead of a fifth; the
/// thresholds keep small tables from being vacuumed all the time; the cost settings let a worker
/// do some 25 times as much as with the server's 200.
struct recommended_option {
    std::string_view name;
    std::string_view value;
};
constexpr std::array<recommended_option, 6> recommended{{
    {"autovacuum_vacuum_scale_factor", "0.01"},
    {"autovacuum_vacuum_threshold", "10000"},
    {"autovacuum_analyze_scale_factor", "0.005"},
    {"autovacuum_analyze_threshold", "5000"},
    {"autovacuum_vacuum_cost_delay", "2"},
    {"autovacuum_vacuum_cost_limit", "5000"},
}};

/// By its name as rules have it, schema.name without quotes, or as people write it.
const table* find_table(const snapshot* full, const std::string& name) {
    if (full == nullptr) return nullptr;
    const auto plain = std::ranges::find(full->tables, name, &table::full_name);
    if (plain != full->tables.end()) return &*plain;
    const auto parsed = parse_table_name(name);
    if (!parsed) return nullptr;
    const auto place = std::ranges::find_if(full->tables, [&](const table& one) {
        return one.schema == parsed->schema && one.name == parsed->name;
    });
    return place != full->tables.end() ? &*place : nullptr;
}

bool same_number(std::string_view a, std::string_view b) {
    double first = 0;
    double second = 0;
    const auto read_first = std::from_chars(a.data(), a.data() + a.size(), first);
    const auto read_second = std::from_chars(b.data(), b.data() + b.size(), second);
    return read_first.ec == std::errc{} && read_second.ec == std::errc{} && first == second;
}

/// What is in force for a table: its own option, else the server's setting; "" if unknown.
std::string in_force(const table& of, const sample& now, std::string_view name) {
    const auto prefix = std::string(name) + "=";
    for (const auto& option : of.options) {
        if (option.starts_with(prefix)) return option.substr(prefix.size());
    }
    const auto place = now.settings.find(name);
    if (place == now.settings.end()) return "";
    // A limit of -1 means the one of all vacuums.
    const bool follows = name == "autovacuum_vacuum_cost_limit" && place->second == "-1";
    return follows ? in_force(of, now, "vacuum_cost_limit") : place->second;
}

std::vector<std::string> differing(const table& of, const sample& now) {
    std::vector<std::string> wanted;
    for (const auto& [name, value] : recommended) {
        if (same_number(in_force(of, now, name), value)) continue;
        wanted.push_back(std::string(name) + "=" + std::string(value));
    }
    return wanted;
}

void complete_table(std::string_view kind, remedy_parameters& all, const sample& now,
                    const snapshot* full) {
    const auto* const found = find_table(full, value_of(all, "table"));
    if (found == nullptr) return;
    all["table"] = table_name{found->schema, found->name}.text();
    if (kind != "pg-table-options") return;
    if (!all.contains("before")) set_list(all, "before", found->options);
    if (!all.contains("options")) set_list(all, "options", differing(*found, now));
}

void complete_sessions(remedy_parameters& all, const sample& now) {
    auto given = sessions_of(all);
    if (!given) return;
    for (auto& one : *given) {
        const auto seen = std::ranges::find_if(now.sessions, [&](const session& s) {
            return s.pid == one.pid && s.backend_start == one.backend_start;
        });
        if (!one.transaction_start && seen != now.sessions.end()) {
            one.transaction_start = seen->transaction_start;
        }
    }
    if (given->size() > sessions_max) given->resize(sessions_max);
    std::vector<std::string> texts;
    for (const auto& one : *given) texts.push_back(session_text(one));
    set_list(all, "sessions", texts);
}

void complete_prepared(remedy_parameters& all, const sample& now) {
    const auto seen =
        std::ranges::find(now.prepared, value_of(all, "gid"), &prepared_transaction::gid);
    if (all.contains("prepared") || seen == now.prepared.end() || !seen->prepared) return;
    all["prepared"] = to_rfc3339(*seen->prepared);
}

void add(std::vector<figure>& to, std::string name, std::int64_t value) {
    to.push_back({std::move(name), static_cast<double>(value)});
}

std::vector<figure> figures_of(const table& t) {
    std::vector<figure> made;
    add(made, "dead_rows", t.dead_rows);
    add(made, "live_rows", t.live_rows);
    const auto rows = t.dead_rows + t.live_rows;
    const auto percent = static_cast<double>(t.dead_rows) * 100.0 / static_cast<double>(rows);
    if (rows > 0) made.push_back({"dead_percent", percent});
    if (t.inserted_since_vacuum) add(made, "inserted_since_vacuum_rows", *t.inserted_since_vacuum);
    add(made, "changed_since_analyze_rows", t.changed_since_analyze);
    add(made, "size_bytes", t.bytes);
    add(made, "xid_age_transactions", t.xid_age);
    return made;
}

std::vector<figure> figures_of(const remedy_parameters& all, const sample& now) {
    std::int64_t there = 0;
    std::int64_t waiting = 0;
    std::int64_t xmin_age = 0;
    const auto asked = sessions_of(all).value_or(std::vector<session_reference>());
    for (const auto& s : now.sessions) {
        there += std::ranges::any_of(asked, [&](const session_reference& one) {
            return s.pid == one.pid && s.backend_start == one.backend_start &&
                   (!one.transaction_start || s.transaction_start == one.transaction_start);
        });
        waiting += s.blocked_by.empty() ? 0 : 1;
        xmin_age = std::max({xmin_age, s.xmin_age.value_or(0), s.xid_age.value_or(0)});
    }
    std::vector<figure> made;
    add(made, "sessions_left", there);
    add(made, "sessions_waiting_for_locks", waiting);
    add(made, "oldest_session_xmin_age_transactions", xmin_age);
    return made;
}

std::vector<figure> slot_figures(const std::string& name, const sample& now) {
    const auto slot = std::ranges::find(now.slots, name, &replication_slot::name);
    std::vector<figure> made;
    add(made, "slots_left", slot != now.slots.end() ? 1 : 0);
    if (slot == now.slots.end()) return made;
    if (slot->retained_bytes) add(made, "retained_bytes", *slot->retained_bytes);
    if (slot->xmin_age) add(made, "xmin_age_transactions", *slot->xmin_age);
    if (slot->catalog_xmin_age) add(made, "catalog_xmin_age_transactions", *slot->catalog_xmin_age);
    return made;
}

std::vector<figure> prepared_figures(const std::string& gid, const sample& now) {
    const auto place = std::ranges::find(now.prepared, gid, &prepared_transaction::gid);
    std::vector<figure> made;
    add(made, "prepared_left", place != now.prepared.end() ? 1 : 0);
    if (place != now.prepared.end()) add(made, "xmin_age_transactions", place->age);
    return made;
}

}  // namespace

void complete(std::string_view kind, remedy_parameters& all, const sample& now,
              const snapshot* full) {
    if (kind == "pg-table-options" || kind == "pg-vacuum") complete_table(kind, all, now, full);
    if (kind == "pg-terminate") complete_sessions(all, now);
    if (kind == "pg-resolve-prepared") complete_prepared(all, now);
}

void complete(finding& found, const sample& now, const snapshot* full) {
    auto& remedy = found.remedy;
    if (remedy.kind.empty()) return;
    complete(remedy.kind, remedy.parameters, now, full);
    const auto plan = plan_of(remedy.kind, remedy.parameters);
    if (!plan.problem.empty()) {
        remedy.kind.clear();
        remedy.parameters.clear();
        return;
    }
    remedy.sql = plan.forward.statements_text();
    remedy.undo = plan.undo ? plan.undo->statements_text() : "";
}

std::optional<measurement> measure(std::string_view kind, const remedy_parameters& all,
                                   const sample* now, const snapshot* full) {
    const auto* const known = find_remedy_kind(kind);
    if (known == nullptr) return std::nullopt;
    if (known->changes_table) {
        const auto* const found = find_table(full, value_of(all, "table"));
        if (found == nullptr) return std::nullopt;
        return measurement{full->taken, figures_of(*found)};
    }
    if (now == nullptr) return std::nullopt;
    if (kind == "pg-drop-slot")
        return measurement{now->taken, slot_figures(value_of(all, "slot"), *now)};
    if (kind == "pg-resolve-prepared") {
        return measurement{now->taken, prepared_figures(value_of(all, "gid"), *now)};
    }
    return measurement{now->taken, figures_of(all, *now)};
}

}  // namespace tallyfs::health
