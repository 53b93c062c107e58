// findings.csv of all servers, findings.json of one database or of a server as a whole.
#include "health/csv.hpp"
#include "health/report_text.hpp"

#include <tallyfs/health/report.hpp>

#include <nlohmann/json.hpp>
#include <spdlog/fmt/fmt.h>

namespace tallyfs::health {

namespace {

using json = nlohmann::ordered_json;

/// "dead_rows=124000000 live_rows=623000000": units are in the names.
std::string figures_field(const std::vector<figure>& figures) {
    std::string text;
    for (const auto& one : figures) {
        fmt::format_to(std::back_inserter(text), "{}{}={:.15g}", text.empty() ? "" : " ", one.name,
                       one.value);
    }
    return text;
}

moment known(wall_time time) {
    return time == wall_time{} ? std::nullopt : moment(time);
}

json text_or_null(const std::string& text) {
    return text.empty() ? json() : json(text);
}

json json_of(const standing_finding& one) {
    const auto& found = one.finding;
    json figures = json::object();
    for (const auto& figure : found.figures) figures[figure.name] = figure.value;
    const auto since = known(found.since);
    return {{"rule", found.rule},
            {"severity", to_string(found.severity)},
            {"database", text_or_null(found.database)},
            {"subject", found.subject},
            {"title", found.title},
            {"figures_text", found.figures_text},
            {"lines", found.lines},
            {"since", since ? json(to_rfc3339(*since)) : json()},
            {"figures", figures},
            {"evidence",
             {{"columns", found.evidence.columns},
              {"rows", found.evidence.rows},
              {"rows_total", found.evidence.rows_total}}},
            {"remedy",
             {{"advice", found.remedy.advice},
              {"kind", text_or_null(found.remedy.kind)},
              {"parameters", found.remedy.parameters},
              {"sql", found.remedy.sql},
              {"undo", found.remedy.undo}}},
            {"request", text_or_null(one.request)},
            {"muted_by", text_or_null(one.muted_by)}};
}

struct row {
    const watched_server* server;
    const standing_finding* found;
};

}  // namespace

std::string findings_csv(const watched_servers& all) {
    csv lines(
        "severity,environment,cluster,database,rule,subject,title,since_utc,figures,evidence_rows,"
        "do,request,muted_by,summary");
    std::vector<row> rows;
    for (const auto& server : all) {
        for (const auto& one : server->findings) rows.push_back({server.get(), &one});
    }
    std::ranges::stable_sort(rows, std::greater{}, [](const row& one) {
        return std::pair(one.found->muted_by.empty(), one.found->finding.severity);
    });
    for (const auto& [server, one] : rows) {
        const auto& found = one->finding;
        lines.row(to_string(found.severity), server->id.environment, server->id.cluster,
                  found.database, found.rule, found.subject, found.title, known(found.since),
                  figures_field(found.figures), found.evidence.rows_total, found.remedy.advice,
                  one->request, one->muted_by, found.figures_text);
    }
    return std::move(lines).text();
}

std::string findings_json(const watched_server& server, std::string_view database) {
    json findings = json::array();
    for (const auto* one : in_order(server, database)) findings.push_back(json_of(*one));
    const json all = {{"environment", server.id.environment},
                      {"cluster", server.id.cluster},
                      {"database", text_or_null(std::string(database))},
                      {"findings", std::move(findings)}};
    return all.dump(2, ' ', true, json::error_handler_t::replace) + "\n";
}

}  // namespace tallyfs::health
