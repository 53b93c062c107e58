// Which findings people do not want to hear of for a while, and why. Pure.
// Format: docs/databases.md, "Mutes".
#pragma once

#include <tallyfs/health/watched.hpp>

#include <span>
#include <string>
#include <string_view>

namespace tallyfs::health {

/// "anna until 2026-12-01: known, DB-12", of the first mute that holds at `now`; "" if none does.
/// The day is that of day_zone.
[[nodiscard]] std::string muted_by(std::span<const mute> mutes, const cluster_id& server,
                                   const finding& found, wall_time now);

struct parsed_mute {
    mute value;           ///< `by` is ""
    std::string problem;  ///< "" or why the text is no mute
};
/// "rule=idle_in_transaction place=prod/orders-cl until=2026-12-01 reason=known, DB-12". A rule is
/// one of rule_names(), a day ends it at its midnight in day_zone, the reason goes to the end.
[[nodiscard]] parsed_mute parse_mute(std::string_view text);

}  // namespace tallyfs::health
