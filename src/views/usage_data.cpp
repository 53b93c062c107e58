#include "views/figures_text.hpp"
#include "views/ledger_rows.hpp"
#include "views/usage.hpp"

#include <tallyfs/base/text.hpp>

#include <spdlog/fmt/fmt.h>

namespace tallyfs::views {

namespace {

using ledger::sums;

constexpr std::size_t rows_max = 10'000;  // of a file that lists single events

void append_group(std::string& out, const ledger::group& group) {
    for (const auto* part : {&group.service, &group.task, &group.model, &group.endpoint}) {
        out += ',';
        append_csv_field(out, *part);
    }
}

std::string day_or_null(const std::optional<day>& date) {
    return date ? date->to_string() : std::string();
}

/// Rows come with the day or quarter hour in front: the one before is often the same.
class start_text {
  public:
    const std::string& of(const ledger::usage_row& row, bool one_day) {
        if (one_day && (text_.empty() || row.from != from_)) text_ = to_rfc3339(row.from);
        if (!one_day && (text_.empty() || row.date != date_)) text_ = row.date.to_string();
        from_ = row.from;
        date_ = row.date;
        return text_;
    }

  private:
    wall_time from_{};
    day date_;
    std::string text_;
};

}  // namespace

std::string usage_json(const ledger::ledger& from, const usage_period& period) {
    sums total;
    std::string groups;
    const auto add_group = [&](const ledger::usage_row& row) {
        total += row.sums;
        const auto member = [&](const char* name, const std::string& text, bool nullable) {
            groups.append("\n      \"").append(name).append("\": ");
            nullable ? append_json_or_null(groups, text) : append_json_text(groups, text);
            groups += ',';
        };
        groups += groups.empty() ? "\n    {" : ",\n    {";
        member("service", row.group.service, false);
        member("task", row.group.task, true);
        member("model", row.group.model, true);
        member("endpoint", row.group.endpoint, false);
        append_sums_members(groups, row.sums, "\n      ");
        groups += "\n    }";
    };
    require(from.for_each_usage(period.query, add_group));
    std::string out = "{\n  \"period\": ";
    append_json_text(out, period.title);
    out += ",\n  \"first_day\": ";
    append_json_or_null(out, day_or_null(period.query.first));
    out += ",\n  \"last_day\": ";
    append_json_or_null(out, day_or_null(period.query.last));
    out += ",\n  \"last_change\": ";
    append_json_or_null(
        out, period.last_change == wall_time{} ? std::string() : to_rfc3339(period.last_change));
    out += ",\n  \"total\": {";
    append_sums_members(out, total, "\n    ");
    out += "\n  },\n  \"groups\": [";
    out += groups;
    out += groups.empty() ? "]\n}\n" : "\n  ]\n}\n";
    return out;
}

std::string usage_csv(const ledger::ledger& from, const usage_period& period) {
    auto query = period.query;
    query.by = period.one_day ? ledger::resolution::quarter_hours : ledger::resolution::days;
    std::string out = period.one_day ? "quarter_hour_utc" : "day";
    out += ",service,task,model,endpoint" + sums_header() + "\n";
    start_text start;
    const auto add_row = [&](const ledger::usage_row& row) {
        out += start.of(row, period.one_day);
        append_group(out, row.group);
        append_sums(out, row.sums);
        out += '\n';
    };
    require(from.for_each_usage(query, add_row));
    return out;
}

std::string days_csv(const ledger::ledger& from, const ledger::usage_query& query) {
    auto by_day = query;
    by_day.by = ledger::resolution::days;
    std::map<day, sums> days;
    const auto add = [&](const ledger::usage_row& row) { days[row.date] += row.sums; };
    require(from.for_each_usage(by_day, add));
    std::string out = "day" + sums_header() + "\n";
    for (const auto& [date, s] : days) {
        out += date.to_string();
        append_sums(out, s);
        out += '\n';
    }
    return out;
}

std::string tasks_csv(const ledger::ledger& from, const ledger::usage_query& query) {
    const auto rows = rows_of(from.usage(query));
    std::map<std::pair<std::string, std::string>, sums> tasks;
    for (const auto& row : rows) tasks[{row.group.service, row.group.task}] += row.sums;
    std::string out = "service,task" + sums_header() + "\n";
    for (const auto& [names, s] : tasks) {
        append_csv_field(out, names.first);
        out += ',';
        append_csv_field(out, names.second);
        append_sums(out, s);
        out += '\n';
    }
    return out;
}

std::string cold_starts_csv(const ledger::ledger& from) {
    const auto rows = rows_of(from.cold_starts(rows_max));
    std::string out = "time_utc,id,service,task,model,endpoint,waited_ms,evicted_model,options\n";
    for (const auto& row : rows) {
        out += to_rfc3339(row.time) + "," + row.id.to_string();
        append_group(out, row.group);
        out += ',';
        append_milliseconds(out, row.waited);
        out += ',';
        append_csv_field(out, row.evicted_model);
        out += ',';
        append_csv_field(out, row.options);
        out += '\n';
    }
    return out;
}

std::string swaps_csv(const ledger::ledger& from) {
    const auto rows = rows_of(from.swaps(rows_max));
    std::string out =
        "time_utc,id,evicted_model,loaded_model,cause,service,task,waited_ms,options\n";
    for (const auto& row : rows) {
        out += to_rfc3339(row.time) + "," + row.id.to_string();
        for (const auto* part :
             {&row.evicted_model, &row.loaded_model, &row.cause, &row.service, &row.task}) {
            out += ',';
            append_csv_field(out, *part);
        }
        out += ',';
        append_milliseconds(out, row.waited);
        out += ',';
        append_csv_field(out, row.options);
        out += '\n';
    }
    return out;
}

std::string duplicates_csv(const ledger::ledger& from) {
    const auto rows = rows_of(from.duplicates(std::nullopt, rows_max));
    std::string out =
        "day,service,task,model,endpoint,prompt_hash,calls,repeat_busy_ms,repeat_tokens,"
        "first_utc,last_utc\n";
    for (const auto& row : rows) {
        out += row.date.to_string();
        append_group(out, row.group);
        out += fmt::format(",{},{},", row.prompt_hash, row.calls);
        append_milliseconds(out, row.repeat_busy);
        out += fmt::format(",{},{},{}\n", row.repeat_tokens, to_rfc3339(row.first),
                           to_rfc3339(row.last));
    }
    return out;
}

}  // namespace tallyfs::views
