// A look at a server of a test and one session in it, a snapshot and one table in it.
// Looks: src/postgres/look.hpp.
#pragma once

#include "postgres/look.hpp"
#include "postgres/server.hpp"

#include <algorithm>

namespace tallyfs::test {

inline health::sample sample_of(const postgres_cluster& server,
                                const std::string& role = "postgres", bool mask = true) {
    const auto on = postgres::connection::open(at(server, role), postgres::patience{});
    REQUIRE(on.has_value());
    auto made = postgres::take_sample(**on, system_clock_source().wall(), {mask});
    REQUIRE(made.has_value());
    return std::move(*made);
}

inline const health::session& find(const health::sample& in, const psql_session& who) {
    const auto found = std::find_if(in.sessions.begin(), in.sessions.end(),
                                    [&](const auto& one) { return one.pid == who.pid(); });
    REQUIRE(found != in.sessions.end());
    return *found;
}

inline health::snapshot snapshot_of(const postgres_cluster& server,
                                    const std::string& role = "postgres", bool mask = true) {
    const auto on = postgres::connection::open(at(server, role), postgres::patience{});
    REQUIRE(on.has_value());
    auto made = postgres::take_snapshot(**on, system_clock_source().wall(), {mask});
    REQUIRE(made.has_value());
    return std::move(*made);
}

inline const health::table& find(const health::snapshot& in, const std::string& name) {
    const auto found = std::find_if(in.tables.begin(), in.tables.end(),
                                    [&](const auto& one) { return one.full_name() == name; });
    REQUIRE(found != in.tables.end());
    return *found;
}

}  // namespace tallyfs::test
