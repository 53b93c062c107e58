#include "audit/audited.hpp"
#include "audit/self_test_checks.hpp"

#include <tallyfs/base/sql_quote.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace tallyfs::audit {

namespace {

/// Where setup.sql is, in the mount.
constexpr auto see_setup = "audit/setup.sql has the statements.";

/// The same thing of several roles is one finding.
struct gap_key {
    audit_gap gap;
    std::string database;
    std::string more;
    auto operator<=>(const gap_key&) const = default;
};
using grouped_gaps = std::map<gap_key, std::vector<std::string>>;

/// Databases in which the role has settings of its own, and "" for all others if there are any.
std::vector<std::string> places_of(const server_facts& server, const role_facts& role) {
    std::vector<std::string> places;
    const auto& own = role.settings.in_databases;
    const auto has_none = [&](const auto& name) { return !own.contains(name); };
    if (server.databases.empty() || std::ranges::any_of(server.databases, has_none)) {
        places.emplace_back();
    }
    for (const auto& [name, settings] : own) places.push_back(name);
    return places;
}

void group_gaps(const server_facts& server, const role_facts& role, grouped_gaps& into) {
    std::set<audit_gap> everywhere;
    for (const auto& place : places_of(server, role)) {
        for (auto& gap : gaps_of(server, role.settings, place)) {
            if (everywhere.contains(gap)) continue;
            if (place.empty()) everywhere.insert(gap);
            gap_key key{std::move(gap), place, ""};
            const bool has_own = role.settings.everywhere.contains("pgaudit.log");
            if (key.gap.check == "role-settings" && !role.not_inherited.empty() &&
                (key.gap.verdict == verdict::blind || !has_own)) {
                // Where the server's value is hidden: who set the group's believes that it works.
                key.gap.check = "group-role";
                key.gap.verdict = verdict::blind;
                key.more = " What a group has set is not inherited (" +
                           names_text(role.not_inherited) + ").";
            }
            into[std::move(key)].push_back(role.name);
        }
    }
}

std::string advice_for(const gap_key& key, const std::vector<std::string>& names) {
    constexpr std::size_t shown_max = 3;
    if (names.size() > shown_max) return see_setup;
    std::string text;
    for (const auto& name : names) {
        if (!text.empty()) text += " ";
        text += "ALTER ROLE " + quoted_identifier(name);
        if (!key.database.empty()) text += " IN DATABASE " + quoted_identifier(key.database);
        text += " SET " + key.gap.setting + " = " + quoted_literal(key.gap.value) + ";";
    }
    return text;
}

void check_roles(const server_facts& server, findings& into) {
    grouped_gaps gaps;
    std::size_t people = 0;
    for (const auto& role : server.roles) {
        if (!role.person) continue;
        ++people;
        group_gaps(server, role, gaps);
    }
    for (const auto& [key, names] : gaps) {
        const auto place = key.database.empty() ? "" : " in the database " + key.database;
        into.add(key.gap.check, key.gap.verdict,
                 key.gap.setting + " of " + names_text(names) + place + key.gap.what + key.more,
                 advice_for(key, names));
    }
    if (people == 0) {
        into.pass("No role of a person can log in.");
    } else if (gaps.empty()) {
        into.pass("Settings of all roles of people log what they write, read and change.");
    }
}

void check_privileges(const server_facts& server, findings& into) {
    std::map<std::string, std::vector<std::string>> able;
    for (const auto& role : server.roles) {
        if (!role.person || (!role.superuser && role.can_switch_off.empty())) continue;
        able[role.superuser ? "is a superuser" : role.can_switch_off].push_back(role.name);
    }
    for (const auto& [how, names] : able) {
        into.add("superuser", verdict::weak,
                 "Who comes as " + names_text(names) + " " + how +
                     ", and can switch off what is logged of it: that leaves no line.",
                 "Let people come as roles that cannot.");
    }
}

void check_extension(const server_facts& server, findings& into) {
    if (!server.databases_without_extension.empty()) {
        // Some providers write nothing at all without it; elsewhere parts of the lines are empty.
        const auto how_bad = server.is_managed ? verdict::blind : verdict::weak;
        into.add(
            "extension", how_bad,
            "The extension pgaudit is missing in " +
                names_text(server.databases_without_extension) +
                (server.is_managed ? ": this provider may log nothing without it."
                                   : ": lines of changes of tables do not name what was changed."),
            std::string("CREATE EXTENSION pgaudit; in each of them: ") + see_setup);
    } else if (server.databases_not_seen.empty()) {
        into.pass("The extension pgaudit is in every database.");
    }
    if (!server.databases_not_seen.empty()) {
        into.add("extension", verdict::weak,
                 "Whether the extension pgaudit is there could not be seen of " +
                     names_text(server.databases_not_seen) + ".",
                 "GRANT CONNECT on them to the role of tallyfs.");
    }
}

void check_placeholders(const server_facts& server, findings& into) {
    std::vector<std::string> named;
    for (const auto& role : server.roles) {
        if (role.settings.everywhere.contains("pgaudit.log")) named.push_back(role.name);
    }
    std::string more;
    if (!named.empty()) {
        more = " What is set for " + names_text(named) +
               " is a name without an effect, although SHOW pgaudit.log shows it.";
    }
    into.add("preload", verdict::blind,
             "pgAudit is not preloaded: nothing is logged of anybody." + more,
             "Add pgaudit to shared_preload_libraries and restart the server. " +
                 std::string(see_setup));
}

}  // namespace

void check_settings(const server_facts& server, findings& into) {
    for (const auto& one : server.missing) {
        into.add("facts", verdict::weak, "Something is hidden from tallyfs: " + one + ".");
    }
    if (!server.preloaded) {
        check_placeholders(server, into);
        check_privileges(server, into);
        return;
    }
    into.pass("pgAudit is preloaded.");
    check_extension(server, into);
    check_roles(server, into);
    check_privileges(server, into);
}

}  // namespace tallyfs::audit
