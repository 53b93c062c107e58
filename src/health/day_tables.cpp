#include "health/csv_row.hpp"

#include <tallyfs/health/day_figures.hpp>

#include <algorithm>
#include <tuple>
#include <unordered_map>

namespace tallyfs::health {

namespace {

std::string moment_text(const moment& time) {
    return time ? to_rfc3339(*time) : "";
}

moment read_moment(csv_fields_reader& fields) {
    return parse_rfc3339(fields.text());
}

/// One that went back was reset in between, and counts from zero.
std::int64_t growth(std::int64_t before, std::int64_t now) {
    return now < before ? now : now - before;
}

std::string to_line(const table_day& one) {
    csv_row row;
    row.text(one.schema).text(one.name).number(std::int64_t{one.oid}).text(one.partition_of);
    row.text(to_rfc3339(one.seen));
    for (const auto figure :
         {one.bytes, one.live_rows, one.dead_rows, one.dead_rows_max, one.xid_age,
          one.inserted_today, one.updated_today, one.updated_hot_today, one.deleted_today,
          one.vacuums_today, one.autovacuums_today, one.analyzes_today, one.inserted_total,
          one.updated_total, one.updated_hot_total, one.deleted_total}) {
        row.number(figure);
    }
    for (const auto& time :
         {one.last_vacuum, one.last_autovacuum, one.last_analyze, one.last_autoanalyze}) {
        row.text(moment_text(time));
    }
    return std::move(row).end();
}

std::optional<table_day> parse_line(std::string_view line) {
    const auto split = csv_fields(line);
    if (!split) return std::nullopt;
    csv_fields_reader fields(*split);
    table_day read;
    read.schema = fields.text();
    read.name = fields.text();
    const auto oid = fields.number();
    read.partition_of = fields.text();
    const auto seen = read_moment(fields);
    for (auto* const figure :
         {&read.bytes, &read.live_rows, &read.dead_rows, &read.dead_rows_max, &read.xid_age,
          &read.inserted_today, &read.updated_today, &read.updated_hot_today, &read.deleted_today,
          &read.vacuums_today, &read.autovacuums_today, &read.analyzes_today, &read.inserted_total,
          &read.updated_total, &read.updated_hot_total, &read.deleted_total}) {
        *figure = fields.number().value_or(0);
    }
    read.last_vacuum = read_moment(fields);
    read.last_autovacuum = read_moment(fields);
    read.last_analyze = read_moment(fields);
    read.last_autoanalyze = read_moment(fields);
    if (!fields.ok() || !oid || !seen) return std::nullopt;
    read.oid = static_cast<std::uint32_t>(*oid);
    read.seen = *seen;
    return read;
}

/// What was known of a table before `now`, as a line that nothing was added to.
table_day known(const table& before) {
    table_day made;
    made.bytes = before.bytes;
    made.dead_rows = before.dead_rows;
    made.inserted_total = before.inserted;
    made.updated_total = before.updated;
    made.updated_hot_total = before.updated_hot;
    made.deleted_total = before.deleted;
    made.last_vacuum = before.last_vacuum;
    made.last_autovacuum = before.last_autovacuum;
    made.last_analyze = before.last_analyze;
    made.last_autoanalyze = before.last_autoanalyze;
    return made;
}

bool differs(const table_day& line, const table& now) {
    return line.bytes != now.bytes || line.dead_rows != now.dead_rows ||
           line.inserted_total != now.inserted || line.updated_total != now.updated ||
           line.deleted_total != now.deleted || line.last_vacuum != now.last_vacuum ||
           line.last_autovacuum != now.last_autovacuum || line.last_analyze != now.last_analyze ||
           line.last_autoanalyze != now.last_autoanalyze;
}

void add_changes(table_day& line, const table& now) {
    line.inserted_today += growth(line.inserted_total, now.inserted);
    line.updated_today += growth(line.updated_total, now.updated);
    line.updated_hot_today += growth(line.updated_hot_total, now.updated_hot);
    line.deleted_today += growth(line.deleted_total, now.deleted);
    // A reset takes the times away; that is no vacuum.
    const auto came = [](const moment& before, const moment& then) {
        return then && then != before ? 1 : 0;
    };
    line.vacuums_today += came(line.last_vacuum, now.last_vacuum);
    line.autovacuums_today += came(line.last_autovacuum, now.last_autovacuum);
    line.analyzes_today += came(line.last_analyze, now.last_analyze) +
                           came(line.last_autoanalyze, now.last_autoanalyze);
}

void take_figures(table_day& line, const table& now, wall_time seen) {
    const auto dead_rows_max = std::max(line.dead_rows_max, now.dead_rows);
    auto figures = known(now);
    figures.inserted_today = line.inserted_today;
    figures.updated_today = line.updated_today;
    figures.updated_hot_today = line.updated_hot_today;
    figures.deleted_today = line.deleted_today;
    figures.vacuums_today = line.vacuums_today;
    figures.autovacuums_today = line.autovacuums_today;
    figures.analyzes_today = line.analyzes_today;
    figures.oid = now.oid;
    figures.schema = now.schema;
    figures.name = now.name;
    figures.partition_of = now.root;
    figures.seen = seen;
    figures.live_rows = now.live_rows;
    figures.dead_rows_max = dead_rows_max;
    figures.xid_age = now.xid_age;
    line = std::move(figures);
}

/// The line that a table without one gets; nullopt if nothing is known to have changed.
std::optional<table_day> begun(const table& now, const snapshot& before,
                               const std::unordered_map<std::uint32_t, const table*>& by_oid) {
    if (const auto at = by_oid.find(now.oid); at != by_oid.end()) {
        auto line = known(*at->second);
        return differs(line, now) ? std::optional(line) : std::nullopt;
    }
    // A table that is new, or that a full list left out before: what it did is then not known.
    const bool list_was_full = static_cast<std::size_t>(before.tables_total) > before.tables.size();
    return list_was_full ? known(now) : table_day{};
}

}  // namespace

std::string_view tables_day_header() noexcept {
    return "schema,table,oid,partition_of,seen,bytes,live_rows,dead_rows,dead_rows_max,"
           "xid_age_transactions,inserted_rows,updated_rows,updated_hot_rows,deleted_rows,vacuums,"
           "autovacuums,analyzes,inserted_rows_total,updated_rows_total,updated_hot_rows_total,"
           "deleted_rows_total,last_vacuum,last_autovacuum,last_analyze,last_autoanalyze\n";
}

std::vector<table_day> parse_tables_day(std::string_view file) {
    std::vector<table_day> lines;
    for_each_line(file, [&](std::string_view line) {
        if (auto read = parse_line(line)) lines.push_back(std::move(*read));
    });
    return lines;
}

std::string tables_of_day(std::string_view file, const snapshot& now, const snapshot* before) {
    auto lines = parse_tables_day(file);
    std::unordered_map<std::uint32_t, std::size_t> line_of;
    for (std::size_t at = 0; at < lines.size(); ++at) line_of.emplace(lines[at].oid, at);
    std::unordered_map<std::uint32_t, const table*> by_oid;
    // Tables that could not be read are not new when they can.
    if (before != nullptr && before->tables.empty() && !before->missing.empty()) before = nullptr;
    if (before != nullptr) {
        for (const auto& one : before->tables) by_oid.emplace(one.oid, &one);
    }
    for (const auto& one : now.tables) {
        const auto at = line_of.find(one.oid);
        if (at == line_of.end()) {
            auto line = before != nullptr ? begun(one, *before, by_oid) : std::nullopt;
            if (!line) continue;
            add_changes(*line, one);
            take_figures(*line, one, now.taken);
            lines.push_back(std::move(*line));
        } else {
            add_changes(lines[at->second], one);
            take_figures(lines[at->second], one, now.taken);
        }
    }
    std::ranges::sort(lines, [&now](const table_day& a, const table_day& b) {
        const bool a_is_there = a.seen == now.taken;
        const bool b_is_there = b.seen == now.taken;
        if (a_is_there != b_is_there) return a_is_there;
        if (a.changed_today() != b.changed_today()) return a.changed_today() > b.changed_today();
        return std::tie(a.schema, a.name, a.oid) < std::tie(b.schema, b.name, b.oid);
    });
    if (lines.size() > table_lines_max) lines.resize(table_lines_max);
    std::string text(tables_day_header());
    for (const auto& line : lines) text += to_line(line);
    return text;
}

}  // namespace tallyfs::health
