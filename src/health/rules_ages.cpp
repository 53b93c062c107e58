#include "health/rule_parts.hpp"

#include <tallyfs/base/readable.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace tallyfs::health {

namespace {

/// Ids are compared modulo 2^32: one that is older than half of that would be in the future.
constexpr std::int64_t age_end = 2'147'483'647;
constexpr std::int32_t version_14 = 140'000;

/// Where the server begins to warn, and where it writes no more: SetTransactionIdLimit() and
/// SetMultiXactIdLimit(). Reads go on, and the server stays up.
struct limits_of_ids {
    std::int64_t warns_at;
    std::int64_t stops_at;
};
limits_of_ids limits_of(std::int32_t version, bool multixacts) {
    constexpr std::int64_t million = 1'000'000;
    if (version >= version_14) return {age_end - 40 * million, age_end - 3 * million};
    if (multixacts) return {age_end - 10 * million - 100, age_end - 100};
    return {age_end - 11 * million, age_end - million};
}

/// One of the two counters of a database or of a table.
struct counter {
    std::string_view unit;  ///< "xid", "mxid"
    std::int64_t age;
    std::int64_t forced_at;  ///< autovacuum comes by force
    limits_of_ids server;
};

std::optional<severity> severity_of(const counter& of, const thresholds& limits) {
    if (of.age >= std::min(limits.xid_age_critical, of.server.warns_at)) return severity::critical;
    if (of.age >= limits.xid_age_warning) return severity::warning;
    if (of.age >= of.forced_at) return severity::info;
    return std::nullopt;
}

/// nullopt if neither counter is far enough.
std::optional<finding> about(const counter& xid, const counter& mxid, const thresholds& limits) {
    const auto of_xid = severity_of(xid, limits);
    const auto of_mxid = severity_of(mxid, limits);
    if (!of_xid && !of_mxid) return std::nullopt;
    const auto& worse = of_mxid > of_xid ? mxid : xid;

    finding made;
    made.rule = "wraparound";
    made.severity = std::max(of_xid, of_mxid).value();
    const auto left = std::max<std::int64_t>(worse.server.stops_at - worse.age, 0);
    const bool emergency = worse.age >= worse.server.warns_at;
    made.title = emergency                         ? "writes stop soon: wraparound"
                 : made.severity == severity::info ? "autovacuum forced by age"
                                                   : "wraparound comes nearer";
    made.figures_text = fmt::format("{} age {} ({}), {} left", worse.unit, short_count(worse.age),
                                    percent_text(worse.age, age_end), short_count(left));
    if (emergency) {
        made.lines.push_back(fmt::format("in {} {}s nothing can be written; reads go on",
                                         grouped(left), worse.unit));
    }
    made.figures = {{"xid_age_transactions", static_cast<double>(xid.age)},
                    {"mxid_age_multixacts", static_cast<double>(mxid.age)},
                    {"forced_vacuum_age_transactions", static_cast<double>(xid.forced_at)},
                    {"forced_vacuum_age_multixacts", static_cast<double>(mxid.forced_at)},
                    {"left_until_writes_stop", static_cast<double>(left)},
                    {"used_percent", percent(worse.age, age_end)}};
    return made;
}

std::int64_t setting(const sample& now, std::string_view name, double fallback) {
    return static_cast<std::int64_t>(setting_number(now.settings, name, fallback));
}

}  // namespace

void judge_server_ages(const server_view& view, const thresholds& limits, findings& into) {
    const auto& now = view.now;
    const auto xid_forced = setting(now, "autovacuum_freeze_max_age", 200'000'000);
    const auto mxid_forced = setting(now, "autovacuum_multixact_freeze_max_age", 400'000'000);
    for (const auto& one : now.databases) {
        auto made =
            about({"xid", one.xid_age, xid_forced, limits_of(now.version, false)},
                  {"mxid", one.mxid_age, mxid_forced, limits_of(now.version, true)}, limits);
        if (!made) continue;
        made->database = one.name;
        made->subject = "database";
        made->evidence.columns = {"database", "xid_age_transactions", "mxid_age_multixacts"};
        for (const auto& other : now.databases) {
            add_row(made->evidence, {other.name, plain(other.xid_age), plain(other.mxid_age)});
        }
        made->remedy.advice = made->severity == severity::info
                                  ? "nothing, as long as autovacuum comes through"
                                  : "vacuum freeze its oldest tables: tables.csv, by age";
        made->since = now.taken;
        into.push_back(std::move(*made));
    }
}

void judge_table_ages(const database_case& all, findings& into) {
    const auto& now = all.view.server.now;
    std::vector<weighed> found;
    for (const auto& [what, terms] : all.tables) {
        const auto& t = *what;
        const auto xid_age = std::max(t.xid_age, t.toast_xid_age);
        auto made =
            about({"xid", xid_age, static_cast<std::int64_t>(terms.freeze_age_max.value),
                   limits_of(now.version, false)},
                  {"mxid", t.mxid_age, static_cast<std::int64_t>(terms.mxid_freeze_age_max.value),
                   limits_of(now.version, true)},
                  all.limits);
        if (!made) continue;
        made->database = all.view.full.database;
        made->subject = t.full_name();
        if (t.toast_xid_age > t.xid_age) made->lines.push_back("its TOAST table is the older one");
        made->figures.push_back(
            {"toast_xid_age_transactions", static_cast<double>(t.toast_xid_age)});
        made->figures.push_back({"table_bytes", static_cast<double>(t.bytes)});
        made->evidence.columns = {"table", "xid_age_transactions", "toast_xid_age_transactions",
                                  "mxid_age_multixacts", "table_bytes"};
        add_row(made->evidence, {t.full_name(), plain(t.xid_age), plain(t.toast_xid_age),
                                 plain(t.mxid_age), plain(t.bytes)});
        if (made->severity == severity::info) {
            made->remedy.advice = "nothing, as long as autovacuum comes through";
        } else {
            made->remedy = vacuum_of(t, true, "vacuum freeze this table, the oldest first");
        }
        made->since = all.view.full.taken;
        const auto weight = static_cast<double>(std::max(xid_age, t.mxid_age));
        found.push_back({weight, std::move(*made)});
    }
    add_worst(into, std::move(found));
}

/// Against wraparound the server vacuums all the same.
void judge_server_autovacuum(const server_view& view, findings& into) {
    const auto& now = view.now;
    if (now.is_standby || terms_of(table{}, now.settings).enabled) return;
    finding made;
    made.rule = "autovacuum_off";
    made.subject = "server";
    made.severity = severity::warning;
    made.title = "autovacuum is off on the server";
    made.figures_text = "no table is vacuumed or analyzed";
    made.remedy.advice = "set autovacuum and track_counts on (ALTER SYSTEM), and reload";
    made.since = now.taken;
    into.push_back(std::move(made));
}

}  // namespace tallyfs::health
