// A server that is looked at, and the history that is kept of it, with a clock that a test sets.
// Format of the files: docs/formats.md, "Health history".
#pragma once

#include "support/manual_clock.hpp"
#include "support/temporary_directory.hpp"

#include <tallyfs/base/file.hpp>
#include <tallyfs/postgres/history.hpp>

#include <optional>
#include <sstream>

namespace tallyfs::test {

using namespace std::chrono_literals;

inline const wall_time noon = *parse_rfc3339("2026-11-20T12:00:00Z");
inline const health::cluster_id server{"prod", "orders-cl"};
inline const std::vector<std::string> app{"app"};

/// A server that is looked at, and what the history makes of it.
struct watched {
    temporary_directory directory;
    manual_clock clock{noon};
    std::optional<postgres::history> kept;
    health::sample seen;

    watched() {
        zone::use("UTC");
        seen.databases.emplace_back().name = "app";
        start();
    }
    void start() {
        kept.reset();
        kept.emplace(directory.path(), clock);
    }
    void look(const health::wait_profile& waits = {}) {
        seen.taken = clock.wall();
        kept->add(server, app, seen, waits);
    }
    /// A look every 10 seconds, in each of which `rows` rows are inserted.
    void looks(int count, std::int64_t rows) {
        for (int at = 0; at < count; ++at) {
            seen.databases[0].inserted += rows;
            look();
            clock.advance(10s);
        }
    }
    [[nodiscard]] std::filesystem::path file(const std::string& name) const {
        return directory.path() / "prod/orders-cl/app" / name;
    }
    [[nodiscard]] std::string text(const std::string& name) const {
        const auto read = read_file(file(name), 1 << 20);
        return read ? *read : "";
    }
    [[nodiscard]] std::vector<health::activity> minutes(const std::string& day) const {
        std::vector<health::activity> all;
        std::istringstream lines(text(day + ".activity.csv"));
        for (std::string line; std::getline(lines, line);) {
            if (auto one = health::parse_activity(line)) all.push_back(*one);
        }
        return all;
    }
};

inline health::registration registered(std::string database = "app") {
    health::registration made;
    made.cluster = server;
    made.database = std::move(database);
    return made;
}

inline health::snapshot snapshot_of(wall_time time, std::size_t tables, std::int64_t inserted) {
    health::snapshot made;
    made.taken = time;
    for (std::size_t at = 0; at < tables; ++at) {
        auto& one = made.tables.emplace_back();
        one.oid = static_cast<std::uint32_t>(16'384 + at);
        one.schema = "public";
        one.name = "some_table_of_ordinary_name_" + std::to_string(at);
        one.inserted = inserted;
        one.bytes = 8192 + inserted;
    }
    made.tables_total = static_cast<std::int64_t>(tables);
    return made;
}

}  // namespace tallyfs::test
