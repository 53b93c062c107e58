#include "ledger/lines.hpp"
#include "ledger/sqlite.hpp"

#include <tallyfs/base/file.hpp>

#include <support/catch.hpp>
#include <support/temporary_directory.hpp>

#include <fstream>
namespace {

using namespace tallyfs;
using test::date_of;
using test::describe;

struct filled_ledger {
    test::temporary_directory directory;
    std::filesystem::path file = directory.path() / "ledger.sqlite";
    test::line_journal lines;
    std::string shown;

    filled_ledger() {
        test::random_calls random(31);
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

TEST_CASE("a file that is no ledger is begun anew") {
    const filled_ledger filled;
    SECTION("a header of something else") {
        filled.overwrite(0, "this is not a database file at all");
        filled.check_reset("damaged");
    }
    SECTION("a file of another program") {
        filled.change("PRAGMA application_id = 1");
        filled.check_reset("not a ledger");
    }
    SECTION("an empty file") {
        std::filesystem::resize_file(filled.file, 0);
        filled.check_reset("not a ledger");
    }
    SECTION("a few bytes") {
        std::filesystem::resize_file(filled.file, 50);
        filled.check_reset("");
    }
}

TEST_CASE("a ledger of another schema version is begun anew") {
    const filled_ledger filled;
    filled.change("PRAGMA user_version = 9");
    filled.check_reset("version 9");
}

TEST_CASE("a ledger cut short is begun anew") {
    const filled_ledger filled;
    const auto bytes = std::filesystem::file_size(filled.file);
    REQUIRE(bytes > 100'000);
    std::filesystem::resize_file(filled.file, bytes / 2);
    filled.check_reset("damaged");
}

TEST_CASE("tables that contradict each other are begun anew") {
    const filled_ledger filled;
    SECTION("a day") {
        filled.change("UPDATE days SET lines=lines+1 WHERE day=20777");
    }
    SECTION("a total") {
        filled.change("UPDATE total_usage SET calls=calls-1 WHERE group_id=3");
    }
    SECTION("a quarter of the open day") {
        filled.change("DELETE FROM quarter_usage WHERE day=(SELECT max(day) FROM days)");
    }
    SECTION("a name") {
        filled.change("DELETE FROM names WHERE id=2");
    }
    SECTION("a group") {
        filled.change("UPDATE groups SET model=service WHERE id=4");
    }
    SECTION("a prompt") {
        filled.change("UPDATE prompt_log SET entries=x'0000ff'");
    }
    SECTION("the checkpoint") {
        filled.change("DELETE FROM checkpoint");
    }
    SECTION("a table") {
        filled.change("DROP TABLE swaps");
    }
    filled.check_reset("damaged");
}

TEST_CASE("damage that shows only later is an error, after which clear() helps") {
    const filled_ledger filled;
    // Group numbers that do not exist, in a row that is not read at start.
    filled.change("UPDATE day_usage SET group_id=group_id+4000000 WHERE day=20778");
    ledger::ledger ledger(filled.file);
    CHECK(ledger.was_reset().empty());
    ledger::usage_query query;
    query.by = ledger::resolution::days;
    const auto asked = ledger.usage(query);
    REQUIRE(asked.has_error());
    CHECK(ledger::is_damage(asked.error()));
    CHECK(ledger.usage({}).has_value());
    REQUIRE(ledger.clear());
    filled.lines.apply_rest(ledger, 10'000);
    CHECK(describe(ledger) == filled.shown);
}

TEST_CASE("flipped bytes anywhere never end the program, and clear() always helps") {
    test::random_calls random(32);
    const filled_ledger filled;
    const auto whole = read_file(filled.file, 100'000'000).value();
    for (int round = 0; round < 25; ++round) {
        std::string flipped = whole;
        const std::size_t page = random.pick(static_cast<unsigned>(whole.size() / 4096)) * 4096U;
        for (std::size_t i = 0; i < 40; ++i) {
            flipped[page + i] = static_cast<char>(random.pick(256));
        }
        std::ofstream(filled.file, std::ios::binary | std::ios::trunc) << flipped;
        ledger::ledger ledger(filled.file);
        ledger::usage_query query;
        query.by = ledger::resolution::quarter_hours;
        const auto check = [](const auto& asked) {
            if (asked.has_error()) CHECK(ledger::is_damage(asked.error()));
        };
        check(ledger.usage(query));
        check(ledger.cold_starts(1'000));
        check(ledger.swaps(1'000));
        check(ledger.duplicates({}, 1'000));
        check(ledger.locate(uuid::make(wall_time(date_of("2026-11-21").date())),
                            filled.directory.path()));
        REQUIRE(ledger.clear());
        CHECK(ledger.stamp_of_all().lines == 0);
    }
}

TEST_CASE("a ledger that agrees with the journal is kept") {
    const filled_ledger filled;
    ledger::ledger ledger(filled.file);
    CHECK(ledger.reconcile(filled.lines.status(filled.directory.path())).value().empty());
    CHECK(describe(ledger) == filled.shown);
}

TEST_CASE("a ledger that goes beyond the journal is cleared") {
    const filled_ledger filled;
    ledger::ledger ledger(filled.file);
    auto segments = filled.lines.status(filled.directory.path());
    std::string wanted;
    SECTION("lines were lost") {
        segments.back().bytes -= 100;
        wanted = "further";
    }
    SECTION("the segment is gone") {
        segments.pop_back();
        wanted = "no such segment";
    }
    SECTION("another line is there") {
        std::fstream stream(segments.back().path, std::ios::in | std::ios::out);
        stream.seekp(static_cast<std::streamoff>(segments.back().bytes - 30));
        stream << 'x';
        stream.close();
        wanted = "not the one";
    }
    CHECK(ledger.reconcile(segments).value().find(wanted) != std::string::npos);
    CHECK(ledger.checkpoint() == journal::position{});
    CHECK(ledger.reconcile(segments).value().empty());
}

TEST_CASE("a ledger that cannot be created or is in use says so") {
    const test::temporary_directory directory;
    const auto nowhere = directory.path() / "missing" / "ledger.sqlite";
    CHECK_THROWS_AS(ledger::ledger(nowhere), startup_error);
    const auto file = directory.path() / "ledger.sqlite";
    const ledger::ledger first(file);
    std::string message;
    try {
        const ledger::ledger second(file);
    } catch (const startup_error& error) {
        message = error.what();
    }
    CHECK(message.find("another process has it open") != std::string::npos);
}

}  // namespace
