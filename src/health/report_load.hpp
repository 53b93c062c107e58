// The lines of a status that say how things go: load, sessions, vacuums, what is not seen.
// Example: tests/health/report_status.cpp.
#pragma once

#include <tallyfs/health/watched.hpp>

#include <string>
#include <string_view>

namespace tallyfs::health {

// With an empty `database` each is of the whole server.

/// LOAD: active sessions on average, by what they wait for.
void append_load(std::string& out, const watched_server& server, std::string_view database);
/// SESSIONS: how many, doing what.
void append_sessions(std::string& out, const watched_server& server, std::string_view database);
/// VACUUM: what runs now, and how far it is.
void append_vacuums(std::string& out, const watched_server& server, std::string_view database);
/// NOT SEEN: what is hidden from us, and what to do.
void append_missing(std::string& out, const std::vector<std::string>& missing);
/// DOWN: since when, why, and of when the figures are. Nothing where `why` is null.
void append_failing(std::string& out, const reachability* why);
/// "PostgreSQL 15.20, primary"; "not seen yet".
[[nodiscard]] std::string version_text(const watched_server& server);

}  // namespace tallyfs::health
