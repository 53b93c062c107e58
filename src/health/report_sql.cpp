// recommendations.sql of a database, or of a server as a whole.
#include "health/report_text.hpp"

#include <tallyfs/base/readable.hpp>
#include <tallyfs/health/report.hpp>

#include <spdlog/fmt/fmt.h>

namespace tallyfs::health {

namespace {

/// As comments. A line break in a name would end the comment, and the rest would run.
void append_comment(std::string& out, std::string_view label, std::string_view text) {
    if (!text.empty()) append_paragraph(out, "-- " + column(label, 6), text, "--       ");
}

/// SQL that takes it back, line by line.
void append_undo(std::string& out, std::string_view undo) {
    if (undo.empty()) {
        append_comment(out, "undo", "there is none");
        return;
    }
    while (!undo.empty()) {
        const auto end = std::min(undo.find_first_of("\r\n"), undo.size());
        if (end > 0) out += "-- undo  " + std::string(undo.substr(0, end)) + "\n";
        undo.remove_prefix(std::min(end + 1, undo.size()));
    }
}

void append_remedy(std::string& out, const standing_finding& one) {
    const auto& found = one.finding;
    out += "\n";
    append_comment(out, label_of(found.severity), found.title);
    append_comment(out, "of", found.subject);
    if (found.since != wall_time{}) append_comment(out, "since", moment_text(found.since));
    append_comment(out, "why", found.figures_text);
    for (const auto& line : found.lines) append_comment(out, "", line);
    append_comment(out, "do", found.remedy.advice);
    if (!one.request.empty()) append_comment(out, "asked", "approvals/*/" + one.request);
    append_undo(out, found.remedy.undo);
    std::string_view sql = found.remedy.sql;
    sql = sql.substr(0, sql.find_last_not_of(" \t\r\n;") + 1);
    out += std::string(sql) + ";\n";
}

void append_header(std::string& out, const watched_server& server, std::string_view database) {
    const std::string place =
        server.id.path() + (database.empty() ? "" : "/" + std::string(database));
    append_comment(out, "", "What the findings of " + place + " recommend.");
    if (server.databases.empty()) return;
    const auto& what = server.databases.front().what;
    append_comment(out, "", "Read it, then run all of it, or what you like of it:");
    // The words of a command: a name that no shell takes as it is, is in quotes.
    append_comment(
        out, "",
        fmt::format("psql -h {} -p {} -d {} -v ON_ERROR_STOP=1 -f recommendations.sql",
                    shell_word(server.host.empty() ? what.host : server.host),
                    server.port == 0 ? what.port : server.port,
                    shell_word(database.empty() ? what.database : std::string(database))));
}

}  // namespace

std::string recommendations_sql(const watched_server& server, std::string_view database) {
    std::string out;
    append_header(out, server, database);
    std::int64_t recommended = 0;
    std::int64_t muted = 0;
    for (const auto* one : in_order(server, database)) {
        if (one->finding.remedy.sql.empty()) continue;
        if (!one->muted_by.empty()) {
            ++muted;
            continue;
        }
        ++recommended;
        append_remedy(out, *one);
    }
    if (recommended == 0) {
        out += "\n";
        append_comment(out, "",
                       "Nothing to run: no finding here has a remedy in SQL. They come with the "
                       "findings: see status.txt.");
    }
    if (muted > 0) {
        out += "\n";
        append_comment(out, "", counted(muted, "muted finding") + " left out.");
    }
    return out;
}

}  // namespace tallyfs::health
