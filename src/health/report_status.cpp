// status.txt of a server and of a database.
#include "health/report_load.hpp"
#include "health/report_text.hpp"
#include "health/wraparound.hpp"

#include <tallyfs/base/readable.hpp>
#include <tallyfs/health/holders.hpp>
#include <tallyfs/health/report.hpp>

#include <spdlog/fmt/fmt.h>

namespace tallyfs::health {

namespace {

/// More than a screen or two nobody reads; findings.json has all.
constexpr std::size_t findings_shown = 20;

counts counted_of(const std::vector<const standing_finding*>& findings) {
    counts made;
    for (const auto* one : findings) made.add(*one);
    return made;
}

void append_findings(std::string& out, const std::vector<const standing_finding*>& findings,
                     wall_time now, std::string_view all,
                     const std::function<std::string(const finding&)>& place) {
    for (std::size_t i = 0; i < std::min(findings.size(), findings_shown); ++i) {
        append_finding(out, *findings[i], now, {place(findings[i]->finding), false});
    }
    if (findings.size() > findings_shown) {
        append_paragraph(out, "      ",
                         fmt::format("and {} more: cat {}", findings.size() - findings_shown, all));
    }
}

void append_slots(std::string& out, const sample& seen) {
    if (seen.slots.empty()) return;
    std::int64_t inactive = 0, kept = 0;
    for (const auto& one : seen.slots) {
        if (!one.active) ++inactive;
        kept += one.retained_bytes.value_or(0);
    }
    append_labelled(out, "SLOTS",
                    fmt::format("{}, {} inactive, {} of WAL kept",
                                counted(static_cast<std::int64_t>(seen.slots.size()), "slot"),
                                inactive, bytes_text(static_cast<std::uint64_t>(kept))));
}

void append_standbys(std::string& out, const sample& seen) {
    for (std::size_t i = 0; i < seen.standbys.size() && i < 5; ++i) {
        const auto& one = seen.standbys[i];
        std::string text = one.name + "@" + one.client + ", " + one.state;
        if (one.replay_bytes) {
            text += ", " +
                    bytes_text(
                        static_cast<std::uint64_t>(std::max<std::int64_t>(*one.replay_bytes, 0))) +
                    " behind";
        }
        append_labelled(out, i == 0 ? "STANDBYS" : "", text);
    }
}

void append_xmin_and_age(std::string& out, const sample& seen) {
    const auto holders = xmin_holders(seen);
    append_labelled(out, "OLDEST XMIN",
                    holders.empty()
                        ? "nobody holds back vacuum"
                        : fmt::format("{} transactions: {} {}", grouped(holders.front().age),
                                      holders.front().kind, holders.front().name));
    std::int64_t xid = 0, mxid = 0;
    for (const auto& one : seen.databases) {
        xid = std::max(xid, one.xid_age);
        mxid = std::max(mxid, one.mxid_age);
    }
    constexpr std::int64_t ids = std::int64_t{1} << 31;
    append_labelled(out, "WRAPAROUND",
                    fmt::format("transactions {}, multixacts {} of the way", percent_text(xid, ids),
                                percent_text(mxid, ids)));
}

void append_databases(std::string& out, const watched_server& server) {
    if (server.databases.empty()) return;
    std::map<std::string_view, counts> found;
    for (const auto& one : server.findings) found[one.finding.database].add(one);
    out += "\nDATABASE                                 STATE  CRIT  WARN  INFO       SIZE\n";
    for (const auto& one : server.databases) {
        const auto& c = found[one.what.database];
        out += fmt::format(
            "{} {:<6}{:>5} {:>5} {:>5}  {:>9}\n", column(one.what.database, 40),
            to_string(state_of(server, one, c)), c.critical, c.warning, c.info,
            one.full == nullptr ? "-" : bytes_text(static_cast<std::uint64_t>(one.full->bytes)));
    }
}

void append_tables(std::string& out, const snapshot& full) {
    const auto late =
        std::ranges::count_if(full.tables, [](const table& t) { return t.due_since.has_value(); });
    std::string text = counted(full.tables_total, "table") + ", " +
                       bytes_text(static_cast<std::uint64_t>(full.bytes)) + ", " + grouped(late) +
                       " due for autovacuum";
    const auto kept = static_cast<std::int64_t>(full.tables.size());
    if (full.tables_total > kept) {
        text += "; the " + grouped(kept) + " largest are looked at";
    }
    append_labelled(out, "TABLES", text);
}

/// Whom to ask.
void append_registered(std::string& out, const registration& what) {
    std::string text = what.host + ":" + std::to_string(what.port);
    if (!what.owner.empty()) text += ", owner " + what.owner;
    for (const auto& tag : what.tags) text += ", " + tag;
    if (!what.source.empty()) text += " (" + what.source + ")";
    append_labelled(out, "REGISTERED", text);
}

/// The line below the title: of when the figures are.
std::string times_line(const watched_server& server, const watched_database& one) {
    const auto now = time_of(server);
    std::string text = now == wall_time{} ? "not looked at yet" : moment_text(now);
    text += one.full == nullptr ? ", no full snapshot yet"
                                : ", full snapshot " + clock_text(one.full->taken);
    if (one.next_full) text += ", next " + clock_text(*one.next_full);
    return text + "\n";
}

/// What the database shares with others of its server.
void append_server_line(std::string& out, const watched_server& server) {
    const auto found = counted_of(in_order(server, ""));
    if (found.critical + found.warning + found.info == 0) return;
    append_labelled(out, "SERVER", counts_text(found) + " about all of it: ../status.txt");
}

void append_nothing_wrong(std::string& out, bool looked_at) {
    append_paragraph(out, looked_at ? "OK    " : "NEW   ",
                     looked_at ? "nothing is wrong" : "nothing is known yet: wait for a look");
}

}  // namespace

std::string status_text(const watched_server& server) {
    const auto findings = in_order(server);
    const auto now = time_of(server);
    std::string out = title_line(server.id.path() + "  " + version_text(server),
                                 counts_text(counted_of(findings)));
    out += (now == wall_time{} ? "not looked at yet" : moment_text(now)) + ", " +
           ascii(server.host) + ":" + std::to_string(server.port) + "\n\n";
    const auto* why = server.reach.problem.empty() ? nullptr : &server.reach;
    append_failing(out, why);
    append_findings(out, findings, now, "databases/findings.csv",
                    [](const finding& f) { return f.database; });
    if (findings.empty() && why == nullptr) append_nothing_wrong(out, server.sample != nullptr);
    out += '\n';
    append_load(out, server, "");
    append_sessions(out, server, "");
    if (server.sample != nullptr) {
        append_xmin_and_age(out, *server.sample);
        append_slots(out, *server.sample);
        append_standbys(out, *server.sample);
        append_vacuums(out, server, "");
        append_missing(out, server.sample->missing);
    }
    append_databases(out, server);
    return out;
}

std::string status_text(const watched_server& server, const watched_database& one,
                        std::string_view ruled_out) {
    const auto findings = in_order(server, one.what.database);
    std::string out =
        title_line(server.id.path() + "/" + one.what.database + "  " + version_text(server),
                   counts_text(counted_of(findings)));
    out += times_line(server, one) + "\n";
    if (!one.what.active) {
        append_paragraph(out, "OFF   ", "not looked at: its registration says active=no");
        return out;
    }
    const auto* why = failing(server, one);
    append_failing(out, why);
    append_findings(out, findings, time_of(server), "findings.json",
                    [](const finding&) { return ""; });
    const bool looked_at = server.sample != nullptr && one.full != nullptr;
    if (findings.empty() && why == nullptr) append_nothing_wrong(out, looked_at);
    out += '\n';
    append_server_line(out, server);
    append_load(out, server, one.what.database);
    if (!ruled_out.empty()) append_labelled(out, "RULED OUT", ruled_out);
    append_sessions(out, server, one.what.database);
    append_vacuums(out, server, one.what.database);
    if (one.full != nullptr) append_tables(out, *one.full);
    append_registered(out, one.what);
    if (server.sample != nullptr) append_missing(out, server.sample->missing);
    if (one.full != nullptr) append_missing(out, one.full->missing);
    return out;
}

}  // namespace tallyfs::health
