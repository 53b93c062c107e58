#include "audit/settings_text.hpp"

#include <tallyfs/audit/rules.hpp>
#include <tallyfs/base/text.hpp>

#include <algorithm>

namespace tallyfs::audit {

namespace {

struct definition {
    std::string_view name;
    std::string_view title;
};
constexpr std::array<definition, rule_count> definitions{{
    {"person-dml", "A person changed data by hand"},
    {"bulk-delete", "A person changed, emptied or copied many rows at once"},
    {"outside-hours", "A person worked outside business hours"},
    {"ddl", "The schema was changed without an approved migration"},
    {"role-change", "Roles or rights were changed"},
    {"audit-settings", "What the server logs was changed"},
    {"denied", "A user was denied again and again"},
    {"forged", "The log holds an entry that no server wrote"},
    {"lines-missing", "Lines of the log are missing, or cannot be read"},
    {"unknown-account", "A user is on neither list, person or program"},
    {"blind", "The audit does not see everything"},
}};

constexpr std::string_view insufficient_privilege = "42501";
constexpr std::string_view invalid_authorization = "28";

constexpr std::size_t index_of(rule value) noexcept {
    return static_cast<std::size_t>(value);
}

/// "pg_temp.t" or "pg_temp_3.t": of one session, and gone with it. Names that begin with pg_ are
/// the server's, so nobody can have such a schema otherwise.
bool is_temporary(std::string_view object) {
    constexpr std::string_view schema = "pg_temp";
    if (!object.starts_with(schema)) return false;
    object.remove_prefix(schema.size());
    if (object.starts_with('.')) return true;
    if (!object.starts_with('_')) return false;
    const auto end = object.find_first_not_of("0123456789", 1);
    return end != std::string_view::npos && end > 1 && object[end] == '.';
}

/// pgAudit gives a MERGE as the INSERT, UPDATE or DELETE of its first action.
bool is_merge(std::string_view statement) {
    constexpr std::string_view word = "merge ";
    const auto begin = std::min(statement.find_first_not_of(" \t\r\n("), statement.size());
    return equal_ignoring_case(statement.substr(begin, word.size()), word);
}

bool is_truncate(std::string_view command) {
    return command == "TRUNCATE" || command == "TRUNCATE TABLE";
}

/// An event, and what is known of it before the first rule looks.
struct facts {
    const record::audit_event& event;
    const rule_settings& settings;
    account who = account::unknown;

    [[nodiscard]] bool is_statement() const { return event.kind == "statement"; }
    [[nodiscard]] bool by_person() const { return who != account::service; }
    [[nodiscard]] bool is_of_class(std::string_view name) const {
        return is_statement() && event.class_name == name;
    }
    /// The log-in itself failed: its user's name is whatever a client sent.
    [[nodiscard]] bool is_login() const {
        return event.kind == "error" && event.sqlstate.starts_with(invalid_authorization);
    }
    /// Likewise, or nobody had asked yet who it was: the server was starting or stopping, or did
    /// not understand the client.
    [[nodiscard]] bool is_before_login() const {
        return is_login() || (event.kind == "error" && event.severity == "FATAL" &&
                              (event.sqlstate == "57P03" || event.sqlstate == "08P01"));
    }
};

/// PREPARE and EXPLAIN have no effect; what they run has an event of its own.
bool is_dml(const facts& of) {
    const auto& command = of.event.command;
    return of.by_person() && of.is_of_class("WRITE") && command != "PREPARE" &&
           command != "EXPLAIN" && command != "DECLARE CURSOR" && !is_temporary(of.event.object);
}

bool is_bulk(const facts& of) {
    const auto& event = of.event;
    if (!of.by_person() || !of.is_statement() || is_temporary(event.object)) return false;
    // Both log 0 rows, and no object.
    if (event.command == "COPY") return true;
    if (event.class_name != "WRITE") return false;
    if (is_truncate(event.command)) return true;
    const bool changes = event.command == "DELETE" || event.command == "UPDATE" ||
                         event.command == "MERGE" || is_merge(event.statement);
    return changes && event.rows.value_or(0) >= of.settings.bulk_rows;
}

bool is_outside(const facts& of) {
    const bool tried = of.event.kind == "error" && !of.is_login() && !of.event.statement.empty();
    return of.by_person() && (of.is_statement() || tried) &&
           !of.settings.hours.contains(of.event.logged);
}

bool breaks(rule value, const facts& of) {
    const auto& event = of.event;
    switch (value) {
        case rule::person_dml:
            return is_dml(of);
        case rule::bulk_delete:
            return is_bulk(of);
        case rule::outside_hours:
            return is_outside(of);
        case rule::ddl:
            return of.is_of_class("DDL") && !is_temporary(event.object);
        case rule::role_change:
            return of.is_of_class("ROLE");
        case rule::audit_settings:
            return event.kind == "settings" ||
                   (of.is_statement() && changes_audit_settings(event.statement));
        case rule::denied:
            return of.is_login() ||
                   (event.kind == "error" && event.sqlstate == insufficient_privilege);
        case rule::forged:
            return event.kind == "forged";
        case rule::lines_missing:
            return event.kind == "gap" || event.kind == "unreadable";
        case rule::unknown_account:
            return of.who == account::unknown && !event.user.empty() && event.kind != "forged" &&
                   !of.is_before_login();
        case rule::blind:
            return false;
    }
    return false;
}

}  // namespace

std::string_view to_string(rule value) noexcept {
    return definitions[index_of(value)].name;
}

bool parse_rule(std::string_view text, rule& into) noexcept {
    const auto found = std::ranges::find(definitions, text, &definition::name);
    if (found == definitions.end()) return false;
    into = static_cast<rule>(found - definitions.begin());
    return true;
}

std::string_view title_of(rule value) noexcept {
    return definitions[index_of(value)].title;
}

const std::array<rule, rule_count>& all_rules() noexcept {
    static constexpr auto all = [] {
        std::array<rule, rule_count> made{};
        for (std::size_t i = 0; i < rule_count; ++i) made[i] = static_cast<rule>(i);
        return made;
    }();
    return all;
}

void judge(record::audit_event& event, const accounts& who, const rule_settings& settings) {
    const facts of{event, settings, who.of(event.user)};
    event.account = event.user.empty() ? std::string_view() : to_string(of.who);
    event.rules.clear();
    for (const auto one : all_rules())
        if (breaks(one, of)) event.rules.emplace_back(to_string(one));
}

}  // namespace tallyfs::audit
