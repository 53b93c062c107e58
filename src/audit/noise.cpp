#include <tallyfs/audit/noise.hpp>
#include <tallyfs/audit/rules.hpp>
#include <tallyfs/base/masked_sql.hpp>
#include <tallyfs/base/text.hpp>
#include <tallyfs/base/wildcard.hpp>

#include <algorithm>
#include <array>

namespace tallyfs::audit {

namespace {

/// What begins, ends and describes sessions and transactions, and shows or changes nothing of
/// anybody else. Not FETCH, which reads, nor PREPARE TRANSACTION, which outlives its session.
constexpr std::array<std::string_view, 16> session_commands{"SET",
                                                            "RESET",
                                                            "SHOW",
                                                            "BEGIN",
                                                            "START TRANSACTION",
                                                            "COMMIT",
                                                            "ROLLBACK",
                                                            "SAVEPOINT",
                                                            "RELEASE",
                                                            "DEALLOCATE",
                                                            "DEALLOCATE ALL",
                                                            "DISCARD ALL",
                                                            "CLOSE CURSOR",
                                                            "CLOSE CURSOR ALL",
                                                            "END",
                                                            "ABORT"};
/// As they are masked, in lower case and without blanks beside signs: these and nothing more.
constexpr std::array<std::string_view, 7> health_checks{"select ?",
                                                        "select version()",
                                                        "select current_schema()",
                                                        "select current_schema(),session_user",
                                                        "select current_database()",
                                                        "select current_user",
                                                        "select session_user"};
constexpr std::size_t health_check_bytes_max = 64;
constexpr std::array<std::string_view, 3> catalogs{"pg_catalog", "information_schema", "pg_toast"};

bool is_in_catalog(std::string_view object) {
    const auto dot = object.find('.');
    if (dot == std::string_view::npos) return false;
    return std::ranges::find(catalogs, object.substr(0, dot)) != catalogs.end();
}

bool is_misc(const record::audit_event& event) {
    return event.class_name == "MISC" || event.class_name == "MISC_SET";
}

/// A relation of a catalog. Who grants pgaudit.role a right on one wants to hear of it.
bool is_catalog_read(const record::audit_event& event) {
    if (event.type == "object" || !is_in_catalog(event.object)) return false;
    const bool unnamed = event.command.empty() || event.command == "???";
    return event.class_name == "READ" || (is_misc(event) && unnamed);
}

/// SET ROLE and SET SESSION AUTHORIZATION say as whom the next statements run, and
/// session_replication_role switches triggers off, those of audits too: in a text with one of them
/// nothing is noise.
bool changes_who(std::string_view statement) {
    constexpr std::array<std::string_view, 3> words{"role", "authorization",
                                                    "session_replication_role"};
    const auto lower = to_lower(statement);
    return std::ranges::any_of(words,
                               [&](auto word) { return lower.find(word) != std::string::npos; });
}

bool is_session(const record::audit_event& event) {
    if (!is_misc(event)) return false;
    if (std::ranges::find(session_commands, event.command) == session_commands.end()) return false;
    const bool sets = event.command == "SET" || event.command == "RESET";
    if (!sets) return true;
    const bool whole = !event.statement.empty() && !event.statement.ends_with("...");
    return whole && !changes_who(event.statement);
}

/// Without blanks beside signs and without the semicolon at the end, in lower case.
std::string plain(std::string_view masked_statement) {
    std::string made;
    const auto is_sign = [](char c) { return c == '(' || c == ')' || c == ','; };
    for (std::size_t at = 0; at < masked_statement.size(); ++at) {
        const char c = masked_statement[at];
        const bool before = !made.empty() && is_sign(made.back());
        const bool after = at + 1 < masked_statement.size() && is_sign(masked_statement[at + 1]);
        if (c == ' ' && (before || after)) continue;
        made += c;
    }
    while (made.ends_with(';') || made.ends_with(' ')) made.pop_back();
    return to_lower(made);
}

bool is_health_check(const record::audit_event& event) {
    if (event.class_name != "READ" || event.command != "SELECT" || event.type == "object" ||
        !event.object.empty())
        return false;
    const auto text = masked(event.statement, health_check_bytes_max);
    return std::ranges::find(health_checks, plain(text)) != health_checks.end();
}

bool fits(std::string_view value, std::string_view pattern) {
    return pattern.empty() || matches(value, pattern);
}

bool is_meant(const noise_rule& rule, const record::audit_event& event) {
    const bool of_class = rule.class_name.empty() || rule.class_name == event.class_name ||
                          (rule.class_name == "MISC" && is_misc(event));
    return of_class && fits(event.user, rule.user) && fits(event.database, rule.database) &&
           fits(event.application, rule.application) && fits(event.command, rule.command) &&
           fits(event.object, rule.object) &&
           (rule.statement.empty() || rule.statement == event.statement);
}

/// Only what reads, and what pgAudit calls neither: a class that is not known is kept.
bool may_be_noise(const record::audit_event& event) {
    const bool of_class =
        event.class_name == "READ" || event.class_name == "FUNCTION" || is_misc(event);
    const auto outside = to_string(rule::outside_hours);
    return event.kind == "statement" && of_class &&
           std::ranges::all_of(event.rules, [&](const auto& name) { return name == outside; });
}

}  // namespace

noise::noise(std::vector<noise_rule> more) : more_(std::move(more)) {}

std::string_view noise::reason_of(const record::audit_event& event) const {
    if (!may_be_noise(event)) return {};
    if (is_catalog_read(event)) return "catalog";
    if (is_session(event)) return "session";
    if (is_health_check(event)) return "health check";
    for (const auto& rule : more_)
        if (is_meant(rule, event)) return rule.name;
    return {};
}

}  // namespace tallyfs::audit
