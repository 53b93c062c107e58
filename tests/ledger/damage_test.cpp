#include "ledger/filled_ledger.hpp"

#include <sys/stat.h>

#include <unistd.h>
namespace {

using namespace tallyfs;
using test::describe;
using test::filled_ledger;

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

TEST_CASE("what is no file, or cannot be written, is put aside and begun anew") {
    const filled_ledger filled;
    SECTION("a directory") {
        std::filesystem::remove(filled.file);
        std::filesystem::create_directories(filled.file / "kept");
        filled.check_reset("cannot be used");
        CHECK(std::filesystem::exists(filled.directory.path() / "ledger.sqlite.aside" / "kept"));
    }
    SECTION("a link to nowhere") {
        std::filesystem::remove(filled.file);
        std::filesystem::create_symlink("/nowhere/at/all", filled.file);
        ledger::ledger ledger(filled.file);
        CHECK_FALSE(ledger.broken());
    }
}

TEST_CASE("a ledger that its owner may only read is begun anew") {
    if (::geteuid() != 0) {
        WARN("skipped: giving a file away needs root");
        return;
    }
    const filled_ledger filled;
    constexpr ::uid_t nobody = 65534;
    REQUIRE(::chown(filled.directory.path().c_str(), nobody, nobody) == 0);
    REQUIRE(::chmod(filled.file.c_str(), 0444) == 0);
    REQUIRE(::seteuid(nobody) == 0);
    filled.check_reset("readonly");
    REQUIRE(::seteuid(0) == 0);
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

TEST_CASE("a ledger that cannot be created says so, and is once it can") {
    const filled_ledger filled;
    const auto file = filled.directory.path() / "missing" / "ledger.sqlite";
    ledger::ledger ledger(file);
    CHECK(ledger.broken());
    CHECK(ledger.usage({}).has_error());
    CHECK_FALSE(ledger.clear());
    std::filesystem::create_directory(file.parent_path());
    CHECK(ledger.broken());
    REQUIRE(ledger.clear());
    CHECK_FALSE(ledger.broken());
    filled.lines.apply_rest(ledger, 10'000);
    CHECK(describe(ledger) == filled.shown);
}

TEST_CASE("a ledger that is in use says so") {
    const test::temporary_directory directory;
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
