// Each operation below SQLite fails once: the ledger then reports it or is begun anew, and once
// the disk works it comes to the right figures. TALLYFS_FAULTS=all lets every single one fail,
// otherwise some of each kind do.
#include "ledger/faulty_disk.hpp"
#include "ledger/lines.hpp"

#include <support/catch.hpp>
#include <support/temporary_directory.hpp>

#include <cstdlib>

namespace {

using namespace tallyfs;
using test::describe;
using test::fault;
using test::operation;

constexpr std::size_t batch_bytes = 6'000;
constexpr std::int64_t faults_of_a_kind = 8;

/// What a ledger shows that stands at a position; by how its batches are cut.
using figures_at = std::map<journal::position, std::string>;

/// Three days, the second one in two parts: batches close days and begin segments.
struct prepared {
    test::temporary_directory directory;
    test::line_journal lines = test::random_calls(41).make_journal(3, 30);
    figures_at right;
    std::string complete;

    prepared() {
        ledger::ledger whole(directory.path() / "whole.sqlite");
        right[whole.checkpoint()] = describe(whole);
        while (apply_next(whole)) right[whole.checkpoint()] = describe(whole);
        complete = describe(whole);
        ledger::ledger half(half_path());
        for (int batch = 0; batch < 4; ++batch) REQUIRE(apply_next(half));
    }
    [[nodiscard]] std::filesystem::path half_path() const {
        return directory.path() / "half.sqlite";
    }
    /// False at the end and after an error.
    bool apply_next(ledger::ledger& to) const {
        for (const auto& [segment, text] : lines.segments()) {
            const auto at = to.checkpoint();
            if (segment < at.segment) continue;
            const std::size_t offset = segment == at.segment ? at.offset : 0;
            if (offset == text.size()) continue;
            const auto end = text.find('\n', std::min(text.size(), offset + batch_bytes) - 1);
            const auto batch = std::string_view(text).substr(offset, end + 1 - offset);
            return to.apply({segment, offset, batch}).has_value();
        }
        return false;
    }
    /// An error is allowed while the disk fails, a wrong figure never.
    void check_figures(const ledger::ledger& shown) const {
        std::string found;
        try {
            found = describe(shown);
        } catch (const boost::system::system_error&) {
            return;
        }
        const auto at = right.find(shown.checkpoint());
        REQUIRE(at != right.end());
        REQUIRE(found == at->second);
    }
    /// What the view thread does, on a disk that works.
    void check_recovery(ledger::ledger& shown) const {
        if (shown.broken()) REQUIRE(shown.clear());
        check_figures(shown);
        while (apply_next(shown)) {
        }
        REQUIRE_FALSE(shown.broken());
        REQUIRE(describe(shown) == complete);
    }
};

/// Runs while one operation fails; what it leaves behind is judged afterwards.
using scenario = void (*)(const prepared&, const std::filesystem::path&, test::faulty_disk&,
                          const fault&);

void copy_ledger(const std::filesystem::path& from, const std::filesystem::path& to) {
    for (const auto* suffix : {"", "-wal", "-journal"}) {
        std::filesystem::remove(to.string() + suffix);
        if (!std::filesystem::exists(from.string() + suffix)) continue;
        std::filesystem::copy_file(from.string() + suffix, to.string() + suffix);
    }
}

void apply_batches(const prepared& from, const std::filesystem::path& file, test::faulty_disk& disk,
                   const fault& next) {
    ledger::ledger shown(file);
    disk.arm(next);
    for (int attempts = 0; attempts < 8; ++attempts) {
        if (shown.broken() && !shown.clear()) continue;
        from.apply_next(shown);
        from.check_figures(shown);
    }
    // As if the process were killed now.
    auto killed = file;
    killed += ".killed";
    copy_ledger(file, killed);
    disk.calm();
    ledger::ledger next_start(killed);
    // Only damage is a reason to begin anew: what failed for a time is tried again.
    if (next.code != SQLITE_IOERR_DATA) {
        REQUIRE_FALSE(shown.broken());
        REQUIRE(next_start.was_reset().empty());
    }
    from.check_recovery(shown);
    from.check_recovery(next_start);
}

void open_it(const prepared& from, const std::filesystem::path& file, test::faulty_disk& disk,
             const fault& next) {
    disk.arm(next);
    ledger::ledger shown(file);
    if (shown.broken()) CHECK_FALSE(shown.was_reset().empty());
    from.check_figures(shown);
    from.apply_next(shown);
    from.check_figures(shown);
    disk.calm();
    from.check_recovery(shown);
}

void clear_it(const prepared& from, const std::filesystem::path& file, test::faulty_disk& disk,
              const fault& next) {
    ledger::ledger shown(file);
    disk.arm(next);
    const auto cleared = shown.clear();
    CHECK(cleared.has_error() == bool(shown.broken()));
    from.apply_next(shown);
    from.check_figures(shown);
    disk.calm();
    from.check_recovery(shown);
}

void close_it(const prepared& from, const std::filesystem::path& file, test::faulty_disk& disk,
              const fault& next) {
    auto closed = std::make_optional<ledger::ledger>(file);
    from.apply_next(*closed);
    from.apply_next(*closed);
    disk.arm(next);
    closed.reset();
    disk.calm();
}

/// True if there was such an operation.
bool run(const prepared& from, test::faulty_disk& disk, scenario play, const fault& next) {
    const auto file = from.directory.path() / "ledger.sqlite";
    copy_ledger(from.half_path(), file);
    play(from, file, disk, next);
    disk.calm();
    ledger::ledger reopened(file);
    REQUIRE(reopened.was_reset().empty());
    from.check_recovery(reopened);
    return disk.has_failed();
}

void run_all(scenario play, const fault& kind) {
    test::faulty_disk disk;
    const prepared from;
    const char* const wanted = std::getenv("TALLYFS_FAULTS");
    const bool all = wanted != nullptr && wanted == std::string_view("all");
    fault next = kind;
    std::int64_t step = 1;
    for (next.number = 1;; next.number += step) {
        INFO("operation " << next.number << ", code " << next.code << ", for good " << next.for_good
                          << ", partly " << next.partly);
        if (!run(from, disk, play, next)) break;
        // A step that grows: all of the first ones, where files are opened, then fewer.
        if (!all && next.number >= faults_of_a_kind * step) step = step * 2 + 1;
    }
    CHECK(next.number > 1);
}

const std::vector<fault> write_faults{
    {operation::write, 1, SQLITE_IOERR_WRITE, false, false},
    {operation::write, 1, SQLITE_IOERR_WRITE, false, true},
    {operation::write, 1, SQLITE_FULL, false, true},
    {operation::write, 1, SQLITE_FULL, true, false},
};

TEST_CASE("a write that fails while lines are applied never makes a figure wrong") {
    run_all(apply_batches, GENERATE(from_range(write_faults)));
}

TEST_CASE("a write that fails while a ledger is begun anew never makes a figure wrong") {
    run_all(clear_it, GENERATE(from_range(write_faults)));
}

TEST_CASE("a write that fails while the ledger is closed never makes a figure wrong") {
    run_all(close_it, GENERATE(from_range(write_faults)));
}

TEST_CASE("a read that fails never makes a figure wrong") {
    const bool for_good = GENERATE(false, true);
    const fault kind{operation::read, 1, SQLITE_IOERR_READ, for_good, false};
    run_all(GENERATE(&apply_batches, &open_it), kind);
}

TEST_CASE("a page that comes back damaged is never believed") {
    const fault kind{operation::read, 1, SQLITE_IOERR_DATA, false, false};
    run_all(GENERATE(&apply_batches, &open_it), kind);
}

TEST_CASE("a file that cannot be opened never makes a figure wrong") {
    const bool for_good = GENERATE(false, true);
    const fault kind{operation::open, 1, SQLITE_CANTOPEN, for_good, false};
    run_all(GENERATE(&open_it, &clear_it), kind);
}

TEST_CASE("a sync, a size or a deletion that fails never makes a figure wrong") {
    const fault kind = GENERATE(fault{operation::sync, 1, SQLITE_IOERR_FSYNC, false, false},
                                fault{operation::size, 1, SQLITE_IOERR_FSTAT, false, false},
                                fault{operation::size, 1, SQLITE_IOERR_FSTAT, true, false});
    run_all(clear_it, kind);
    if (kind.kind == operation::sync) run_all(close_it, kind);
    if (kind.kind == operation::size) run_all(open_it, kind);
}

TEST_CASE("a WAL that cannot be deleted or cut when the ledger closes is no harm") {
    const auto kind = GENERATE(operation::remove, operation::truncate);
    const int code = kind == operation::remove ? SQLITE_IOERR_DELETE : SQLITE_IOERR_TRUNCATE;
    run_all(close_it, {kind, 1, code, true, false});
}

}  // namespace
