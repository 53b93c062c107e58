// The fields of an audit event's line, once, in their order: writer and readers visit the same
// list. Format: docs/formats.md, "An audit event's line".
#pragma once

#include "record/fields.hpp"

#include <tallyfs/record/audit_event.hpp>

#include <string_view>

namespace tallyfs::record {

/// Words of ours, SQL commands, codes.
inline constexpr std::size_t audit_word_bytes_max = 64;
/// "CREATE MATERIALIZED VIEW", session ids, addresses: each several times as long as any is.
inline constexpr std::size_t audit_term_bytes_max = 128;
/// An application's name has 63 bytes of printable ASCII, of which a quote takes two.
inline constexpr std::size_t audit_application_bytes_max = 256;
/// Statement, parameters and message together: with all other fields as long as they may be, the
/// line fits. tests/record/audit_event.cpp.
inline constexpr std::size_t audit_texts_bytes_max = 9 * 1024;
/// More rules than there are, each with its quotes and comma.
inline constexpr std::size_t audit_rules_max = 16;
inline constexpr std::size_t audit_rule_bytes_max = 32;

/// Calls visit(name, field) for each field behind the link, in the line's order.
template <class Event, class Visitor>
void visit_audit_fields(Event& e, Visitor&& visit) {
    constexpr auto label = limits::label_bytes_max;
    constexpr auto name = audit_name_bytes_max;
    constexpr auto term = audit_term_bytes_max;
    constexpr auto word = audit_word_bytes_max;
    visit("node", bounded_or_null{e.node, label});
    visit("kind", bounded_or_null{e.kind, word});
    visit("cluster", bounded_or_null{e.cluster, label});
    visit("trust", bounded_or_null{e.trust, word});
    visit("logged", e.logged);
    visit("user", bounded_or_null{e.user, name});
    visit("account", bounded_or_null{e.account, word});
    visit("database", bounded_or_null{e.database, name});
    visit("pid", e.pid);
    visit("remote", bounded_or_null{e.remote, label});
    visit("session", bounded_or_null{e.session, term});
    visit("line", e.line);
    visit("application", bounded_or_null{e.application, audit_application_bytes_max});
    visit("type", bounded_or_null{e.type, word});
    visit("statement_id", e.statement_id);
    visit("substatement_id", e.substatement_id);
    visit("class", bounded_or_null{e.class_name, word});
    visit("command", bounded_or_null{e.command, term});
    visit("object_type", bounded_or_null{e.object_type, term});
    visit("object", bounded_or_null{e.object, name});
    visit("rows", e.rows);
    visit("statement", cut_text{e.statement, audit_statement_bytes_max});
    visit("parameters", cut_text{e.parameters, audit_statement_bytes_max});
    visit("severity", bounded_or_null{e.severity, word});
    visit("sqlstate", bounded_or_null{e.sqlstate, word});
    visit("message", cut_text{e.message, audit_statement_bytes_max});
    visit("rules", e.rules);
    visit("expected", bounded_or_null{e.expected, label});
    visit("key", bounded_or_null{e.key, word});
}

/// Reads any JSON object with the fields, in any order: the slow path of parse_audit_event().
[[nodiscard]] result<audit_event> parse_audit_event_any_order(std::string_view line);

}  // namespace tallyfs::record
