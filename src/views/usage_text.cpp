#include "views/figures_text.hpp"
#include "views/ledger_rows.hpp"
#include "views/usage.hpp"

#include <tallyfs/base/readable.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <tuple>

namespace tallyfs::views {

namespace {

using ledger::sums;
using ledger::usage_row;

constexpr std::size_t rows_max = 40;  // of a table: one screen; the CSV has all

/// Service, task and model: what a row of the table stands for.
using row_key = std::tuple<std::string, std::string, std::string>;
using row = std::pair<row_key, sums>;

std::vector<row> by_busy(const std::vector<usage_row>& rows) {
    std::map<row_key, sums> grouped_rows;
    for (const auto& r : rows) {
        grouped_rows[{r.group.service, r.group.task, r.group.model}] += r.sums;
    }
    std::vector<row> sorted(grouped_rows.begin(), grouped_rows.end());
    std::ranges::stable_sort(sorted, [](const row& a, const row& b) {
        return std::tuple(a.second.busy, a.second.calls) >
               std::tuple(b.second.busy, b.second.calls);
    });
    return sorted;
}

std::string table_line(std::string_view name, std::string_view model, const sums& s,
                       record::duration all) {
    return fmt::format("{} {}{:>7}{:>5}{:>9}{:>9}{:>8}{:>7}\n", column(name, 18), column(model, 16),
                       grouped(s.calls), grouped(s.errors), short_count(s.prompt_tokens),
                       short_count(s.output_tokens), seconds_text(s.busy),
                       percent_text(s.busy.count(), all.count()));
}

std::string table(const std::vector<row>& rows, const sums& total) {
    std::string text = fmt::format("{:<19}{:<16}{:>7}{:>5}{:>9}{:>9}{:>8}{:>7}\n", "SERVICE/TASK",
                                   "MODEL", "CALLS", "ERR", "IN tok", "OUT tok", "BUSY s", "SHARE");
    sums rest;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto& [key, s] = rows[i];
        const auto& [service, task, model] = key;
        if (i < rows_max) {
            text += table_line(label(service, task), model.empty() ? "-" : model, s, total.busy);
        } else {
            rest += s;
        }
    }
    if (rows.size() > rows_max) {
        text += table_line(fmt::format("({} more rows)", rows.size() - rows_max), "see the .csv",
                           rest, total.busy);
    }
    return text + table_line("TOTAL", "", total, total.busy);
}

/// "agent-brain 22, n8n/contracts 13": who waited most often, as far as the line holds.
std::string cold_start_line(const std::vector<row>& rows, const sums& total) {
    std::map<std::string, std::int64_t> counts;
    for (const auto& [key, s] : rows) {
        if (s.cold_starts > 0) counts[label(std::get<0>(key), std::get<1>(key))] += s.cold_starts;
    }
    std::vector<std::pair<std::string, std::int64_t>> sorted(counts.begin(), counts.end());
    std::ranges::stable_sort(sorted, std::greater{}, &std::pair<std::string, std::int64_t>::second);
    std::string text = fmt::format("Cold starts  {}, {} waited:", grouped(total.cold_starts),
                                   duration_text(total.cold_load));
    std::string_view separator = " ";
    for (const auto& [name, count] : sorted) {
        const auto part = fmt::format("{}{} {}", separator, ascii(name), grouped(count));
        if (text.size() + part.size() > columns_max - 5) return text + ", ...\n";
        text += part;
        separator = ", ";
    }
    return text + "\n";
}

/// The pair of models that pushed each other out most often.
std::string swap_line(const ledger::ledger& from, const usage_period& period) {
    std::map<std::pair<std::string, std::string>, std::int64_t> pairs;
    std::int64_t count = 0;
    for (const auto& s : rows_of(from.swap_counts(period.query))) {
        count += s.swaps;
        pairs[std::minmax(s.evicted_model, s.loaded_model)] += s.swaps;
    }
    if (count == 0) return {};
    const auto worst = std::ranges::max_element(pairs, {}, &decltype(pairs)::value_type::second);
    const auto& [a, b] = worst->first;
    const auto what = a == b ? fmt::format("{} with other options", ascii(a))
                             : fmt::format("{} <-> {}", ascii(a), ascii(b));
    return fmt::format("Swaps        {}, {} of them {}\n", grouped(count), grouped(worst->second),
                       column(what, std::min<std::size_t>(what.size(), 50)));
}

/// "by path 98%, by address 2%": how far the names can be relied on.
std::string attribution_line(const sums& total) {
    constexpr std::string_view margin = "             ";
    std::string text;
    std::string line = "Attributed   ";
    std::string_view separator;
    for (std::size_t i = 0; i < total.by_source.size(); ++i) {
        if (total.by_source[i] == 0) continue;
        auto name = std::string(to_string(static_cast<record::service_source>(i)));
        std::ranges::replace(name, '_', '-');
        const auto share =
            100.0 * static_cast<double>(total.by_source[i]) / static_cast<double>(total.calls);
        const auto part = fmt::format("by {} {:.0f}%", name, share);
        if (line.size() + 2 + part.size() >= columns_max) {
            text += line + ",\n";
            line = margin;
            separator = "";
        }
        line.append(separator).append(part);
        separator = ", ";
    }
    return text + line + "\n";
}

std::string notes(const ledger::ledger& from, const usage_period& period,
                  const std::vector<row>& rows, const sums& total) {
    std::string text;
    if (total.cold_starts > 0) text += cold_start_line(rows, total);
    text += swap_line(from, period);
    if (total.prompts_cut > 0) {
        text += fmt::format("Cut          {} by Ollama: num_ctx is too small for them\n",
                            counted(total.prompts_cut, "prompt"));
    }
    if (total.client_gone > 0) {
        text += fmt::format("Given up     {} by the client before the end\n",
                            counted(total.client_gone, "call"));
    }
    if (total.estimated_calls > 0) {
        text += fmt::format("Estimated    tokens of {} that reported none\n",
                            counted(total.estimated_calls, "call"));
    }
    return text + attribution_line(total);
}

std::string heading(const usage_period& period) {
    std::string text = "Usage  " + period.title;
    if (period.one_day && period.open && period.last_change != wall_time{}) {
        text += fmt::format(" 00:00-{}", clock_text(period.last_change));
        text += " " + zone::local(period.last_change).abbreviation;
    }
    if (period.one_day) text += period.open ? ", day still open" : ", whole day";
    return text + "\n\n";
}

}  // namespace

std::string usage_text(const ledger::ledger& from, const usage_period& period) {
    const auto rows = rows_of(from.usage(period.query));
    if (rows.empty()) return heading(period) + period.empty_hint;
    const auto sorted = by_busy(rows);
    sums total;
    for (const auto& [key, s] : sorted) total += s;
    const auto below = notes(from, period, sorted, total);
    return heading(period) + table(sorted, total) + "\n" + below;
}

}  // namespace tallyfs::views
