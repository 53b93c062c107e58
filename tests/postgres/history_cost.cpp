#include "postgres/watched_history.hpp"
#include "support/catch.hpp"

#include <cstdio>
#include <ctime>
#include <fstream>
#include <unistd.h>

using namespace tallyfs;
using namespace tallyfs::health;
using namespace std::chrono_literals;
using postgres::history;
using test::noon;
using test::registered;
using test::server;
using test::snapshot_of;

namespace {

std::int64_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    std::int64_t pages = 0;
    file >> pages >> pages;
    return pages * ::sysconf(_SC_PAGESIZE);
}

/// Processor time in milliseconds.
template <class Work>
double time_of(Work work) {
    const auto start = std::clock();
    work();
    return 1000.0 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

}  // namespace

TEST_CASE("300 databases with 1,000 tables each cost little memory and time") {
    zone::use("UTC");
    const test::temporary_directory directory;
    test::manual_clock clock(noon);
    constexpr std::size_t tables = 1000;
    std::vector<std::string> names;
    sample seen;
    for (int at = 0; at < 300; ++at) {
        names.push_back("database_" + std::to_string(at));
        seen.databases.emplace_back().name = names.back();
        auto& one = seen.sessions.emplace_back();
        one.database = names.back();
        one.backend_type = "client backend";
        one.state = "active";
    }
    const auto before = snapshot_of(noon, tables, 0);
    const auto later = snapshot_of(noon + 30min, tables, 1'000);
    const auto again = snapshot_of(noon + 60min, tables, 2'000);
    const auto resident = resident_bytes();
    history kept(directory.path(), clock);

    constexpr int looks = 31;
    const auto light = time_of([&] {
        for (int at = 0; at < looks; ++at) {
            for (auto& one : seen.databases) one.inserted += 100;
            seen.taken = clock.wall();
            kept.add(server, names, seen, {});
            clock.advance(10s);
        }
    });
    const auto full = time_of([&] {
        for (const auto& name : names) {
            kept.add(registered(name), later, &before);
            kept.add(registered(name), again, &later);
        }
    });
    const auto grown = resident_bytes() - resident;
    const auto place = directory.path() / "prod/orders-cl/database_7";
    const auto day_bytes = std::filesystem::file_size(place / "2026-11-20.tables.csv");
    const auto minute_bytes =
        (std::filesystem::file_size(place / "2026-11-20.activity.csv") - activity_header().size()) /
        (looks / 6);
    std::printf(
        "health history, 300 databases: %.2f ms a light look, %.2f ms a full one of 1,000 "
        "tables, %.1f MB memory, %zu bytes a minute, %zu bytes a table and day\n",
        light / looks, full / 600, static_cast<double>(grown) / 1e6, minute_bytes,
        (day_bytes - tables_day_header().size()) / tables);
    CHECK(kept.problem().empty());
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    std::puts("skipped: the memory of 300 databases, a sanitizer keeps what was freed");
#else
    CHECK(grown < 50'000'000);
#endif
    // A look every 10 seconds and 600 full ones an hour, and a machine that does other things too.
    CHECK(light / looks < 500);
    CHECK(full / 600 < 300);
}

TEST_CASE("the history of 400 days is listed quickly") {
    zone::use("UTC");
    const test::temporary_directory directory;
    const auto place = directory.path() / "prod/orders-cl/app";
    std::filesystem::create_directories(place);
    const auto today = zone::day_of(noon);
    for (int ago = 0; ago < 400; ++ago) {
        const auto name = day(today.date() - std::chrono::days(ago)).to_string();
        for (const auto* kind : {".activity.csv", ".queries.csv", ".tables.csv"}) {
            std::ofstream(place / (name + kind)) << "one line\n";
        }
    }
    test::manual_clock clock(noon);
    history kept(directory.path(), clock);
    const auto shown = kept.directory(server, "app");
    std::size_t entries = 0;
    const auto ms = time_of([&] { entries = shown->list().size(); });
    std::printf("health history, 400 days: %.1f ms to list %zu entries\n", ms, entries);
    CHECK(entries == 1'201);
    CHECK(ms < 500);
}
