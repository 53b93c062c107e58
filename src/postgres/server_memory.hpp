// What was wrong when the program ended last, read back from the health stream.
// Format: docs/formats.md, "A health event's line".
#pragma once

#include <tallyfs/health/registration.hpp>
#include <tallyfs/health/standing.hpp>
#include <tallyfs/journal/stream.hpp>

#include <map>
#include <string>

namespace tallyfs::postgres {

/// Findings and reachability over many looks; of a new server nothing is known.
struct server_memory {
    health::standing_findings findings;
    health::reach_log reach;
    std::map<std::string, health::reach_log> databases;  ///< by name
};

/// Of the stream, that much is read at the start. A finding that stands is told again each week,
/// so that what is older tells nothing but of servers that nobody looked at for so long.
inline constexpr std::chrono::days remembered_days{31};
inline constexpr std::uint64_t remembered_bytes_max = 128ULL * 1024 * 1024;

/// All servers of which something was open. Lines that cannot be read are passed over.
[[nodiscard]] std::map<health::cluster_id, server_memory> remember(const journal::stream& events,
                                                                   wall_time now);

}  // namespace tallyfs::postgres
