// The audit of the audit: from what was seen of a server and of its log, whether an audit that is
// silent is silent because nothing happened. No I/O. Facts: docs/audit.md, "Blindness".
#pragma once

#include <tallyfs/base/clock.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::audit {

/// What ALTER ROLE … SET, ALTER DATABASE … SET and ALTER ROLE ALL SET give a new session of a role,
/// as it was typed there: "pgaudit.log", "pgaudit.log_relation", "log_min_messages", … What is not
/// in it has the server's value.
struct role_settings {
    std::map<std::string, std::string> everywhere;
    /// By database, where one has another value than `everywhere`.
    std::map<std::string, std::map<std::string, std::string>> in_databases;
    bool operator==(const role_settings&) const = default;
};
/// Settings of before: a session that runs keeps those with which it began.
struct earlier_settings {
    wall_time seen{};   ///< when they were last seen to be in force
    wall_time until{};  ///< when others were first seen
    role_settings settings;
};

/// A role that can log in, as the server has it.
struct role_facts {
    std::string name;
    bool superuser = false;
    bool person = false;  ///< or unknown
    /// How it can switch off what is logged of it: "is a superuser", "can become postgres, a
    /// superuser"; "" if it cannot.
    std::string can_switch_off;
    role_settings settings;
    /// Of roles that it is in: a setting there that it does not inherit. "dba: pgaudit.log"
    std::vector<std::string> not_inherited;
    std::vector<earlier_settings> earlier;  ///< the oldest first
};

struct session_facts {
    std::int32_t pid = 0;
    std::string user;
    std::string database;
    wall_time began{};
    wall_time statement_began{};
    wall_time statement_ended{};  ///< the default: it runs, or that is hidden from us
    bool in_transaction = false;
    bool hidden = false;    ///< its track_activities is off: nobody sees what it does
    std::string statement;  ///< the last one, masked
    bool person = false;
};

/// What one look at a server has seen. Times are the server's.
struct server_facts {
    wall_time looked{};
    std::int32_t version = 0;            ///< server_version_num
    bool preloaded = false;              ///< pgaudit.log is in pg_settings, with a source
    std::string database;                ///< that we are connected to
    std::vector<std::string> databases;  ///< that people can connect to
    std::vector<std::string> databases_without_extension;
    /// Which could not be looked at, and why: "orders: permission denied for database".
    std::vector<std::string> databases_not_seen;
    /// Of the server: pgaudit.*, log_*, logging_*, shared_preload_libraries. What it has for others
    /// is hidden where our own role has another value: then it is not here.
    std::map<std::string, std::string> settings;
    wall_time settings_read{};  ///< when it last read them from its files
    /// What is hidden from our role, and what would show it: "…; GRANT pg_monitor TO tallyfs".
    std::vector<std::string> missing;
    std::vector<role_facts> roles;
    std::vector<session_facts> sessions;  ///< other than ours
    std::int64_t transactions = 0;        ///< of all databases, since their figures were reset
    bool is_managed = false;              ///< rds_superuser, azure or cloudsql roles exist
    std::string provider;                 ///< "rds", "cloudsql", "azure"; "" for none
};

/// What was read of its log.
struct feed_facts {
    wall_time newest{};         ///< the newest entry's time, by the server's clock
    wall_time oldest{};         ///< of the first since last_of_pid is kept; the default: none yet
    wall_time grew{};           ///< by our clock: when it last grew; the default: never
    std::string problem;        ///< why it cannot be read now; "" if it can
    std::uint64_t entries = 0;  ///< since the start
    std::uint64_t gaps = 0;     ///< since the last test
    std::uint64_t forged = 0;   ///< likewise
    std::uint64_t unreadable = 0;         ///< likewise: records that are not understood
    std::uint64_t unreadable_pieces = 0;  ///< likewise: of the log, that are no entry
    bool is_ahead = false;                ///< the newest entry is of a time that is yet to come
    /// Some of it waits to be read, or a log service stands between: a line may take its time.
    bool may_be_late = false;
    std::string trust;  ///< "structured", "guarded_text", "text"; "": nothing was read
    /// By pid: when the newest statement or error of that backend was logged. Complete from
    /// `oldest` to `newest`; what ran outside of that is not judged.
    std::map<std::int32_t, wall_time> last_of_pid;
};

/// What the mark of a canary begins with; a UUID follows, which nobody can guess.
inline constexpr std::string_view canary_prefix = "tallyfs-canary-";

/// A statement of ours that has to turn up in the log.
struct canary {
    std::string mark;       ///< in its text
    wall_time sent{};       ///< by our clock
    bool answered = false;  ///< the server has carried it out
    bool seen = false;      ///< in the log
    std::string problem;    ///< why it could not be sent
};

struct self_test_input {
    std::string cluster;
    wall_time now{};
    std::optional<server_facts> server;         ///< nullopt: no connection is configured, or…
    std::string server_problem;                 ///< …why it could not be looked at
    std::optional<server_facts> server_before;  ///< the look before: running sessions, transactions
    feed_facts feed;
    std::vector<audit::canary> canaries;  ///< of the last windows, oldest first
    /// How long after it was sent a canary may turn up: a log service takes minutes.
    std::chrono::seconds canary_patience{300};
};

enum class verdict : std::uint8_t { alive, weak, blind, unknown };
[[nodiscard]] std::string_view to_string(verdict value) noexcept;

/// One thing that is wrong, what it means, and what to do about it.
struct self_test_finding {
    /// "connection", "facts", "preload", "extension", "role-settings", "group-role",
    /// "log-relation", "log-rows", "log-catalog", "statement-text", "log-level",
    /// "log-destination", "superuser", "session", "silent-session", "hidden-session", "canary",
    /// "log", "log-growth", "lines", "records", "pieces", "forged", "trust", "clock".
    std::string check;
    audit::verdict verdict = audit::verdict::weak;
    std::string what;    ///< one sentence
    std::string advice;  ///< "" or SQL or words: what to do
    bool operator==(const self_test_finding&) const = default;
};

struct self_test_report {
    std::string cluster;
    wall_time at{};
    audit::verdict verdict = audit::verdict::unknown;
    std::vector<self_test_finding> findings;  ///< the worst first
    std::vector<std::string> passed;          ///< what was tried and is well, a sentence each
};

/// Judges; the same facts give the same texts. `blind` means: something of a person can happen, or
/// has, that leaves no event.
[[nodiscard]] self_test_report self_test(const self_test_input& seen);

/// audit/selftest.txt: for people, at most 80 columns; times in the day's zone.
[[nodiscard]] std::string self_test_text(const std::vector<self_test_report>& all);

/// audit/setup.sql: for each server what is missing and the statements, or the managed server's
/// parameter changes, that mend it; comments say why. For psql, as a superuser, again and again;
/// of several servers the part of one is run with `-v server=`. `look_role`: as whom tallyfs comes.
struct setup_input {
    std::string cluster;
    std::optional<server_facts> server;
    std::string server_problem;
    std::string look_role;
    std::vector<std::string> people;  ///< roles of persons, as the server has them
};
[[nodiscard]] std::string setup_sql(const std::vector<setup_input>& all);

}  // namespace tallyfs::audit
