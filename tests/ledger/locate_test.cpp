#include "ledger/lines.hpp"

#include <support/catch.hpp>
#include <support/temporary_directory.hpp>

namespace {

using namespace tallyfs;
using namespace std::chrono_literals;
using test::date_of;

struct located {
    uuid id;
    journal::position begin;
};

/// Calls of two days and three segments; every 40th runs for hours, so that ids overlap.
std::vector<located> overlapping_calls(test::line_journal& lines) {
    test::random_calls random(21);
    std::vector<located> calls;
    for (int i = 0; i < 2'400; ++i) {
        const day date = date_of(i < 1'600 ? "2026-11-20" : "2026-11-21");
        const unsigned part = i >= 900 && i < 1'600 ? 2 : 1;
        const wall_time now = date_of("2026-11-20").date() + 36s * i;
        auto call = random.make(now);
        call.id = uuid::make(now - (i % 40 == 0 ? 5h : 3s));
        // A name that a caller chose must not be taken for an id.
        if (i > 0) call.service = "\"id\":\"" + calls.back().id.to_string() + "\"";
        calls.push_back({call.id, lines.append({date, part}, call)});
        if (i % 100 == 7) lines.append_text({date, part}, "torn " + call.id.to_string() + "\n");
    }
    return calls;
}

void check_all(const ledger::ledger& ledger, const std::vector<located>& calls,
               const test::line_journal& lines, const std::filesystem::path& directory) {
    for (const auto& [id, begin] : calls) {
        const auto place = ledger.locate(id, directory).value();
        REQUIRE(place);
        REQUIRE(place->segment == begin.segment);
        REQUIRE(place->offset == begin.offset);
        const auto& text = lines.segments().at(begin.segment);
        REQUIRE(place->bytes == text.find('\n', begin.offset) + 1 - begin.offset);
    }
}

TEST_CASE("every id is found at its line, across segments and under calls that overlap") {
    const std::size_t batch_bytes = GENERATE(std::size_t{1}, std::size_t{60'000});
    const test::temporary_directory directory;
    const auto file = directory.path() / "ledger.sqlite";
    test::line_journal lines;
    const auto calls = overlapping_calls(lines);
    lines.write_files(directory.path());
    {
        ledger::ledger ledger(file);
        lines.apply_rest(ledger, batch_bytes, 1'000);
    }
    ledger::ledger ledger(file);
    lines.apply_rest(ledger, batch_bytes);
    check_all(ledger, calls, lines, directory.path());
    CHECK_FALSE(ledger.locate(uuid{}, directory.path()).value());
    auto unknown = calls[1'000].id;
    unknown.bytes[15] ^= 1;
    CHECK_FALSE(ledger.locate(unknown, directory.path()).value());
}

TEST_CASE("an id whose segment has been deleted or cut is not found, without an error") {
    const test::temporary_directory directory;
    test::line_journal lines;
    const auto calls = overlapping_calls(lines);
    lines.write_files(directory.path());
    ledger::ledger ledger(directory.path() / "ledger.sqlite");
    lines.apply_rest(ledger, 100'000);
    std::filesystem::remove(directory.path() / "2026-11-20.jsonl");
    std::filesystem::resize_file(directory.path() / "2026-11-20.2.jsonl", 10);
    CHECK_FALSE(ledger.locate(calls.at(3).id, directory.path()).value());
    CHECK_FALSE(ledger.locate(calls.at(1'000).id, directory.path()).value());
    CHECK(ledger.locate(calls.at(2'000).id, directory.path()).value());
}

}  // namespace
