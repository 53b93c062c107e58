// usage/privacy.txt: what left the house in the last 30 days, what was refused, what came past.
// Format: docs/formats.md, "Usage".
#pragma once

#include <tallyfs/ledger/ledger.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace tallyfs::views {

inline constexpr int privacy_days = 30;

struct privacy_figures {
    std::vector<ledger::departure> departures;
    std::uint64_t loads_past_proxy = 0;  ///< since the start of the daemon
    day today;
};
[[nodiscard]] std::string privacy_text(const privacy_figures& figures);

}  // namespace tallyfs::views
