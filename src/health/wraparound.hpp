// How far transaction ids may run before the server refuses to write.
// Source: PostgreSQL, SetTransactionIdLimit() in varsup.c and SetMultiXactIdLimit().
#pragma once

#include <tallyfs/health/sample.hpp>

namespace tallyfs::health {

/// Ages in transactions (or multixacts).
struct wraparound_limits {
    std::int64_t forced_xid = 200'000'000;  ///< autovacuum comes also where it is switched off
    std::int64_t forced_mxid = 400'000'000;
    std::int64_t server_warns = 0;
    std::int64_t writes_stop = 0;
};
[[nodiscard]] wraparound_limits wraparound_limits_of(const sample& seen);

}  // namespace tallyfs::health
