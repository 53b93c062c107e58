#include "journal_fixture.hpp"

#include <tallyfs/base/limits.hpp>

using namespace tallyfs;
using namespace tallyfs::test;

TEST_CASE_METHOD(journal_fixture, "what was appended is read back, in order and unchanged") {
    CHECK(append(*stream, "{\"n\":1}"));
    CHECK(append(*stream, "{\"n\":2}"));
    CHECK(append(*stream, "{\"text\":\"\xc3\xa4\"}"));
    CHECK(read_lines(*stream) == strings{"{\"n\":1}", "{\"n\":2}", "{\"text\":\"\xc3\xa4\"}"});
    CHECK(content_of(directory / "2026-11-20.jsonl") ==
          "{\"n\":1}\n{\"n\":2}\n{\"text\":\"\xc3\xa4\"}\n");
}

TEST_CASE_METHOD(journal_fixture, "append tells where its line begins, and positions ascend") {
    const auto first = append(*stream, "abc");
    const auto second = append(*stream, "defg");
    REQUIRE(first);
    REQUIRE(second);
    CHECK(first->offset == 0);
    CHECK(second->offset == 4);
    CHECK(*first < *second);
    CHECK(*second < stream->end());
    CHECK(stream->end().offset == 9);
}

TEST_CASE_METHOD(journal_fixture, "the line is made with the time of its append") {
    wall_time given{};
    REQUIRE(stream->append([&](std::string& out, wall_time now) {
        given = now;
        out = "x\n";
    }));
    CHECK(given == clock.wall());
    CHECK(stream->segments().back().changed == clock.wall());
}

TEST_CASE_METHOD(journal_fixture, "today's segment exists from the start, without a line") {
    CHECK(std::filesystem::exists(directory / "2026-11-20.jsonl"));
    REQUIRE(stream->segments().size() == 1);
    CHECK(stream->segments()[0].bytes == 0);
    CHECK_FALSE(stream->segments()[0].closed);
}

TEST_CASE_METHOD(journal_fixture, "a line of 16 KiB is the longest there is") {
    CHECK(append(*stream, std::string(limits::line_bytes_max - 1, 'x')));
    const auto refused = append(*stream, std::string(limits::line_bytes_max, 'y'));
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == boost::system::errc::message_size);
    CHECK(append(*stream, "after"));
    CHECK(read_lines(*stream).back() == "after");
    CHECK(stream->status().lines_lost == 1);
    CHECK_FALSE(stream->status().failing);
    CHECK_FALSE(stream->status().last_error.empty());
}

TEST_CASE_METHOD(journal_fixture,
                 "what is not exactly one line is refused and nothing of it kept") {
    for (const std::string text : {"", "no newline", "two\nlines\n", "\n\n"}) {
        const auto refused = stream->append([&](std::string& out, wall_time) { out = text; });
        INFO(text);
        CHECK_FALSE(refused);
    }
    CHECK(stream->end().offset == 0);
    CHECK(stream->status().lines_lost == 4);
}

TEST_CASE_METHOD(journal_fixture,
                 "each append grows the change count and calls the listener once") {
    int heard = 0;
    stream->on_change([&] {
        ++heard;
        CHECK(stream->end().offset > 0);  // without the lock: asking is allowed
    });
    const auto before = stream->change_count();
    CHECK(append(*stream, "a"));
    CHECK(append(*stream, "b"));
    CHECK(stream->change_count() == before + 2);
    CHECK(heard == 2);
    CHECK(stream->status().lines_appended == 2);
}

TEST_CASE_METHOD(journal_fixture, "a restart goes on behind the last line") {
    CHECK(append(*stream, "before"));
    start();
    CHECK(stream->end().offset == 7);
    CHECK(append(*stream, "after"));
    CHECK(read_lines(*stream) == strings{"before", "after"});
    CHECK(stream->status().lines_appended == 1);
}

TEST_CASE_METHOD(journal_fixture, "sync does something only when there is something to sync") {
    CHECK(stream->sync());
    const int syncs = disk.syncs;
    CHECK(stream->sync());
    CHECK(disk.syncs == syncs);
    CHECK(append(*stream, "a"));
    CHECK(append(*stream, "b"));
    CHECK(stream->sync());
    CHECK(disk.syncs == syncs + 1);
}
