// How many calls a second a rebuild of the ledger takes in on one core, reading their lines
// included, how large its file gets, and how long the queries of the screens take after it.
// Usage: ledger_rebuild [CALLS] [DAYS] [BATCH_BYTES] [SERVICES]. Budget: docs/architecture.md.

#include <tallyfs/ledger/ledger.hpp>

#include <support/temporary_directory.hpp>
#include <year/traffic.hpp>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>

namespace {

using namespace tallyfs;
using clock_type = std::chrono::steady_clock;

/// Processor time of this process: other programs on the machine do not count.
double processor_seconds() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

double seconds_since(clock_type::time_point start) {
    return std::chrono::duration<double>(clock_type::now() - start).count();
}

void check(const result<void>& done) {
    if (done) return;
    std::fprintf(stderr, "ledger_rebuild: %s\n", done.error().message().c_str());
    std::exit(1);
}

template <class Query>
void time_query(const char* name, Query&& query) {
    double best = 1e9;
    std::size_t rows = 0;
    for (int round = 0; round < 5; ++round) {
        const auto start = clock_type::now();
        rows = query();
        best = std::min(best, seconds_since(start));
    }
    std::printf("%-34s %10.3f ms  %zu rows\n", name, best * 1000, rows);
}

void time_queries(const ledger::ledger& ledger) {
    const auto days = ledger.days();
    const day last = days.back();
    const day middle = days[days.size() / 2];
    const auto ask = [&](const char* name, const ledger::usage_query& query) {
        time_query(name, [&] { return ledger.usage(query).value().size(); });
    };
    using ledger::resolution;
    ask("usage of the open day", {last, last, {}, {}, resolution::whole});
    ask("usage of a closed day", {middle, middle, {}, {}, resolution::whole});
    ask("a closed day by quarter hours", {middle, middle, {}, {}, resolution::quarter_hours});
    ask("30 days", {day(last.date() - std::chrono::days(29)), last, {}, {}, resolution::whole});
    ask("everything", {});
    ask("everything, one service", {{}, {}, "agent-brain", {}, resolution::whole});
    ask("everything, one service, by days", {{}, {}, "agent-brain", {}, resolution::days});
    ask("everything, one model, by days", {{}, {}, {}, "qwen3:14b", resolution::days});
    ask("everything, by days", {{}, {}, {}, {}, resolution::days});
    time_query("1000 cold starts", [&] { return ledger.cold_starts(1000).value().size(); });
    time_query("1000 duplicates", [&] { return ledger.duplicates({}, 1000).value().size(); });
    time_query("1000 duplicates of 30 days", [&] {
        return ledger.duplicates(day(last.date() - std::chrono::days(29)), 1000).value().size();
    });
    time_query("repetitions of a closed day",
               [&] { return ledger.repetitions(middle).value().size(); });
    time_query("an id that no segment has", [&] {
        return std::size_t{ledger.locate(uuid::make(middle.date()), "/").value().has_value()};
    });
}

unsigned long argument(int count, char** values, int index, unsigned long otherwise) {
    return count > index ? std::strtoul(values[index], nullptr, 10) : otherwise;
}

}  // namespace

int main(int count, char** values) {
    const auto calls = argument(count, values, 1, 1'000'000);
    const auto days = argument(count, values, 2, 30);
    const auto batch_bytes = argument(count, values, 3, std::size_t{1} << 20);
    const auto services = argument(count, values, 4, 100);
    const test::temporary_directory directory;
    const auto file = directory.path() / "ledger.sqlite";
    const year::shape shape{static_cast<unsigned>(services), 20, 7};
    const std::chrono::microseconds between(86'400'000'000 / (calls / days + 1));
    double applying = 0;
    double processor = 0;
    double parsing = 0;
    std::string text;
    std::optional<ledger::ledger> ledger(file);
    for (unsigned long d = 0; d < days; ++d) {
        const day date(std::chrono::sys_days(std::chrono::days(20000 + d)));
        wall_time now = date.date();
        year::traffic lines(shape, date.number());
        std::uint64_t offset = 0;
        for (unsigned long made = 0; made < calls / days;) {
            text.clear();
            for (; made < calls / days && text.size() < batch_bytes; ++made) {
                lines.append(text, now);
                now += between;
            }
            const auto start = clock_type::now();
            const double started = processor_seconds();
            check(ledger->apply({{date, 1}, offset, text}));
            applying += seconds_since(start);
            const double applied = processor_seconds();
            processor += applied - started;
            offset += text.size();
            std::string_view rest = text;
            for (std::size_t end = 0; (end = rest.find('\n')) != std::string_view::npos;) {
                if (!record::parse_call(rest.substr(0, end + 1))) std::exit(1);
                rest.remove_prefix(end + 1);
            }
            parsing += processor_seconds() - applied;
        }
    }
    const auto total = static_cast<double>(calls / days * days);
    std::printf("%.0f calls, %lu days, batches of %lu bytes, %lu services\n", total, days,
                batch_bytes, services);
    std::printf("apply: %.0f calls/s, %.0f calls a second of processor time\n", total / applying,
                total / processor);
    std::printf("processor: %.2f us a call, of which reading the line %.2f\n",
                processor / total * 1e6, parsing / total * 1e6);
    ledger.reset();
    std::printf("file %.1f MB\n", static_cast<double>(std::filesystem::file_size(file)) / 1e6);
    const auto start = clock_type::now();
    ledger.emplace(file);
    std::printf("opened in %.1f ms\n", seconds_since(start) * 1e3);
    time_queries(*ledger);
}
