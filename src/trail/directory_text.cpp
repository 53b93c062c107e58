#include "trail/directory_files.hpp"

#include <tallyfs/base/readable.hpp>
#include <tallyfs/base/text.hpp>

namespace tallyfs::trail {

namespace {

constexpr std::size_t cluster_columns = 24;
constexpr std::size_t alerts_shown_max = 20;

std::string server_line(const feed_status& of, audit::verdict verdict) {
    auto text = column(of.cluster, cluster_columns) + " " + column(to_string(verdict), 8) +
                column(grouped(static_cast<std::int64_t>(of.events)) + " kept", 15);
    std::uint64_t dropped = 0;
    for (const auto& [date, reasons] : of.noise) {
        for (const auto& [reason, count] : reasons) dropped += count;
    }
    text += short_count(static_cast<std::int64_t>(dropped)) + " dropped";
    if (of.bytes_behind > 0) text += ", " + bytes_text(of.bytes_behind) + " to read";
    if (of.unreadable > 0) {
        text += ", " + grouped(static_cast<std::int64_t>(of.unreadable)) + " unreadable";
    }
    return text + "\n";
}

std::string alert_line(const audit::alert& one) {
    const auto& counted = one.tally;
    std::string what = counted.id.user.empty() ? counted.id.cluster
                                               : counted.id.user + " on " + counted.id.cluster;
    if (counted.statements > 0) what += ", " + tallyfs::counted(counted.statements, "statement");
    what += ": " + counted.text;
    return "  " + column(directory_name(one), 20) + " " + clock_text(counted.id.window) + " " +
           column(ascii(what), columns_max - 30) + "\n";
}

}  // namespace

std::string status_text(const auditor_state& from) {
    if (from.servers.empty()) {
        return "Audit  not set up: README.md says how\n";
    }
    const auto counted = from.alerts.count();
    std::string text =
        "Audit  " + tallyfs::counted(static_cast<std::int64_t>(counted.open), "open alert") + ", " +
        grouped(static_cast<std::int64_t>(counted.acknowledged)) + " acknowledged, " +
        (from.store.found().intact() ? "chain ok" : "chain BROKEN: tallyfs verify") + "\n\n" +
        column("SERVER", cluster_columns) + " " + column("AUDIT", 8) + column("EVENTS", 15) +
        "NOISE\n";
    const auto reports = from.reports();
    for (std::size_t i = 0; i < from.servers.size(); ++i) {
        const auto status = from.servers[i].feed->status();
        text += server_line(status, reports[i].verdict);
        if (status.not_recorded) text += "  NOT RECORDED: the disk refuses; it is tried again\n";
        if (!status.facts.problem.empty()) text += wrapped(ascii(status.facts.problem), "  ");
    }
    const auto open = from.alerts.open();
    if (open.empty()) return text;
    text += "\nALERTS (alerts/open/";
    if (open.size() > alerts_listed_max) text += ", which lists the newest 1,000";
    text += ")\n";
    const auto first = open.size() > alerts_shown_max ? open.size() - alerts_shown_max : 0;
    for (auto i = open.size(); i > first; --i) text += alert_line(open[i - 1]);
    if (first > 0) text += "  and " + grouped(static_cast<std::int64_t>(first)) + " older ones\n";
    return text;
}

std::string noise_csv(const auditor_state& from) {
    std::string text = "day,cluster,reason,records\n";
    for (const auto& one : from.servers) {
        const auto status = one.feed->status();
        for (const auto& [date, reasons] : status.noise) {
            for (const auto& [reason, count] : reasons) {
                text += date.to_string() + ",";
                append_csv_field(text, status.cluster);
                text += ",";
                append_csv_field(text, reason);
                text += "," + std::to_string(count) + "\n";
            }
        }
    }
    return text;
}

std::string expected_csv(const std::vector<audit::expected_work>& all) {
    std::string text = "user,cluster,database,from,until,ticket,announced_by\n";
    for (const auto& one : all) {
        for (const auto& field : {one.user, one.cluster, one.database, to_rfc3339(one.from),
                                  to_rfc3339(one.until), one.ticket}) {
            append_csv_field(text, field);
            text += ",";
        }
        append_csv_field(text, one.by);
        text += "\n";
    }
    return text;
}

}  // namespace tallyfs::trail
