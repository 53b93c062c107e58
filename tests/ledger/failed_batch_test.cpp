// A batch that cannot be stored leaves nothing of itself behind: it is tried again, or the ledger
// is begun anew, but it is never stored half and never in everybody's way.
#include "ledger/filled_ledger.hpp"

namespace {

using namespace tallyfs;
using test::describe;
using test::filled_ledger;
using test::operation;

/// More than SQLite keeps in memory (16 MiB): each line has a model, options and an evicted model
/// of its own, so that pages are written to the file in the middle of each kind of statement.
std::string large_batch() {
    std::string text;
    for (int i = 0; i < 6'000; ++i) {
        const auto number = std::to_string(i);
        record::call c;
        c.time = wall_time(test::date_of("2026-11-20").date()) + std::chrono::seconds(i);
        c.id = uuid::make(c.time);
        c.service = "batch";
        c.endpoint = "/api/chat";
        c.model = "model-" + number + std::string(300, 'm');
        c.cold_start = true;
        c.evicted_model = "evicted-" + number + std::string(200, 'e');
        c.options = "{\"num_ctx\":" + std::string(200, '4') + "}";
        record::append_line(text, c);
    }
    return text;
}

TEST_CASE("a disk that fills up in the middle of a batch leaves the ledger as it was") {
    test::faulty_disk disk;
    const test::temporary_directory directory;
    const auto file = directory.path() / "ledger.sqlite";
    std::optional<ledger::ledger> shown(std::in_place, file);
    const auto text = large_batch();
    const journal::batch lines{{test::date_of("2026-11-20"), 1}, 0, text};
    // Every 997th write, so that each kind of statement is hit; those of the commit too.
    int failures = 0;
    for (std::int64_t number = 1;; number += 997) {
        INFO("write " << number);
        disk.arm({operation::write, number, SQLITE_FULL, false, false});
        const auto applied = shown->apply(lines);
        const bool failed = disk.has_failed();
        disk.calm();
        REQUIRE(applied.has_error() == failed);
        if (!failed) break;
        ++failures;
        REQUIRE_FALSE(shown->broken());
        REQUIRE(shown->checkpoint() == journal::position{});
    }
    CHECK(failures > 5);
    shown.emplace(file);
    CHECK(shown->was_reset().empty());
    CHECK(shown->stamp_of_all().lines == 6'000);
    CHECK(shown->cold_starts(10'000).value().size() == 6'000);
}

TEST_CASE("a transaction in which a statement failed is over") {
    const test::temporary_directory directory;
    ledger::database owner(directory.path() / "ledger.sqlite");
    owner.execute("CREATE TABLE numbers(n INTEGER PRIMARY KEY)");
    const auto insert_twice = [&] {
        ledger::transaction all(owner);
        owner.execute("INSERT INTO numbers VALUES(1)");
        owner.execute("INSERT INTO numbers VALUES(1)");
        return all.commit();
    };
    for (int attempt = 0; attempt < 2; ++attempt) {
        const auto stored = insert_twice();
        REQUIRE(stored.has_error());
        CHECK((stored.error().value() & 0xff) == SQLITE_CONSTRAINT);
    }
    ledger::statement count(owner, "SELECT count(*) FROM numbers");
    REQUIRE(count.step());
    CHECK(count.integer(0) == 0);
}

TEST_CASE("a row that stands where the end of a day puts one is damage, not an error for ever") {
    filled_ledger filled;
    // Each total is still right, so that nothing is found when the file is opened.
    filled.change(
        "UPDATE day_usage SET day=(SELECT max(day) FROM days) "
        "WHERE day=(SELECT min(day) FROM day_usage)");
    ledger::ledger ledger(filled.file);
    REQUIRE(ledger.was_reset().empty());
    filled.lines.append({test::date_of("2026-11-26"), 1},
                        test::random_calls(7).make(wall_time(test::date_of("2026-11-26").date())));
    const auto& [segment, text] = *filled.lines.segments().rbegin();
    CHECK(ledger.apply({segment, 0, text}).has_error());
    REQUIRE(ledger.broken());
    REQUIRE(ledger.clear());
    filled.lines.apply_rest(ledger, 10'000);
    ledger::ledger right(filled.directory.path() / "right.sqlite");
    filled.lines.apply_rest(right, 10'000);
    CHECK(describe(ledger) == describe(right));
}

TEST_CASE("what was put aside before is not replaced") {
    const filled_ledger filled;
    for (const char* kept : {"first", "second", "third"}) {
        std::filesystem::remove(filled.file);
        std::filesystem::create_directories(filled.file / kept);
        filled.check_reset("cannot be used");
    }
    CHECK(std::filesystem::exists(filled.directory.path() / "ledger.sqlite.aside/first"));
    CHECK(std::filesystem::exists(filled.directory.path() / "ledger.sqlite.aside.2/second"));
    CHECK(std::filesystem::exists(filled.directory.path() / "ledger.sqlite.aside.3/third"));
}

}  // namespace
