// status.txt of all databases: databases/status.txt.
#include "health/report_load.hpp"
#include "health/report_text.hpp"

#include <tallyfs/base/readable.hpp>
#include <tallyfs/base/text.hpp>
#include <tallyfs/health/report.hpp>

#include <spdlog/fmt/fmt.h>

#include <tuple>

namespace tallyfs::health {

namespace {

constexpr std::size_t findings_shown = 20;
constexpr std::size_t failing_shown = 20;
constexpr std::size_t problems_shown = 10;

struct row {
    const watched_server* server;
    const standing_finding* found;
};

std::string place_of(const cluster_id& id, std::string_view database) {
    return database.empty() ? id.path() : id.path() + "/" + std::string(database);
}

std::string nothing_registered() {
    return "No database is watched. Register one, and read back what became of it:\n\n"
           "    echo env=prod cluster=orders-cl database=app host=10.2.4.10 \\\n"
           "        credential=monitor > databases/new/app\n"
           "    cat databases/new/app\n\n"
           "databases/README.md says what else there is to say of one.\n";
}

std::string title(const watched_servers& all) {
    const auto sums = summary_of(all);
    counts found{sums.critical, sums.warning, sums.info, 0};
    for (const auto& server : all) {
        found.muted += std::ranges::count_if(server->findings,
                                             [](const auto& one) { return !one.muted_by.empty(); });
    }
    const auto down = sums.unreachable > 0 ? fmt::format("{} DOWN ", sums.unreachable) : "";
    return title_line(fmt::format("databases  {} on {}", grouped(sums.databases),
                                  counted(static_cast<std::int64_t>(all.size()), "server")),
                      down + counts_text(found));
}

/// Where it is that cannot be looked at: the server, or one database of it.
struct unreachable {
    std::string place;
    const reachability* why;
};

std::vector<unreachable> failing_places(const watched_servers& all) {
    std::vector<unreachable> found;
    for (const auto& server : all) {
        if (!server->reach.problem.empty()) {
            found.push_back({server->id.path(), &server->reach});
            continue;
        }
        for (const auto& one : server->databases) {
            if (!one.what.active || one.reach.problem.empty()) continue;
            found.push_back({place_of(server->id, one.what.database), &one.reach});
        }
    }
    std::ranges::stable_sort(found, {}, [](const unreachable& one) {
        return one.why->failing_since.value_or(wall_time{});
    });
    return found;
}

void append_failing_places(std::string& out, const watched_servers& all) {
    const auto places = failing_places(all);
    for (std::size_t i = 0; i < std::min(places.size(), failing_shown); ++i) {
        const auto& [place, why] = places[i];
        append_paragraph(
            out, "DOWN  ",
            place + (why->failing_since ? ", since " + moment_text(*why->failing_since) : ""));
        append_paragraph(out, "      ", why->problem);
    }
    if (places.size() > failing_shown) {
        append_paragraph(out, "      ",
                         fmt::format("and {} more, see below", places.size() - failing_shown));
    }
}

/// Muted ones are counted in the title, and stand in findings.csv.
void append_worst(std::string& out, const watched_servers& all) {
    std::vector<row> rows;
    for (const auto& server : all) {
        for (const auto& one : server->findings) {
            if (one.muted_by.empty()) rows.push_back({server.get(), &one});
        }
    }
    std::ranges::stable_sort(rows, std::greater{},
                             [](const row& one) { return one.found->finding.severity; });
    for (std::size_t i = 0; i < std::min(rows.size(), findings_shown); ++i) {
        const auto& [server, one] = rows[i];
        const auto place = place_of(server->id, one->finding.database);
        append_finding(out, *one, time_of(*server), {place, true});
    }
    if (rows.size() > findings_shown) {
        append_paragraph(
            out, "      ",
            fmt::format("and {} more: cat databases/findings.csv", rows.size() - findings_shown));
    }
}

void append_rows(std::string& out, const watched_servers& all) {
    struct line {
        std::string place;
        database_state state;
        counts found;
        moment seen;
        std::int64_t bytes;
    };
    std::vector<line> lines;
    for (const auto& server : all) {
        std::map<std::string_view, counts> found;
        for (const auto& one : server->findings) found[one.finding.database].add(one);
        for (const auto& one : server->databases) {
            const auto& c = found[one.what.database];
            lines.push_back({place_of(server->id, one.what.database), state_of(*server, one, c), c,
                             server->reach.seen, one.full == nullptr ? -1 : one.full->bytes});
        }
    }
    std::ranges::stable_sort(lines, std::greater{}, [](const line& one) {
        return std::tuple(one.state, one.found.critical, one.found.warning, one.found.info);
    });
    out += "\nDATABASE                            STATE CRIT WARN INFO     SIZE  LAST SEEN\n";
    for (const auto& one : lines) {
        out +=
            fmt::format("{} {:<5} {:>4} {:>4} {:>4} {:>8}  {}\n", column(one.place, 35),
                        to_string(one.state), one.found.critical, one.found.warning, one.found.info,
                        one.bytes < 0 ? "-" : bytes_text(static_cast<std::uint64_t>(one.bytes)),
                        one.seen ? short_moment_text(*one.seen) : "never");
    }
}

}  // namespace

std::string status_text(const watched_servers& all, std::span<const std::string> problems) {
    std::string out;
    if (all.empty()) {
        out = nothing_registered();
    } else {
        out = title(all) + "\n";
        const auto before = out.size();
        append_failing_places(out, all);
        append_worst(out, all);
        if (out.size() == before) append_paragraph(out, "OK    ", "nothing is wrong");
        append_rows(out, all);
        out += "\nMore of one: databases/<environment>/<cluster>/<database>/status.txt\n";
    }
    if (!problems.empty()) out += "\nNot used of the registry:\n";
    for (std::size_t i = 0; i < std::min(problems.size(), problems_shown); ++i) {
        append_paragraph(out, "    ", problems[i]);
    }
    if (problems.size() > problems_shown) {
        append_paragraph(out, "    ", fmt::format("and {} more", problems.size() - problems_shown));
    }
    return out;
}

}  // namespace tallyfs::health
