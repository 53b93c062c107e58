#include "journal_fixture.hpp"

#include <sys/stat.h>

using namespace tallyfs;
using namespace tallyfs::test;
using namespace std::chrono_literals;

TEST_CASE_METHOD(journal_fixture, "the day turns at midnight of the zone, not of UTC") {
    clock.step_to(at("2026-11-20T22:59:59.999999Z"));
    CHECK(append(*stream, "last of the 20th"));
    clock.advance(1us);
    CHECK(append(*stream, "first of the 21st"));
    CHECK(names() == strings{"2026-11-20.jsonl", "2026-11-21.jsonl"});
    CHECK(content_of(directory / "2026-11-20.jsonl") == "last of the 20th\n");
    CHECK(content_of(directory / "2026-11-21.jsonl") == "first of the 21st\n");
    CHECK(stream->segments()[0].closed);
    CHECK_FALSE(stream->segments()[1].closed);
}

TEST_CASE_METHOD(journal_fixture, "the day turns without a line, and tells who listens") {
    int heard = 0;
    stream->on_change([&] { ++heard; });
    stream->turn_day();
    CHECK(heard == 0);
    clock.step_to(at("2026-11-20T23:00:00Z"));
    const auto before = stream->change_count();
    stream->turn_day();
    CHECK(heard == 1);
    CHECK(stream->change_count() == before + 1);
    CHECK(std::filesystem::exists(directory / "2026-11-21.jsonl"));
    stream->turn_day();
    CHECK(heard == 1);
}

TEST_CASE_METHOD(journal_fixture,
                 "a day that could not begin is no failure any more once it has, without a line") {
    auto away = directory;
    away += ".away";
    clock.step_to(at("2026-11-20T23:00:00Z"));
    std::filesystem::rename(directory, away);
    stream->turn_day();
    CHECK(stream->status().failing);
    CHECK(stream->status().last_error.find("2026-11-21.jsonl") != std::string::npos);
    std::filesystem::rename(away, directory);
    stream->turn_day();
    CHECK_FALSE(stream->status().failing);
    CHECK(names() == strings{"2026-11-20.jsonl", "2026-11-21.jsonl"});
}

TEST_CASE_METHOD(journal_fixture,
                 "a lost line is a failure until one is appended, also overnight") {
    disk.write_error = EIO;
    CHECK_FALSE(append(*stream, "lost"));
    disk.write_error = 0;
    clock.step_to(at("2026-11-20T23:00:00Z"));
    stream->turn_day();
    CHECK(stream->status().failing);
    CHECK(append(*stream, "kept"));
    CHECK_FALSE(stream->status().failing);
}

TEST_CASE_METHOD(journal_fixture, "a clock that steps back an hour loses and moves no line") {
    CHECK(append(*stream, "a"));
    clock.step_to(at("2026-11-20T10:00:00Z"));
    CHECK(append(*stream, "b"));
    CHECK(read_lines(*stream) == strings{"a", "b"});
    CHECK(names() == strings{"2026-11-20.jsonl"});
}

TEST_CASE_METHOD(journal_fixture,
                 "a clock that steps back over midnight leaves the closed day alone") {
    clock.step_to(at("2026-11-20T22:30:00Z"));
    CHECK(append(*stream, "on the 20th"));
    clock.step_to(at("2026-11-20T23:10:00Z"));
    CHECK(append(*stream, "on the 21st"));
    clock.step_to(at("2026-11-20T22:10:00Z"));
    CHECK(append(*stream, "still on the 21st"));
    stream->turn_day();
    clock.step_to(at("2026-11-20T23:00:00Z"));
    CHECK(append(*stream, "on the 21st again"));
    CHECK(content_of(directory / "2026-11-20.jsonl") == "on the 20th\n");
    CHECK(read_lines(*stream) ==
          strings{"on the 20th", "on the 21st", "still on the 21st", "on the 21st again"});
    CHECK(names().size() == 2);
}

TEST_CASE_METHOD(journal_fixture,
                 "a start with the clock before the newest segment goes on in it") {
    clock.step_to(at("2026-11-25T12:00:00Z"));
    start();
    CHECK(append(*stream, "a"));
    clock.step_to(at("2026-11-20T12:00:00Z"));
    start();
    CHECK(append(*stream, "b"));
    CHECK(names().back() == "2026-11-25.jsonl");
    CHECK(read_lines(*stream) == strings{"a", "b"});
}

TEST_CASE_METHOD(journal_fixture, "a start after midnight closes the old day and begins today's") {
    CHECK(append(*stream, "a"));
    clock.step_to(at("2026-11-22T12:00:00Z"));
    start();
    CHECK(names() == strings{"2026-11-20.jsonl", "2026-11-22.jsonl"});
    CHECK(stream->segments()[0].closed);
    CHECK(stream->end().segment.date == date("2026-11-22"));
}

TEST_CASE_METHOD(journal_fixture,
                 "the days on which summer time begins and ends are one day each") {
    // 2027-03-28 has 23 hours, 2026-10-25 has 25; both begin at local midnight.
    const auto turn = GENERATE(std::pair{"2027-03-27T23:00:00Z", "2027-03-28T22:00:00Z"},
                               std::pair{"2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"});
    const wall_time begin = at(turn.first);
    const wall_time end = at(turn.second);
    std::filesystem::remove_all(directory);
    clock.step_to(begin);
    start();
    for (wall_time now = begin; now < end; now += 30min) {
        clock.step_to(now);
        CHECK(append(*stream, to_rfc3339(now)));
    }
    CHECK(names().size() == 1);
    clock.step_to(end - 1us);
    CHECK(append(*stream, "last"));
    CHECK(names().size() == 1);
    clock.step_to(end);
    CHECK(append(*stream, "next day"));
    CHECK(names().size() == 2);
}

TEST_CASE_METHOD(journal_fixture,
                 "a closed day's file keeps the time of its last line over a start") {
    clock.step_to(at("2026-11-20T15:00:00.123456Z"));
    CHECK(append(*stream, "a"));
    clock.step_to(at("2026-11-21T15:00:00Z"));
    stream->turn_day();
    const auto shown = stream->segments()[0].changed;
    start();
    CHECK(stream->segments()[0].changed == shown);
    CHECK(shown == at("2026-11-20T15:00:00.123456Z"));
}

TEST_CASE_METHOD(journal_fixture, "lines of a day that is over are synced after its end") {
    CHECK(stream->sync());
    CHECK(append(*stream, "a"));
    clock.step_to(at("2026-11-21T15:00:00Z"));
    CHECK(append(*stream, "b"));
    const int before = disk.syncs;
    CHECK(stream->sync());
    CHECK(disk.syncs == before + 2);
}
