// A ledger of some days on disk and the journal that it was made of, for the tests that damage it.
// Schema: docs/formats.md, "Ledger".
#pragma once

#include "ledger/faulty_disk.hpp"
#include "ledger/lines.hpp"
#include "ledger/schema.hpp"

#include <support/catch.hpp>
#include <support/temporary_directory.hpp>

#include <fstream>

namespace tallyfs::test {

struct filled_ledger {
    faulty_disk disk;  // only because it is quick: it does not wait for syncs
    temporary_directory directory;
    std::filesystem::path file = directory.path() / "ledger.sqlite";
    line_journal lines;
    std::string shown;

    filled_ledger() {
        random_calls random(31);
        lines = random.make_journal(6, 200);
        lines.write_files(directory.path());
        ledger::ledger ledger(file);
        lines.apply_rest(ledger, 10'000);
        shown = describe(ledger);
    }
    void overwrite(std::uint64_t offset, const std::string& bytes) const {
        std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
        stream.seekp(static_cast<std::streamoff>(offset));
        stream << bytes;
    }
    void change(const char* sql) const {
        ledger::database changed(file);
        ledger::configure(changed);
        changed.execute(sql);
        CHECK(changed.good());
    }
    /// The ledger is begun anew with this reason, and rebuilt shows what it showed.
    void check_reset(const std::string& reason) const {
        ledger::ledger ledger(file);
        INFO(ledger.was_reset());
        CHECK_FALSE(ledger.was_reset().empty());
        CHECK(ledger.was_reset().find(reason) != std::string::npos);
        CHECK(ledger.checkpoint() == journal::position{});
        lines.apply_rest(ledger, 10'000);
        CHECK(describe(ledger) == shown);
    }
};

}  // namespace tallyfs::test
