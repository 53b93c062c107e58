// What the tests of PostgreSQL begin with: a server, or a reason why there is none, and how to
// reach it. Servers: support/postgres_cluster.hpp.
#pragma once

#include "postgres/connection.hpp"
#include "support/catch.hpp"
#include "support/postgres_cluster.hpp"

/// Leaves the test with its reason printed where no server can be started.
#define NEEDS_POSTGRESQL()                                                      \
    do {                                                                        \
        const auto why_not_here = ::tallyfs::test::postgres_cluster::why_not(); \
        if (!why_not_here.empty()) {                                            \
            WARN("skipped: " << why_not_here);                                  \
            return;                                                             \
        }                                                                       \
    } while (false)

#include <chrono>
#include <fstream>
#include <iterator>

namespace tallyfs::test {

inline postgres::endpoint at(const postgres_cluster& server, const std::string& role = "postgres",
                             const std::string& database = "postgres") {
    postgres::endpoint where;
    where.host = server.host();
    where.port = server.port();
    where.role = role;
    where.database = database;
    return where;
}

inline std::chrono::milliseconds since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 start);
}

/// Of a test that waits for them to be over.
inline postgres::patience short_limits() {
    return {std::chrono::milliseconds(700), std::chrono::milliseconds(200),
            std::chrono::milliseconds(1'000), std::chrono::milliseconds(300)};
}

/// A verified query of tests/fixtures/postgres.
inline std::string fixture(const std::string& name) {
    std::ifstream in(std::string(TALLYFS_FIXTURES) + "/postgres/" + name);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// The first column of the first row; why there is none.
inline std::string value_of(postgres::connection& on, const std::string& sql) {
    const auto rows = on.read(sql);
    if (!rows) return "failed: " + rows.error().what;
    if (rows->empty() || rows->front().empty()) return "no row";
    return rows->front().front().value_or("NULL");
}

}  // namespace tallyfs::test
