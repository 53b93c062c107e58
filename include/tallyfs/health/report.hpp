// The files of databases/, rendered from what is known of servers; equal arguments, equal bytes.
// Format: the README.md of databases/ (src/postgres/directory_readme.cpp).
#pragma once

#include <tallyfs/health/watched.hpp>

#include <span>
#include <string>
#include <string_view>

namespace tallyfs::health {

// Texts (.txt) are at most 80 columns of ASCII, in the zone of the process, the worst first. A CSV
// always has its header, UTC and units in its names; rows that are not known are not there.

// Of all servers: databases/.

/// `problems`: entries of the registry that are not used, each with its reason.
[[nodiscard]] std::string status_text(const watched_servers& all,
                                      std::span<const std::string> problems);
/// Muted ones last. A row a finding.
[[nodiscard]] std::string findings_csv(const watched_servers& all);

// Of one server: databases/<environment>/<cluster>/.

[[nodiscard]] std::string status_text(const watched_server& server);
[[nodiscard]] std::string sessions_csv(const watched_server& server);
/// Who waits for whom: a row a waiting session, with the one at the root of its queue.
[[nodiscard]] std::string locks_csv(const watched_server& server);
[[nodiscard]] std::string waits_csv(const watched_server& server);
[[nodiscard]] std::string slots_csv(const watched_server& server);
/// Who keeps vacuum from removing dead rows, the oldest first, and of which tables.
[[nodiscard]] std::string xmin_holders_csv(const watched_server& server);
/// Connections by role, database, application and client, the most first.
[[nodiscard]] std::string connections_csv(const watched_server& server);
/// How far each database is from the end of its transaction ids, and its oldest tables.
[[nodiscard]] std::string wraparound_json(const watched_server& server);

// Of one of its databases: databases/<environment>/<cluster>/<database>/.

/// `ruled_out`: what was looked at and is not wrong, one line; "" leaves it out.
[[nodiscard]] std::string status_text(const watched_server& server, const watched_database& one,
                                      std::string_view ruled_out);
/// What autovacuum compares for each table, where that comes from, and what is left until it
/// comes; the most urgent first.
[[nodiscard]] std::string tables_csv(const watched_server& server, const watched_database& one);
[[nodiscard]] std::string queries_csv(const watched_database& one);
[[nodiscard]] std::string roles_csv(const watched_database& one);
[[nodiscard]] std::string schema_sql(const watched_database& one);

// Of a database, or with an empty name of the server as a whole.

[[nodiscard]] std::string findings_json(const watched_server& server, std::string_view database);
/// Can be piped into psql: the remedies of findings that are not muted, each with finding, reason
/// and undo as comments.
[[nodiscard]] std::string recommendations_sql(const watched_server& server,
                                              std::string_view database);

}  // namespace tallyfs::health
