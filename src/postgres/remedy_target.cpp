#include "postgres/remedy_target.hpp"

#include <tallyfs/base/text.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace tallyfs::postgres {

namespace {

constexpr std::size_t evidence_bytes_max = 3'000;

/// "prod/orders-cl/app" in its parts; the last may hold slashes.
struct path_parts {
    health::cluster_id cluster;
    std::string database;
};
path_parts parts_of(std::string_view path) {
    path_parts made;
    const auto first = std::min(path.find('/'), path.size());
    made.cluster.environment = path.substr(0, first);
    path.remove_prefix(std::min(first + 1, path.size()));
    const auto second = std::min(path.find('/'), path.size());
    made.cluster.cluster = path.substr(0, second);
    path.remove_prefix(std::min(second + 1, path.size()));
    made.database = path;
    return made;
}

remedy_target refused(std::string problem) {
    return {std::move(problem), {}};
}

bool same_but_for_context(const approval::parameters& a, const approval::parameters& b) {
    const auto bare = [](approval::parameters all) {
        all.erase("database");
        all.erase("finding");
        return all;
    };
    return bare(a) == bare(b);
}

void append_row(std::string& text, const std::vector<std::string>& row) {
    std::string line;
    for (const auto& field : row) {
        if (!line.empty()) line += ',';
        append_csv_field(line, field);
    }
    text += line + "\n";
}

}  // namespace

remedy_target target_of(const registered& all, std::string_view database) {
    if (database.empty()) return refused("database=… is missing: ENV/CLUSTER/DB, as in databases/");
    const auto wanted = parts_of(database);
    const health::registration* found = nullptr;
    for (const auto& one : all.databases) {
        if (one.cluster != wanted.cluster) continue;
        const bool exact = one.database == wanted.database;
        const bool better = found == nullptr || (found->remedies_credential.empty() &&
                                                 !one.remedies_credential.empty());
        if (exact || (one.active && better)) found = &one;
        if (exact) break;
    }
    if (found == nullptr) {
        return refused("no database of " + wanted.cluster.path() + " is registered");
    }
    auto what = *found;
    if (!wanted.database.empty()) what.database = wanted.database;
    if (!what.active) return refused(what.path() + " is not active");
    if (what.remedies_credential.empty()) {
        return refused("nothing can be changed in " + what.path() +
                       ": its registration names no remedies_credential (databases/README.md)");
    }
    return {"", std::move(what)};
}

const health::sample* remedy_view::sample() const {
    return server != nullptr ? server->sample.get() : nullptr;
}

const health::snapshot* remedy_view::snapshot(std::string_view database) const {
    if (server == nullptr) return nullptr;
    for (const auto& one : server->databases) {
        if (one.what.database == database) return one.full.get();
    }
    return nullptr;
}

remedy_view view_of(const board& seen, const health::registration& what) {
    return {seen.find(what.cluster)};
}

const health::standing_finding* finding_of(const health::watched_server& server,
                                           std::string_view kind, const approval::parameters& all) {
    const auto key = all.find("finding");
    const auto place = std::ranges::find_if(server.findings, [&](const auto& standing) {
        const auto& found = standing.finding;
        if (key != all.end()) return found.key() == key->second;
        return found.remedy.kind == kind && same_but_for_context(found.remedy.parameters, all);
    });
    return place != server.findings.end() ? &*place : nullptr;
}

std::string plan_text(const health::registration& what, const health::script& sql) {
    auto text = "-- " + what.path() + " at " + what.host + " port " + std::to_string(what.port) +
                "\n" + sql.text();
    while (text.ends_with('\n')) text.pop_back();  // a file of it ends in one
    return text;
}

std::string evidence_text(const health::finding& found) {
    auto text = fmt::format("{}: {} {}\n{}\nsince {}\n", to_string(found.severity), found.title,
                            found.subject, found.figures_text, to_rfc3339(found.since));
    for (const auto& line : found.lines) text += line + "\n";
    for (const auto& one : found.figures) text += fmt::format("{} = {}\n", one.name, one.value);
    if (!found.evidence.rows.empty()) {
        text += "\n";
        append_row(text, found.evidence.columns);
        for (const auto& row : found.evidence.rows) {
            auto longer = text;
            append_row(longer, row);
            if (longer.size() > evidence_bytes_max) break;
            text = std::move(longer);
        }
        text += fmt::format("({} in all)\n", found.evidence.rows_total);
    }
    return std::string(clip_utf8(text, evidence_bytes_max + 100));
}

}  // namespace tallyfs::postgres
