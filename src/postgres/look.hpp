// What is asked of a server: the light look every 10 seconds, the waits every second, the full
// snapshot of a database. One view that is hidden from us never spoils the rest.
// Source: PostgreSQL 12 to 17, "The Cumulative Statistics System" and "System Catalogs".
#pragma once

#include "postgres/connection.hpp"

#include <tallyfs/health/sample.hpp>
#include <tallyfs/health/snapshot.hpp>

namespace tallyfs::postgres {

struct look_options {
    bool mask_queries = true;  ///< literals out of query texts
};

/// A failure only where the server cannot be asked at all; what is hidden goes to `missing`.
[[nodiscard]] outcome<health::sample> take_sample(connection& on, wall_time now,
                                                  const look_options& how);

/// Active sessions at this moment, of client backends and of what works for them: each is one.
struct active_session {
    std::string database;
    std::string wait_type;  ///< "" works on a processor, as far as the server tells
    std::string wait_event;
};
[[nodiscard]] outcome<std::vector<active_session>> look_at_waits(connection& on);

/// Of the database that `on` is connected to.
[[nodiscard]] outcome<health::snapshot> take_snapshot(connection& on, wall_time now,
                                                      const look_options& how);

}  // namespace tallyfs::postgres
