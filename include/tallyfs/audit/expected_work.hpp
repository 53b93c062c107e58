// Work that was announced: what matches it is recorded as such, and pages nobody.
// Format: docs/audit.md, "Expected work".
#pragma once

#include <tallyfs/base/clock.hpp>
#include <tallyfs/record/audit_event.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::audit {

struct expected_work {
    std::uint64_t number = 0;  ///< of the action that recorded it
    std::string user;          ///< of the database; no pattern
    std::string cluster;       ///< "orders-cl" or "prod/orders-cl"
    std::string database;      ///< "" for all
    wall_time from{};
    wall_time until{};
    std::string ticket;  ///< "DB-123", or "request 0057": what events are marked with
    std::string by;      ///< who said so
    /// Only these statements, as masked(sql, record::audit_statement_bytes_max) has them; empty:
    /// whatever this user does. What is cut ("...") is never one of them.
    std::vector<std::string> statements;

    bool operator==(const expected_work&) const = default;
};

struct parsed_expected_work {
    expected_work work;
    std::string problem;  ///< "" or a sentence: what is missing or wrong
};
/// "user=jd cluster=orders for=2h ticket=DB-123", and `from=2026-11-22T20:00` (in the day's zone,
/// or with an offset), `until=`, `database=`: words or one a line. `for` is a number and m, h or d;
/// either it or `until` has to be there. Without `from` it begins now; earlier than five minutes
/// ago it does not. At most 14 days.
[[nodiscard]] parsed_expected_work parse_expected_work(std::string_view text, wall_time now);
/// As the detail of an action, and back: without `number` and `by`, which the action has itself. Of
/// a statement of more than 64 bytes only "sha256:" and its digest are written, because a detail
/// has 12 KiB (some 150 statements); find_expected() understands both. False: it is none; any
/// bytes.
[[nodiscard]] std::string to_json(const expected_work& work);
[[nodiscard]] bool parse_expected_json(std::string_view json, expected_work& into);

/// Forgery, missing lines, changes of audit settings and blindness are never expected: the first
/// of `all` that matches an event by user, cluster, database, statement and the time at which it
/// was logged; null: none. The event's rules have to be known already (judge()).
[[nodiscard]] const expected_work* find_expected(const std::vector<expected_work>& all,
                                                 const record::audit_event& event);

}  // namespace tallyfs::audit
