// The audit of all servers in a few figures, for the status screen and for metrics.
// Shown by: src/views/status.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace tallyfs::audit {

struct summary {
    std::size_t servers = 0;  ///< whose logs are read
    std::size_t blind = 0;    ///< of these
    std::size_t weak = 0;     ///< likewise
    std::size_t unknown = 0;  ///< likewise: not tested yet
    std::size_t alerts = 0;   ///< open, and acknowledged by nobody
    std::uint64_t events = 0;
    bool chain_intact = true;
    bool not_recorded = false;  ///< the disk refuses
    std::string worst;          ///< "prod/orders-cl: no line of a canary"; "" if all is well
};

}  // namespace tallyfs::audit
