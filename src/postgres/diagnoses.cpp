#include <tallyfs/postgres/diagnoses.hpp>

namespace tallyfs::postgres {

std::string diagnosis_now(history& from, const health::watched_server& server,
                          const health::watched_database& database,
                          const health::thresholds& limits) {
    const auto recent = from.recent(server.id, database.what.database);
    return health::diagnosis(health::inputs_now(server, database, recent, limits));
}

std::string ruled_out_now(const health::watched_server& server,
                          const health::watched_database& database,
                          const health::thresholds& limits) {
    // Nothing in it is a rate.
    return health::ruled_out(health::inputs_now(server, database, std::nullopt, limits));
}

std::optional<std::string> diagnosis_at(history& from, wall_time now,
                                        const health::cluster_id& server,
                                        const std::string& database, std::string_view minute,
                                        const health::thresholds& limits) {
    const auto asked = parse_minute(minute);
    if (!asked || *asked > now) return std::nullopt;
    const auto past = from.read_minute(server, database, *asked);
    return health::diagnosis(health::inputs_past(server, database, *asked, past, limits));
}

}  // namespace tallyfs::postgres
