// The audit's index whose file is damaged, of another kind or another journal, or on a full disk.
#include "ledger/audit_fixture.hpp"

namespace {

using namespace tallyfs;
using namespace std::chrono_literals;
using ledger::audit_query;
using test::audit_state;

day date_of_nothing() {
    return day::parse("2026-01-01").value();
}

struct filled : audit_state {
    filled() {
        for (int day = 0; day < 3; ++day) {
            grow(900);
            clock.advance(24h);
        }
        index.reset();
    }
    void change(const char* sql) const {
        ledger::database changed(file());
        ledger::configure(changed);
        changed.execute(sql);
        CHECK(changed.good());
    }
    void check_reset(const std::string& reason) {
        open_index();
        CAPTURE(index->was_reset());
        CHECK(index->was_reset().find(reason) != std::string::npos);
        CHECK_FALSE(index->was_reset().empty());
        CHECK(index->checkpoint() == journal::position{});
        catch_up(100'000);
        check_searches(20);
    }
};

TEST_CASE("a file that is no index of the audit is begun anew") {
    filled state;
    SECTION("a header of something else") {
        std::ofstream(state.file(), std::ios::in) << "this is not a database file at all";
        state.check_reset("damaged");
    }
    SECTION("a ledger") {
        state.change("PRAGMA application_id = 0x74616c79");
        state.check_reset("not an index of the audit");
    }
    SECTION("another version") {
        state.change("PRAGMA user_version = 9");
        state.check_reset("version 9");
    }
    SECTION("half of it") {
        std::filesystem::resize_file(state.file(), std::filesystem::file_size(state.file()) / 2);
        state.check_reset("damaged");
    }
    SECTION("a directory") {
        std::filesystem::remove(state.file());
        std::filesystem::create_directory(state.file());
        state.check_reset("cannot be used");
    }
}

TEST_CASE("tables of the index that contradict each other are begun anew") {
    filled state;
    SECTION("a block is missing") {
        state.change("DELETE FROM blocks WHERE id=2");
    }
    SECTION("a block has other lines") {
        state.change("UPDATE blocks SET lines=lines+1 WHERE id=1");
    }
    SECTION("a block's number is absurd") {
        state.change("UPDATE blocks SET id=9000000000000000000 WHERE id=3");
    }
    SECTION("a kind of names that there is not") {
        state.change("UPDATE names SET kind=8 WHERE id=9");
    }
    SECTION("a name twice") {
        state.change("INSERT INTO names SELECT 5000, kind, name FROM names WHERE id=9");
    }
    SECTION("no checkpoint") {
        state.change("DELETE FROM checkpoint");
    }
    SECTION("no postings") {
        state.change("DROP TABLE postings");
    }
    state.check_reset("damaged");
}

TEST_CASE("a page that is changed in the file is found, at once or when it is read") {
    filled state;
    const auto bytes = std::filesystem::file_size(state.file());
    for (std::uint64_t page = 0; page < bytes / 4096; ++page) {
        INFO("page " << page);
        {
            std::fstream stream(state.file(), std::ios::in | std::ios::out | std::ios::binary);
            stream.seekp(static_cast<std::streamoff>(page * 4096 + 2000));
            stream << "\x7f\x01";
        }
        state.open_index();
        // Each name: every page of postings is read.
        for (const char* user : {"app", "batch", "jane_doe", "nobody"}) {
            audit_query query;
            query.user = user;
            const auto right = state.find_slowly(query);
            audit_state::strings shown;
            const auto found = state.index->find(
                query, state.directory(),
                [&](std::string_view line, const auto&) { shown.emplace_back(line); });
            // Begun anew there is nothing yet: what must not be is an answer that lacks some.
            const bool anew = state.index->checkpoint() == journal::position{};
            CHECK((anew || (found && shown == right)));
        }
        state.catch_up(1'000'000);
        state.check_searches(3);
        state.index.reset();
    }
}

TEST_CASE("an index of another journal is cleared") {
    filled state;
    state.open_index();
    auto segments = state.lines->segments();
    std::string wanted;
    SECTION("it agrees") {
        CHECK(state.index->reconcile(segments).value().empty());
        CHECK(state.index->count().lines == 2700);
        return;
    }
    SECTION("lines were lost") {
        segments.back().bytes -= 100;
        wanted = "further";
    }
    SECTION("the segment is gone") {
        segments.pop_back();
        wanted = "no such segment";
    }
    SECTION("another line is there") {
        auto text = std::fstream(segments.back().path, std::ios::in | std::ios::out);
        std::string all(std::istreambuf_iterator<char>(text), {});
        const auto at = all.rfind("\"prev\":\"") + 8;
        text.seekp(static_cast<std::streamoff>(at));
        text << (all[at] == '0' ? '1' : '0');
        text.close();
        wanted = "not the one";
    }
    CHECK(state.index->reconcile(segments).value().find(wanted) != std::string::npos);
    CHECK(state.index->checkpoint() == journal::position{});
}

TEST_CASE("an index that is in use says so") {
    const audit_state state;
    CHECK_THROWS_AS(ledger::audit_index(state.file()), startup_error);
}

TEST_CASE("what cannot be written stays in memory, is found, and is written later") {
    audit_state state;
    state.grow(300);
    const auto kind = GENERATE(test::operation::write, test::operation::sync);
    state.disk.arm({kind, 1, SQLITE_FULL, true, false});
    const auto failed = state.index->flush();
    CHECK((failed || kind == test::operation::write));
    state.check_searches(20);
    state.disk.calm();
    state.grow(300);
    REQUIRE(state.index->flush());
    state.check_searches(20);
    state.kill_index();
    CHECK(state.index->was_reset().empty());
    CHECK(state.index->count().lines == 600);
    state.check_searches(20);
}

TEST_CASE("each fault of the disk is an error or a new beginning, and never a wrong answer") {
    const auto kind =
        GENERATE(test::operation::open, test::operation::read, test::operation::write,
                 test::operation::truncate, test::operation::size, test::operation::remove);
    for (std::int64_t number = 1; number < 40; number += 3) {
        audit_state state;
        state.grow(400);
        state.index.reset();
        state.disk.arm({kind, number, SQLITE_IOERR, false, number % 2 == 0});
        try {
            state.open_index();
        } catch (const startup_error&) {
            state.disk.calm();
            state.open_index();
        }
        std::vector<record::audit_event> events;
        for (int i = 0; i < 300; ++i) events.push_back(state.make());
        static_cast<void>(state.index->add(state.append(events)));
        static_cast<void>(state.index->flush());
        static_cast<void>(state.index->forget_day(date_of_nothing()));
        const bool failed = state.disk.has_failed();
        state.disk.calm();
        static_cast<void>(state.index->flush());
        state.catch_up();
        INFO("fault " << number << " hit: " << failed);
        CHECK(state.index->count().lines == 700);
        state.check_searches(5);
        state.open_index();
        state.catch_up();
        CHECK(state.index->count().lines == 700);
        state.check_searches(5);
    }
}

}  // namespace
