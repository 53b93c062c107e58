#include "journal/journal_fixture.hpp"

namespace {

using namespace tallyfs;
using test::append;
using test::at;
using test::date;
using test::strings;

struct three_days : test::journal_fixture {
    three_days() {
        for (const auto* time :
             {"2026-11-20T11:00:00Z", "2026-11-21T11:00:00Z", "2026-11-22T11:00:00Z"}) {
            clock.step_to(at(time));
            REQUIRE(append(*stream, "{}"));
        }
    }
};

TEST_CASE("a day that is over can be removed with what was kept aside of it") {
    three_days journal;
    const auto torn = journal.directory / "2026-11-20.jsonl.torn";
    std::ofstream(torn) << "{";
    const auto changes = journal.stream->change_count();
    REQUIRE(journal.stream->remove_day(date("2026-11-20")));
    CHECK(journal.names() == strings{"2026-11-21.jsonl", "2026-11-22.jsonl"});
    CHECK(journal.stream->change_count() > changes);
    CHECK_FALSE(std::filesystem::exists(torn));
    CHECK_FALSE(std::filesystem::exists(journal.directory / "2026-11-20.jsonl"));
    CHECK(test::read_lines(*journal.stream) == strings{"{}", "{}"});
}

TEST_CASE("the newest day cannot be removed") {
    three_days journal;
    CHECK(journal.stream->remove_day(date("2026-11-22")).error() ==
          boost::system::errc::invalid_argument);
    CHECK(journal.names().size() == 3);
}

TEST_CASE("a removed day that was not synced yet is no failure of the next sync") {
    three_days journal;
    REQUIRE(journal.stream->remove_day(date("2026-11-20")));
    CHECK(journal.stream->sync());
    CHECK_FALSE(journal.stream->status().failing);
}

TEST_CASE("a day that cannot be removed stays, and can be removed later") {
    three_days journal;
    journal.disk.unlink_error = EACCES;
    CHECK(journal.stream->remove_day(date("2026-11-20")).error() ==
          boost::system::errc::permission_denied);
    CHECK(journal.names().size() == 3);
    journal.disk.unlink_error = 0;
    CHECK(journal.stream->remove_day(date("2026-11-20")));
    CHECK(journal.names().size() == 2);
}

}  // namespace
