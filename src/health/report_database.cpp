// queries.csv, roles.csv and schema.sql of a database.
#include "health/csv.hpp"

#include <tallyfs/health/report.hpp>
#include <tallyfs/health/schema.hpp>

#include <spdlog/fmt/fmt.h>

#include <cmath>
#include <numeric>

namespace tallyfs::health {

namespace {

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
    return text;
}

double rounded(double value) {
    return std::round(value * 1000) / 1000;
}

}  // namespace

std::string queries_csv(const watched_database& one) {
    csv lines(
        "query_id,role,calls,total_ms,share_percent,mean_ms,rows,rows_per_call,blocks_hit,"
        "blocks_read,temporary_blocks,wal_bytes,query");
    if (one.full == nullptr) return std::move(lines).text();
    const auto& all = one.full->statements;
    const double total = std::accumulate(
        all.begin(), all.end(), 0.0, [](double sum, const auto& s) { return sum + s.total_ms; });
    for (const auto& s : all) {
        const auto per_call =
            s.calls > 0 ? std::optional(fmt::format(
                              "{:.2f}", static_cast<double>(s.rows) / static_cast<double>(s.calls)))
                        : std::nullopt;
        const auto share = total > 0
                               ? std::optional(fmt::format("{:.1f}", 100 * s.total_ms / total))
                               : std::nullopt;
        lines.row(s.id, s.user, s.calls, rounded(s.total_ms), share, rounded(s.mean_ms), s.rows,
                  per_call, s.blocks_hit, s.blocks_read, s.temporary_blocks, s.wal_bytes, s.query);
    }
    return std::move(lines).text();
}

std::string roles_csv(const watched_database& one) {
    csv lines(
        "role,can_login,superuser,creates_roles,creates_databases,replicates,"
        "bypasses_row_security,connections_max,valid_until_utc,member_of,settings");
    if (one.full == nullptr) return std::move(lines).text();
    for (const auto& r : one.full->roles) {
        lines.row(r.name, r.can_login, r.superuser, r.creates_roles, r.creates_databases,
                  r.replicates, r.bypasses_row_security,
                  r.connections_max < 0 ? std::nullopt : std::optional(r.connections_max),
                  r.valid_until, joined(r.member_of), joined(r.settings));
    }
    return std::move(lines).text();
}

std::string schema_sql(const watched_database& one) {
    if (one.full == nullptr) {
        return "-- Not read yet: it comes with the first full snapshot (echo now > snapshot).\n";
    }
    if (one.full->schema.empty()) {
        return one.full->schema_fingerprint.empty()
                   ? "-- The schema could not be read: status.txt says why.\n"
                   : "-- Nothing has been created in this database.\n";
    }
    return schema_text(one.full->schema);
}

}  // namespace tallyfs::health
