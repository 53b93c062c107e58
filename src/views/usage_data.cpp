#include "views/ledger_rows.hpp"
#include "views/usage.hpp"

#include <tallyfs/base/text.hpp>

#include <nlohmann/json.hpp>
#include <spdlog/fmt/fmt.h>

namespace tallyfs::views {

namespace {

using json = nlohmann::ordered_json;
using ledger::sums;

constexpr std::size_t rows_max = 10'000;  // of a file that lists single events

double milliseconds(record::duration value) {
    return static_cast<double>(value.count()) / 1000;
}

/// The figures of sums, once for both formats: name with unit, and value.
template <class Visitor>
void visit_sums(const sums& s, Visitor&& visit) {
    visit("calls", json(s.calls));
    visit("errors", json(s.errors));
    visit("client_gone", json(s.client_gone));
    visit("prompt_tokens", json(s.prompt_tokens));
    visit("output_tokens", json(s.output_tokens));
    visit("calls_with_estimated_tokens", json(s.estimated_calls));
    visit("busy_ms", json(milliseconds(s.busy)));
    visit("duration_ms", json(milliseconds(s.duration)));
    visit("queue_ms", json(milliseconds(s.queue)));
    visit("eval_ms", json(milliseconds(s.eval)));
    visit("first_token_ms_sum", json(milliseconds(s.first_token)));
    visit("first_token_calls", json(s.first_token_calls));
    visit("cold_starts", json(s.cold_starts));
    visit("cold_load_ms", json(milliseconds(s.cold_load)));
    visit("prompts_cut", json(s.prompts_cut));
    visit("request_bytes", json(s.request_bytes));
    visit("response_bytes", json(s.response_bytes));
    constexpr std::array<const char*, record::service_sources> names{
        "calls_named_by_path",     "calls_named_by_header",  "calls_named_by_key",
        "calls_named_by_listener", "calls_named_by_process", "calls_named_by_user_agent",
        "calls_named_by_address"};
    for (std::size_t i = 0; i < names.size(); ++i) visit(names[i], json(s.by_source[i]));
}

json sums_json(const sums& s) {
    json object = json::object();
    visit_sums(s, [&](const char* name, json value) { object[name] = std::move(value); });
    return object;
}

std::string sums_header() {
    std::string text;
    visit_sums({}, [&](const char* name, const json&) { text.append(",").append(name); });
    return text;
}

void append_sums(std::string& out, const sums& s) {
    visit_sums(s, [&](const char*, const json& value) { out.append(",").append(value.dump()); });
}

void append_group(std::string& out, const ledger::group& group) {
    for (const auto* part : {&group.service, &group.task, &group.model, &group.endpoint}) {
        out += ',';
        append_csv_field(out, *part);
    }
}

json or_null(const std::string& text) {
    return text.empty() ? json(nullptr) : json(text);
}

}  // namespace

std::string usage_json(const ledger::ledger& from, const usage_period& period) {
    const auto rows = rows_of(from.usage(period.query));
    json document = json::object();
    document["period"] = period.title;
    document["first_day"] = period.query.first ? json(period.query.first->to_string()) : json();
    document["last_day"] = period.query.last ? json(period.query.last->to_string()) : json();
    document["last_change"] =
        period.last_change == wall_time{} ? json() : json(to_rfc3339(period.last_change));
    sums total;
    json groups = json::array();
    for (const auto& row : rows) {
        total += row.sums;
        json entry = json::object();
        entry["service"] = row.group.service;
        entry["task"] = or_null(row.group.task);
        entry["model"] = or_null(row.group.model);
        entry["endpoint"] = row.group.endpoint;
        entry.update(sums_json(row.sums));
        groups.push_back(std::move(entry));
    }
    document["total"] = sums_json(total);
    document["groups"] = std::move(groups);
    return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string usage_csv(const ledger::ledger& from, const usage_period& period) {
    auto query = period.query;
    query.by = period.one_day ? ledger::resolution::quarter_hours : ledger::resolution::days;
    const auto rows = rows_of(from.usage(query));
    std::string out = period.one_day ? "quarter_hour_utc" : "day";
    out += ",service,task,model,endpoint" + sums_header() + "\n";
    for (const auto& row : rows) {
        out += period.one_day ? to_rfc3339(row.from) : row.date.to_string();
        append_group(out, row.group);
        append_sums(out, row.sums);
        out += '\n';
    }
    return out;
}

std::string days_csv(const ledger::ledger& from, const ledger::usage_query& query) {
    auto by_day = query;
    by_day.by = ledger::resolution::days;
    const auto rows = rows_of(from.usage(by_day));
    std::map<day, sums> days;
    for (const auto& row : rows) days[row.date] += row.sums;
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
        out += "," + json(milliseconds(row.waited)).dump() + ",";
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
        out += "," + json(milliseconds(row.waited)).dump() + ",";
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
        out += fmt::format(",{},{},{},{},{},{}\n", row.prompt_hash, row.calls,
                           json(milliseconds(row.repeat_busy)).dump(), row.repeat_tokens,
                           to_rfc3339(row.first), to_rfc3339(row.last));
    }
    return out;
}

}  // namespace tallyfs::views
