// Whole requests over a number of connections, as fast as they are answered or at a given rate.
// Source: docs/benchmarks.md.
#pragma once

#include "loop.hpp"

#include <string>
#include <vector>

namespace tallyfs::bench {

struct requests_wanted {
    address to;
    std::string request;  ///< all of its bytes; answered with 200 or it failed
    std::size_t connections = 16;
    std::int64_t duration_ns = 0;
    double per_second = 0;  ///< of all connections together; 0: as fast as they are answered
};

struct requests_made {
    std::uint64_t calls = 0;
    std::int64_t duration_ns = 0;              ///< until the last was answered
    std::vector<std::int64_t> answered_in_ns;  ///< counted from when each was due
};

/// Throws std::runtime_error when a response is not 200, a connection ends, or nothing comes.
[[nodiscard]] requests_made make_requests(event_loop& loop, const requests_wanted& wanted);

}  // namespace tallyfs::bench
