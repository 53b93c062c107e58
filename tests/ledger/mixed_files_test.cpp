// A ledger's file with the WAL of another moment or of another ledger, or without its own.
#include "ledger/faulty_disk.hpp"
#include "ledger/lines.hpp"

#include <support/catch.hpp>
#include <support/temporary_directory.hpp>

namespace {

using namespace tallyfs;
using test::describe;

/// A ledger as a kill leaves it at different moments, some of them after a clean end.
struct snapshots {
    test::temporary_directory directory;
    test::line_journal lines;
    std::map<journal::position, std::string> right;
    std::string complete;
    std::vector<std::filesystem::path> files;

    explicit snapshots(unsigned seed) {
        test::random_calls random(seed);
        lines = random.make_journal(4, 60);
        const auto file = directory.path() / "ledger.sqlite";
        for (int opened = 0; opened < 4; ++opened) {
            ledger::ledger running(file);
            right[running.checkpoint()] = describe(running);
            for (int batch = 0; batch < 3; ++batch) {
                lines.apply_rest(running, 4'000 + random.pick(20'000), 1 + random.pick(2));
                right[running.checkpoint()] = describe(running);
                keep(file);
            }
        }
        keep(file);
        ledger::ledger whole(directory.path() / "whole.sqlite");
        lines.apply_rest(whole, 100'000);
        complete = describe(whole);
    }
    void keep(const std::filesystem::path& file) {
        files.push_back(directory.path() / ("copy-" + std::to_string(files.size())));
        for (const auto* suffix : {"", "-wal"}) {
            if (!std::filesystem::exists(file.string() + suffix)) continue;
            std::filesystem::copy_file(file.string() + suffix, files.back().string() + suffix);
        }
    }
};

void mix(const std::filesystem::path& database, const std::filesystem::path& wal,
         const std::filesystem::path& into) {
    for (const auto* suffix : {"", "-wal"}) std::filesystem::remove(into.string() + suffix);
    std::filesystem::copy_file(database, into);
    if (!std::filesystem::exists(wal.string() + "-wal")) return;
    std::filesystem::copy_file(wal.string() + "-wal", into.string() + "-wal");
}

TEST_CASE("a ledger with the WAL of another moment, or none, never shows a wrong figure") {
    const test::faulty_disk disk;
    int kept = 0;
    for (unsigned seed = 50; seed < 52; ++seed) {
        const snapshots of(seed);
        const auto file = of.directory.path() / "mixed.sqlite";
        for (const auto& database : of.files) {
            for (const auto& wal : of.files) {
                INFO("seed " << seed << ", " << database << " with the WAL of " << wal);
                mix(database, wal, file);
                ledger::ledger mixed(file);
                REQUIRE_FALSE(mixed.broken());
                if (database == wal) CHECK(mixed.was_reset().empty());
                if (mixed.was_reset().empty()) ++kept;
                REQUIRE(of.right.contains(mixed.checkpoint()));
                REQUIRE(describe(mixed) == of.right.at(mixed.checkpoint()));
                if (database != wal && kept % 10 != 0) continue;
                of.lines.apply_rest(mixed, 10'000);
                REQUIRE(describe(mixed) == of.complete);
            }
        }
    }
    CHECK(kept > 150);
}

}  // namespace
