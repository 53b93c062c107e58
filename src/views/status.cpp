#include "views/directories.hpp"
#include "views/privacy_text.hpp"
#include "views/status_figures.hpp"

#include <tallyfs/base/readable.hpp>

#include <spdlog/fmt/fmt.h>

#include <map>

namespace tallyfs::views {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t concerns_shown_max = 6;
constexpr std::size_t label_columns = 11;  // "JOURNAL    "

std::string heading(const sources& from, std::size_t concerns) {
    const auto now = from.live.now;
    const auto left =
        fmt::format("tallyfs {}  {}  {} {} {}", from.facts.version, ascii(from.facts.node),
                    day_text(zone::day_of(now)), clock_text(now), zone::local(now).abbreviation);
    const auto right = concerns == 0
                           ? std::string()
                           : fmt::format("{} NEED{} YOU", concerns, concerns == 1 ? "S" : "");
    if (right.empty()) return left + "\n";
    const auto width = columns_max - std::min(columns_max - 1, right.size() + 1);
    return column(left, width) + " " + right + "\n";
}

std::string proxy_line(const sources& from) {
    const auto& upstream = *from.live.upstream;
    std::string text = upstream.reachable ? "ok    " : "DOWN  ";
    if (upstream.address.empty()) return "wait  asking Ollama\n";
    text += ascii(upstream.address);
    if (!upstream.version.empty()) text += ", ollama " + ascii(upstream.version);
    if (upstream.seen) {
        const auto ago = std::max(from.live.now - *upstream.seen, std::chrono::microseconds(0));
        text +=
            ago < 1s
                ? ", seen now"
                : ", seen " + duration_text(std::chrono::floor<std::chrono::seconds>(ago)) + " ago";
    } else {
        text += ", never seen";
    }
    return text + "\n";
}

std::string in_flight_line(const sources& from) {
    const auto& calls = from.live.open_calls;
    std::map<std::string_view, std::int64_t> phases;
    for (const auto& call : calls) ++phases[journal::to_string(call.now)];
    std::string text = column(grouped(static_cast<std::int64_t>(calls.size())), 6);
    std::string_view separator;
    for (const auto& [phase, count] : phases) {
        text += fmt::format("{}{} {}", separator, grouped(count), phase);
        separator = ", ";
    }
    while (text.ends_with(' ')) text.pop_back();
    return text + "\n";
}

std::string loaded_line(const sources& from) {
    const auto& upstream = *from.live.upstream;
    if (!upstream.loaded_seen) return "unknown\n";
    if (upstream.loaded.empty()) return "none\n";
    std::string text;
    for (const auto& model : upstream.loaded) {
        if (!text.empty()) text += "\n           ";
        text += column(model.name, std::min<std::size_t>(ascii(model.name).size(), 34));
        text +=
            " " + bytes_text(static_cast<std::uint64_t>(std::max<std::int64_t>(model.bytes, 0)));
        if (model.unloads_at && *model.unloads_at > from.live.now) {
            text += ", unloads in " + duration_text(std::chrono::ceil<std::chrono::seconds>(
                                          *model.unloads_at - from.live.now));
        }
    }
    return text + "\n";
}

std::string today_line(const today_figures& today) {
    if (!today.known) return "unknown until the ledger follows\n";
    const auto& total = today.total;
    auto text = fmt::format("{}, {}, busy {}", counted(total.calls, "call"),
                            counted(total.errors, "error"), duration_text(total.busy));
    if (total.cold_starts > 0) {
        text += fmt::format(", {} ({})", counted(total.cold_starts, "cold start"),
                            duration_text(total.cold_load));
    }
    return text + "\n";
}

/// What left the house, what was not let out, and what came past the proxy.
std::string privacy_line(const sources& from, const today_figures& today) {
    if (!today.known) return "unknown until the ledger follows\n";
    const day first(today.date.date() - std::chrono::days(privacy_days - 1));
    const auto rows = from.ledger.departures(first);
    if (!rows) return "unknown until the ledger follows\n";
    std::int64_t left = 0;
    std::int64_t refused = 0;
    for (const auto& row : *rows) {
        left += row.calls;
        refused += row.refused;
    }
    const auto past = static_cast<std::int64_t>(from.live.upstream->loads_past_proxy);
    auto text = left + past == 0 ? std::string("ok    ") : std::string("look  ");
    text += fmt::format("{} left the house in {} days", counted(left, "call"), privacy_days);
    if (refused > 0) text += ", " + grouped(refused) + " refused";
    if (past > 0) text += "; " + counted(past, "load") + " came past the proxy";
    return text + "\n";
}

std::string databases_line(const sources& from) {
    if (!from.databases) return "not set up\n";
    const auto all = from.databases();
    if (all.databases == 0) return "not set up: databases/README.md\n";
    const auto bad = all.unreachable + all.critical + all.warning;
    std::string text = bad == 0                             ? "ok    "
                       : all.unreachable + all.critical > 0 ? "FAIL  "
                                                            : "look  ";
    text += grouped(all.databases) + " watched";
    if (all.unreachable > 0) text += ", " + grouped(all.unreachable) + " not reached";
    if (all.critical > 0) text += ", " + grouped(all.critical) + " critical";
    if (all.warning > 0) text += ", " + counted(all.warning, "warning");
    if (all.info > 0) text += ", " + grouped(all.info) + " to know";
    return text + "\n";
}

std::string audit_line(const sources& from) {
    if (!from.audit) return "not set up\n";
    const auto all = from.audit();
    if (all.servers == 0) return "not set up: audit/README.md\n";
    const auto count = [](std::size_t value) { return grouped(static_cast<std::int64_t>(value)); };
    const bool fails = all.blind > 0 || !all.chain_intact || all.not_recorded;
    std::string text = fails ? "FAIL  " : all.alerts > 0 || all.weak > 0 ? "look  " : "ok    ";
    text += counted(static_cast<std::int64_t>(all.servers), "server");
    if (all.blind > 0) text += ", " + count(all.blind) + " BLIND";
    if (all.weak > 0) text += ", " + count(all.weak) + " weak";
    if (all.unknown > 0) text += ", " + count(all.unknown) + " not tested yet";
    text += ", " + counted(static_cast<std::int64_t>(all.alerts), "open alert");
    text += all.chain_intact ? ", chain ok" : ", chain BROKEN";
    if (all.not_recorded) text += ", not recorded";
    return text + "\n";
}

std::string journal_line(const sources& from) {
    const auto& live = from.live;
    const auto journal = from.calls.status();
    if (live.rebuilding) {
        return fmt::format("{}ledger rebuilding: {:.0f}% ({} to read)\n",
                           journal.failing ? "FAIL  not all written, " : "ok    ",
                           live.rebuilt_share * 100, bytes_text(live.bytes_behind));
    }
    const auto segments = from.calls.segments();
    std::uint64_t bytes = 0;
    for (const auto& segment : segments) bytes += segment.bytes;
    const auto unreadable = from.ledger.unreadable_lines();
    std::string text = journal.failing ? "FAIL  not all written" : "ok    all written";
    text += from.actions.found().intact() ? ", chain ok" : ", chain BROKEN";
    if (unreadable > 0) text += fmt::format(", {} unreadable", grouped(unreadable));
    text += fmt::format(", {} in {}, disk {} free", bytes_text(bytes),
                        counted(static_cast<std::int64_t>(segments.size()), "day"),
                        bytes_text(live.disk_free_bytes));
    const auto a_day = bytes / std::max<std::size_t>(segments.size(), 1);
    const auto days = a_day == 0 ? 0 : live.disk_free_bytes / a_day;
    if (days > 0 && days < 10'000) {
        const auto left = fmt::format(" ({})", counted(static_cast<std::int64_t>(days), "day"));
        if (label_columns + text.size() + left.size() <= columns_max) text += left;
    }
    return text + "\n";
}

}  // namespace

std::string status_text(const sources& from) {
    const auto today = figures_of_today(from);
    const auto concerns = concerns_of(from, today);
    std::string text = heading(from, concerns.size());
    for (std::size_t i = 0; i < std::min(concerns.size(), concerns_shown_max); ++i) {
        const auto& c = concerns[i];
        text += fmt::format("  {:<8} {} ", c.kind, column(c.who, 18));
        const auto what = ascii(c.what);
        text += column(what, std::min(what.size(), columns_max - 30)) + "\n";
    }
    if (concerns.size() > concerns_shown_max) {
        text += fmt::format("  and {} more: status.json\n", concerns.size() - concerns_shown_max);
    }
    text += "\nPROXY      " + proxy_line(from);
    text += "IN FLIGHT  " + in_flight_line(from);
    text += "LOADED     " + loaded_line(from);
    text += "TODAY      " + today_line(today);
    text += "PRIVACY    " + privacy_line(from, today);
    text += "DATABASES  " + databases_line(from);
    text += "AUDIT      " + audit_line(from);
    text += "JOURNAL    " + journal_line(from);
    return text + "HELP       README.md    approvals/waiting.txt    usage/today.txt\n";
}

}  // namespace tallyfs::views
