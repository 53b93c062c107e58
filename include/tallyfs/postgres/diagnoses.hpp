// Diagnoses of a database, of now and of a past minute, from all that is known and kept of it.
// Format: docs/databases.md, "History and diagnosis".
#pragma once

#include <tallyfs/postgres/history.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::postgres {

/// diagnosis.md. On the view thread.
[[nodiscard]] std::string diagnosis_now(history& from, const health::watched_server& server,
                                        const health::watched_database& database,
                                        const health::thresholds& limits);
/// Of status.txt: what was looked at and is not wrong.
[[nodiscard]] std::string ruled_out_now(const health::watched_server& server,
                                        const health::watched_database& database,
                                        const health::thresholds& limits);
/// diagnosis/<minute>.md, `minute` as parse_minute() takes it; nullopt for what is no time, or one
/// that is not there yet. On the view thread.
[[nodiscard]] std::optional<std::string> diagnosis_at(history& from, wall_time now,
                                                      const health::cluster_id& server,
                                                      const std::string& database,
                                                      std::string_view minute,
                                                      const health::thresholds& limits);

}  // namespace tallyfs::postgres
