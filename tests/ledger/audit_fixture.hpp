// An audit stream in a directory of its own, its index, and what a search has to find: by reading
// every line. Format of lines: docs/formats.md, "An audit event's line".
#pragma once

#include "ledger/faulty_disk.hpp"
#include "ledger/view_file.hpp"

#include <tallyfs/base/day.hpp>
#include <tallyfs/journal/chain.hpp>
#include <tallyfs/journal/reader.hpp>
#include <tallyfs/ledger/audit_index.hpp>

#include <support/catch.hpp>
#include <support/manual_clock.hpp>
#include <support/temporary_directory.hpp>

#include <fstream>
#include <memory>
#include <random>
#include <set>

namespace tallyfs::test {

class audit_state {
  public:
    explicit audit_state(unsigned seed = 1, std::size_t names = ledger::audit_index::names_max)
        : names_max(names), random_(seed) {
        zone::use("UTC");
        open();
    }

    void open() {
        index.reset();
        links.reset();
        lines.reset();
        lines = std::make_unique<journal::stream>(directory(), clock);
        links = std::make_unique<journal::chain>(*lines, home.path() / "audit.head");
        open_index();
    }
    void open_index() {
        index.reset();
        index = std::make_unique<ledger::audit_index>(file(), names_max);
    }
    /// As a process that is killed: what stands in memory is gone.
    void kill_index() {
        std::filesystem::remove_all(aside());
        std::filesystem::create_directory(aside());
        for (const char* const suffix : {"", "-wal"}) {
            const auto name = file().filename().string() + suffix;
            if (!std::filesystem::exists(home.path() / name)) continue;
            std::filesystem::copy_file(home.path() / name, aside() / name);
        }
        index.reset();
        for (const char* const suffix : {"", "-wal"}) {
            const auto name = file().filename().string() + suffix;
            std::filesystem::remove(home.path() / name);
            if (!std::filesystem::exists(aside() / name)) continue;
            std::filesystem::copy_file(aside() / name, home.path() / name);
        }
        open_index();
    }
    /// Applies what the index lacks, as a start does.
    void catch_up(std::size_t bytes = 5'000) {
        journal::reader reader(*lines, index->checkpoint());
        for (;;) {
            const auto batch = reader.next(bytes);
            REQUIRE(batch);
            if (batch->text.empty()) return;
            REQUIRE(index->apply(*batch));
        }
    }

    [[nodiscard]] unsigned pick(unsigned count) { return static_cast<unsigned>(random_() % count); }
    [[nodiscard]] record::audit_event make();
    /// Appends them and returns where they are.
    std::vector<ledger::indexed_event> append(std::vector<record::audit_event>& events);
    /// Appends and indexes random events.
    void grow(std::size_t count);
    /// A random search of what may be there.
    [[nodiscard]] ledger::audit_query ask();

    using strings = std::vector<std::string>;
    [[nodiscard]] strings find(const ledger::audit_query& query) const;
    /// The same by reading everything.
    [[nodiscard]] strings find_slowly(const ledger::audit_query& query) const;
    void check_searches(int count);

    [[nodiscard]] std::filesystem::path directory() const { return home.path() / "audit"; }
    [[nodiscard]] std::filesystem::path file() const { return home.path() / "audit.sqlite"; }
    [[nodiscard]] std::filesystem::path aside() const { return home.path() / "killed"; }

    faulty_disk disk;  // only because it is quick, where nothing else is said
    temporary_directory home;
    std::size_t names_max;
    manual_clock clock{wall_time(parse_rfc3339("2026-11-20T10:00:00Z").value())};
    std::unique_ptr<journal::stream> lines;
    std::unique_ptr<journal::chain> links;
    std::unique_ptr<ledger::audit_index> index;

  private:
    std::mt19937 random_;
};

}  // namespace tallyfs::test
