// A server and a database as a look would show them, for the tests of rules.
// Types: include/tallyfs/health/sample.hpp, snapshot.hpp.
#pragma once

#include <tallyfs/health/autovacuum.hpp>
#include <tallyfs/health/rules.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace tallyfs::health::observed {

using namespace std::chrono_literals;

inline const wall_time noon{std::chrono::sys_days{std::chrono::year{2026} / 11 / 20} + 12h};

inline sample server(wall_time taken = noon) {
    sample made;
    made.taken = taken;
    made.version = 150'020;
    made.connections_max = 400;
    made.connections_reserved = 3;
    made.started = noon - 240h;
    made.settings = {{"autovacuum", "on"}, {"autovacuum_naptime", "60"}};
    return made;
}

inline session client(std::int32_t pid, std::string state, std::chrono::seconds since) {
    session made;
    made.pid = pid;
    made.database = "app";
    made.user = "repl_agent";
    made.client = "10.2.4.17";
    made.backend_type = "client backend";
    made.state = std::move(state);
    made.backend_start = noon - 24h;
    made.transaction_start = noon - since;
    made.query_start = noon - since;
    made.state_change = noon - since;
    return made;
}

inline snapshot database(wall_time taken = noon) {
    snapshot made;
    made.taken = taken;
    made.database = "app";
    return made;
}

inline table rows(std::string name, std::int64_t live, std::int64_t dead) {
    static std::uint32_t next_oid = 16'384;
    table made;
    made.oid = next_oid++;
    made.schema = "public";
    made.name = std::move(name);
    made.row_estimate = static_cast<double>(live);
    made.live_rows = live;
    made.dead_rows = dead;
    return made;
}

inline running_vacuum vacuuming(std::int32_t pid, std::string of) {
    running_vacuum made;
    made.pid = pid;
    made.database = "app";
    made.table = std::move(of);
    made.phase = "scanning heap";
    made.blocks_total = 1000;
    made.blocks_scanned = 340;
    return made;
}

inline std::vector<finding> judged(const sample& now, const thresholds& limits = {}) {
    return judge(server_view{now, {}}, limits);
}

inline std::vector<finding> judged(const snapshot& full, const sample& now = server(),
                                   const snapshot* before = nullptr,
                                   const thresholds& limits = {}) {
    return judge(database_view{{now, {}}, full, before}, limits);
}

/// The findings of one rule.
inline std::vector<finding> of(std::string_view rule, std::vector<finding> all) {
    std::erase_if(all, [&](const finding& one) { return one.rule != rule; });
    return all;
}

inline double value(const finding& from, std::string_view name) {
    const auto at = std::ranges::find(from.figures, name, &figure::name);
    return at == from.figures.end() ? -1 : at->value;
}

inline bool says(const finding& one, std::string_view text) {
    return std::ranges::any_of(one.lines,
                               [&](const auto& line) { return line.find(text) != line.npos; });
}

}  // namespace tallyfs::health::observed
