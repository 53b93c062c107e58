// wraparound.json of a server.
#include "health/wraparound.hpp"

#include <tallyfs/health/report.hpp>

#include <nlohmann/json.hpp>

#include <charconv>
#include <cmath>

namespace tallyfs::health {

namespace {

using json = nlohmann::ordered_json;

constexpr std::int64_t ids = std::int64_t{1} << 31;  ///< half of the circle is the past
constexpr std::size_t tables_shown = 10;

std::int64_t setting_or(const sample& seen, std::string_view name, std::int64_t otherwise) {
    const auto place = seen.settings.find(name);
    if (place == seen.settings.end()) return otherwise;
    std::int64_t value = 0;
    const auto& text = place->second;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    return read.ec == std::errc{} ? value : otherwise;
}

double percent(std::int64_t age) {
    return std::round(1000.0 * static_cast<double>(age) / static_cast<double>(ids)) / 10.0;
}

json ages(std::int64_t age, std::int64_t forced, const wraparound_limits& limits) {
    return {{"age", age},
            {"percent", percent(age)},
            {"left_until_forced_vacuum", std::max<std::int64_t>(forced - age, 0)},
            {"left_until_writes_stop", std::max<std::int64_t>(limits.writes_stop - age, 0)}};
}

std::int64_t oldest(const table& t) {
    return std::max({t.xid_age, t.toast_xid_age, t.mxid_age});
}

json tables_of(const snapshot& full) {
    std::vector<const table*> all;
    for (const auto& one : full.tables) all.push_back(&one);
    const auto shown = std::min(tables_shown, all.size());
    std::ranges::partial_sort(all, all.begin() + static_cast<std::ptrdiff_t>(shown), std::greater{},
                              [](const table* t) { return oldest(*t); });
    all.resize(shown);
    json rows = json::array();
    for (const auto* one : all) {
        rows.push_back({{"table", one->full_name()},
                        {"xid_age", one->xid_age},
                        {"mxid_age", one->mxid_age},
                        {"toast_xid_age", one->toast_xid_age},
                        {"bytes", one->bytes}});
    }
    return rows;
}

json json_of(const watched_server& server, const database_counters& one,
             const wraparound_limits& limits) {
    json row = {{"database", one.name},
                {"transactions", ages(one.xid_age, limits.forced_xid, limits)},
                {"multixacts", ages(one.mxid_age, limits.forced_mxid, limits)},
                {"oldest_tables", json::array()},
                {"tables_seen_utc", nullptr}};
    for (const auto& watched : server.databases) {
        if (watched.what.database != one.name || watched.full == nullptr) continue;
        row["oldest_tables"] = tables_of(*watched.full);
        row["tables_seen_utc"] = to_rfc3339(watched.full->taken);
    }
    return row;
}

}  // namespace

wraparound_limits wraparound_limits_of(const sample& seen) {
    const bool since_14 = seen.version >= 140'000;
    return {setting_or(seen, "autovacuum_freeze_max_age", 200'000'000),
            setting_or(seen, "autovacuum_multixact_freeze_max_age", 400'000'000),
            ids - (since_14 ? 40'000'000 : 11'000'000), ids - (since_14 ? 3'000'000 : 1'000'000)};
}

std::string wraparound_json(const watched_server& server) {
    json all = {{"environment", server.id.environment},
                {"cluster", server.id.cluster},
                {"sampled_utc", nullptr},
                {"limits", nullptr},
                {"databases", json::array()}};
    if (server.sample != nullptr) {
        const auto& seen = *server.sample;
        const auto limits = wraparound_limits_of(seen);
        all["sampled_utc"] = to_rfc3339(seen.taken);
        all["limits"] = {{"forced_vacuum_at_age", limits.forced_xid},
                         {"forced_vacuum_at_multixact_age", limits.forced_mxid},
                         {"server_warns_at_age", limits.server_warns},
                         {"writes_stop_at_age", limits.writes_stop}};
        std::vector<const database_counters*> rows;
        for (const auto& one : seen.databases) rows.push_back(&one);
        std::ranges::stable_sort(rows, std::greater{}, [](const database_counters* one) {
            return std::max(one->xid_age, one->mxid_age);
        });
        for (const auto* one : rows) all["databases"].push_back(json_of(server, *one, limits));
    }
    return all.dump(2, ' ', true, json::error_handler_t::replace) + "\n";
}

}  // namespace tallyfs::health
