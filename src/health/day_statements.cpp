#include "health/csv_row.hpp"

#include <tallyfs/base/text.hpp>
#include <tallyfs/health/day_figures.hpp>

#include <algorithm>

namespace tallyfs::health {

namespace {

using key = std::pair<std::int64_t, std::string>;  // statement and role, as the file has them

std::string to_line(const statement_day& one) {
    std::optional<double> mean_ms;
    if (one.calls > 0) mean_ms = one.total_ms / static_cast<double>(one.calls);
    csv_row row;
    row.number(one.id).text(one.user).number(one.calls).number(one.total_ms).number(mean_ms);
    row.number(one.rows).number(one.blocks_hit).number(one.blocks_read);
    row.number(one.temporary_blocks).number(one.wal_bytes).text(one.query);
    return std::move(row).end();
}

std::optional<statement_day> parse_line(std::string_view line) {
    const auto split = csv_fields(line);
    if (!split) return std::nullopt;
    csv_fields_reader fields(*split);
    statement_day read;
    const auto id = fields.number();
    read.user = fields.text();
    read.calls = fields.number().value_or(0);
    read.total_ms = fields.decimal().value_or(0);
    static_cast<void>(fields.decimal());  // mean_ms follows from the others
    read.rows = fields.number().value_or(0);
    read.blocks_hit = fields.number().value_or(0);
    read.blocks_read = fields.number().value_or(0);
    read.temporary_blocks = fields.number().value_or(0);
    read.wal_bytes = fields.number();
    read.query = fields.text();
    if (!fields.ok() || !id) return std::nullopt;
    read.id = *id;
    return read;
}

/// A role as a line shows it.
std::string user_text(const std::string& user) {
    csv_row row;
    auto line = std::move(row.text(user)).end();
    line.pop_back();
    return csv_fields(line).value_or(std::vector{user}).front();
}

/// pg_stat_statements_reset() takes away all counters of a statement at once.
void add(statement_day& line, const statement& now, const statement& before) {
    const bool reset = now.calls < before.calls || now.total_ms < before.total_ms;
    const statement zero;
    const auto& from = reset ? zero : before;
    line.calls += now.calls - from.calls;
    line.total_ms += now.total_ms - from.total_ms;
    line.rows += now.rows - from.rows;
    line.blocks_hit += now.blocks_hit - from.blocks_hit;
    line.blocks_read += now.blocks_read - from.blocks_read;
    line.temporary_blocks += now.temporary_blocks - from.temporary_blocks;
    if (now.wal_bytes) {
        line.wal_bytes = line.wal_bytes.value_or(0) + *now.wal_bytes - from.wal_bytes.value_or(0);
    }
}

}  // namespace

std::string_view statements_day_header() noexcept {
    return "statement_id,role,calls,total_ms,mean_ms,rows,blocks_hit,blocks_read,"
           "temporary_blocks,wal_bytes,query\n";
}

std::vector<statement_day> parse_statements_day(std::string_view file) {
    std::vector<statement_day> lines;
    for_each_line(file, [&](std::string_view line) {
        if (auto read = parse_line(line)) lines.push_back(std::move(*read));
    });
    return lines;
}

std::string statements_of_day(std::string_view file, const snapshot& now, const snapshot* before) {
    std::map<key, statement_day> lines;
    for (auto& line : parse_statements_day(file)) {
        lines.emplace(key{line.id, line.user}, std::move(line));
    }
    std::map<key, const statement*> earlier;
    // An empty list is one that could not be read: our own statements are always there.
    const bool comparable = before != nullptr && !before->statements.empty();
    if (comparable) {
        for (const auto& one : before->statements) earlier.emplace(key{one.id, one.user}, &one);
    }
    // Where the list was full, one that was not in it may have run before.
    const bool list_was_full = comparable && before->statements.size() >= snapshot::statements_max;
    for (const auto& one : now.statements) {
        const auto at = earlier.find({one.id, one.user});
        if (!comparable || (at == earlier.end() && list_was_full)) continue;
        const statement zero;
        const auto& from = at == earlier.end() ? zero : *at->second;
        if (at != earlier.end() && from.calls == one.calls && from.total_ms == one.total_ms) {
            continue;
        }
        auto& line = lines[{one.id, user_text(one.user)}];
        line.id = one.id;
        line.user = one.user;
        line.query = clip_utf8(one.query, query_bytes_kept);
        add(line, one, from);
    }
    std::vector<const statement_day*> by_time;
    for (const auto& [key, line] : lines) by_time.push_back(&line);
    std::ranges::stable_sort(by_time, std::greater{},
                             [](const statement_day* one) { return one->total_ms; });
    if (by_time.size() > statement_lines_max) by_time.resize(statement_lines_max);
    std::string text(statements_day_header());
    for (const auto* line : by_time) text += to_line(*line);
    return text;
}

}  // namespace tallyfs::health
