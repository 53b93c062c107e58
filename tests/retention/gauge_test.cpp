// How big the state directory is, of files whose sizes a test knows.
#include <tallyfs/retention/gauge.hpp>

#include <support/catch.hpp>
#include <support/manual_clock.hpp>
#include <support/temporary_directory.hpp>

#include <fstream>

namespace {

using namespace tallyfs;

constexpr std::uint64_t file_bytes = std::uint64_t{1} << 20;

void write_file(const std::filesystem::path& path) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << std::string(file_bytes, 'x');
}

TEST_CASE("all that grows in the state directory is measured, the audit's index with the ledger") {
    const test::temporary_directory home;
    for (const auto* const name :
         {"journal/calls/2026-11-20.jsonl", "journal/audit/2026-11-20.jsonl", "ledger.sqlite",
          "ledger.sqlite-wal", "audit.sqlite", "audit.sqlite-wal",
          "captures/2026-11-20/x/request.json", "health/dev/one/app/2026-11-20",
          "schemas/dev%2Fone%2Fapp"}) {
        write_file(home.path() / name);
    }
    const test::manual_clock clock{wall_time{}};
    retention::gauge gauge(home.path(), clock);
    gauge.look([](const auto&...) { return true; });
    const auto now = gauge.last().value();
    // A file system may take a little more for a file than what is in it.
    CHECK(now.journal_bytes / file_bytes == 2);
    CHECK(now.ledger_bytes / file_bytes == 4);
    CHECK(now.captures_bytes / file_bytes == 1);
    CHECK(now.databases_bytes / file_bytes == 2);
    CHECK(now.used_bytes() / file_bytes == 9);
}

}  // namespace
