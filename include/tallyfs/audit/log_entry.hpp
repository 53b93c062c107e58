// One entry of a PostgreSQL server's log, whatever format it was written in.
// Source: PostgreSQL 15, "Error Reporting and Logging"; measured: docs/audit.md, "What is read".
#pragma once

#include <tallyfs/base/clock.hpp>

#include <cstdint>
#include <string_view>

namespace tallyfs::audit {

enum class log_format : std::uint8_t { text, csv, json };  ///< stderr, csvlog, jsonlog

/// How far what an entry says of its user can be believed.
enum class trust : std::uint8_t {
    structured,    ///< csvlog or jsonlog: whatever a client sends stays in its field
    guarded_text,  ///< stderr, and nothing in its prefix comes from a client
    text,          ///< stderr: a client that did not even log in can write whole lines
};
[[nodiscard]] std::string_view to_string(trust value) noexcept;
[[nodiscard]] std::string_view to_string(log_format value) noexcept;

/// Texts are valid as long as the call that was given the entry. "" and 0 stand for what the
/// format does not say.
struct log_entry {
    wall_time logged{};  ///< the server's clock
    std::string_view user;
    std::string_view database;
    std::int32_t pid = 0;
    std::string_view remote;    ///< "127.0.0.1:37478", "[local]"
    std::string_view session;   ///< "6b00dd29.3957"
    std::int64_t line = 0;      ///< within the session, from 1, without gaps; 0: not told
    std::int64_t lines = 1;     ///< how many numbers it takes: in text also its DETAIL has one
    std::string_view severity;  ///< "LOG", "ERROR", "FATAL"
    std::string_view sqlstate;
    std::string_view message;
    std::string_view detail;
    std::string_view statement;  ///< what the client had sent, of an error
    std::string_view application;
    std::string_view backend_type;
    /// The bytes from which it was read, without the newline at the end: its identity where a
    /// session's line number is not told.
    std::string_view raw;
    audit::trust trust = audit::trust::text;
    /// Something about it can only be a forgery: it stands where no server puts an entry, or a
    /// name in it holds the end of a line, or a session's own code wrote it in the form of a
    /// pgAudit record. It is reported, and what it says is not believed.
    bool forged = false;
    /// Its end is missing: it is longer than log_reader::entry_bytes_max.
    bool cut = false;
};

}  // namespace tallyfs::audit
