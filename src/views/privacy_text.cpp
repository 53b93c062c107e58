#include "views/privacy_text.hpp"

#include "views/figures_text.hpp"

#include <tallyfs/base/readable.hpp>

#include <spdlog/fmt/fmt.h>

namespace tallyfs::views {

std::string privacy_text(const privacy_figures& figures) {
    std::int64_t calls = 0;
    std::int64_t bytes = 0;
    std::int64_t refused = 0;
    std::string rows;
    for (const auto& one : figures.departures) {
        calls += one.calls;
        bytes += one.request_bytes;
        refused += one.refused;
        const auto& what = one.group.model.empty() ? one.group.endpoint : one.group.model;
        rows += fmt::format(
            "{} {} {} {:>5} {:>8} {:>7}\n", column(label(one.group.service, one.group.task), 16),
            column(what, 18), column(one.destination, 20), grouped(one.calls),
            bytes_text(static_cast<std::uint64_t>(one.request_bytes)), grouped(one.refused));
    }
    std::string text = fmt::format(
        "Privacy  {} days, to {}\n\nLeft the house  {}, {} of requests\n"
        "Refused         {}\n",
        privacy_days, day_text(figures.today), counted(calls, "call"),
        bytes_text(static_cast<std::uint64_t>(bytes)), counted(refused, "call"));
    text += fmt::format(
        "Past the proxy  {} since the start, by models that no call of ours "
        "loaded\n",
        counted(static_cast<std::int64_t>(figures.loads_past_proxy), "load"));
    if (rows.empty()) return text + "\nNothing went anywhere else, and nothing was refused.\n";
    return text +
           "\nSERVICE/TASK     MODEL OR ROUTE     WHERE TO             CALLS     SENT REFUSED\n" +
           rows + "\nWho allowed what: approvals/done/, control/policies/, actions/today.jsonl\n";
}

}  // namespace tallyfs::views
