// One event of a PostgreSQL server's audit as a line of the `audit` stream, and back.
// Format: docs/formats.md, "An audit event's line" and "Chains".
#pragma once

#include <tallyfs/base/error.hpp>
#include <tallyfs/record/chain_link.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::record {

/// Of a statement and of an error's text, escaped; what is longer ends in "...".
inline constexpr std::size_t audit_statement_bytes_max = 6 * 1024;
/// Names of people and objects of a database (63 bytes each), also where each byte takes six.
inline constexpr std::size_t audit_name_bytes_max = 1024;

/// Texts are any bytes: they are made valid UTF-8 and bounded. "" and nullopt are written as null.
struct audit_event {
    wall_time time{};          ///< when the line was appended
    std::uint64_t number = 0;  ///< of the line in its chain, from 1
    std::string previous;      ///< SHA-256 of the line before

    std::string node;     ///< name of this daemon's host
    std::string kind;     ///< statement, error, settings, gap, forged, unreadable
    std::string cluster;  ///< "prod/orders-cl"
    std::string trust;    ///< structured, guarded_text, text
    wall_time logged{};   ///< by the server's clock
    std::string user;
    std::string account;  ///< person, service, unknown: what that user is
    std::string database;
    std::optional<std::int64_t> pid;
    std::string remote;
    std::string session;
    std::optional<std::int64_t> line;  ///< in the session's log, without gaps
    std::string application;
    std::string type;  ///< session, object: which of pgAudit's kinds
    std::optional<std::int64_t> statement_id;
    std::optional<std::int64_t> substatement_id;
    std::string class_name;  ///< READ, WRITE, FUNCTION, ROLE, DDL, MISC
    std::string command;
    std::string object_type;
    std::string object;  ///< "public.orders"
    std::optional<std::int64_t> rows;
    std::string statement;   ///< its literals masked, unless a setting says otherwise
    std::string parameters;  ///< only where statements are kept whole
    std::string severity;
    std::string sqlstate;
    std::string message;             ///< of an error, or what is wrong; no values in it
    std::vector<std::string> rules;  ///< that it alone breaks
    std::string expected;            ///< the ticket or request that it is part of
    std::string key;                 ///< 16 digits: the same for the same entry, read again

    bool operator==(const audit_event&) const = default;
};

/// Appends the line with its newline, always shorter than limits::line_bytes_max.
void append_line(std::string& out, const audit_event& e);

/// Reads a line, with or without its newline; in the order in which it is written, as an audit
/// has millions, or else in any order. Errors: record_errc::not_json, missing_field, bad_value.
[[nodiscard]] result<audit_event> parse_audit_event(std::string_view line);

}  // namespace tallyfs::record
