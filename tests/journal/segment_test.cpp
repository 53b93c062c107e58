#include "journal_fixture.hpp"

#include <tallyfs/journal/segment.hpp>

using namespace tallyfs;
using journal::segment_id;

TEST_CASE("a segment's name tells its day and part, and is read back") {
    const day date = test::date("2026-11-20");
    CHECK(segment_id{date, 1}.file_name() == "2026-11-20.jsonl");
    CHECK(segment_id{date, 2}.file_name() == "2026-11-20.2.jsonl");
    for (const unsigned part : {1U, 2U, 10U, 1000U}) {
        const segment_id id{date, part};
        CHECK(segment_id::parse(id.file_name()) == id);
    }
}

TEST_CASE("names that no segment has are not taken for one") {
    for (const char* name :
         {"", "2026-11-20", "2026-11-20.jsonl.torn", "2026-11-20.1.jsonl", "2026-11-20.02.jsonl",
          "2026-11-20.jsonl.1", "2026-13-20.jsonl", "2026-11-20..jsonl", "2026-11-20.-2.jsonl",
          "2026-11-20.2x.jsonl", "2026-11-20.99999999999.jsonl", "x2026-11-20.jsonl",
          "2026-11-20-2.jsonl", "2026-11-20.1001.jsonl", ".jsonl"}) {
        INFO(name);
        CHECK_FALSE(segment_id::parse(name).has_value());
    }
}

TEST_CASE("parts of a day come before the next day") {
    const day date = test::date("2026-11-20");
    CHECK(segment_id{date, 1} < segment_id{date, 2});
    CHECK(segment_id{date, 10} < segment_id{date.next(), 1});
}
