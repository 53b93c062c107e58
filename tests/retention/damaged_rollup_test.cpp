#include "retention/kept_state.hpp"

namespace {

using namespace tallyfs;
using test::date_of;
using test::describe;
using test::sums_in;
namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}
void put(const fs::path& path, const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
}

/// Days 2026-11-20 to 22 are deleted, and the ledger with them.
struct swept_state : test::kept_state {
    swept_state() {
        const auto run = open();
        run->sweeper.sweep();
        REQUIRE(run->sweeper.problem().empty());
        remove_ledger();
        text = content_of(path);
    }
    std::filesystem::path path = home() / "rollups" / "2026-11-21.jsonl";
    std::string text;
};

void check_missing(const swept_state& state, const std::string& where) {
    const auto run = state.open();
    const auto problems = run->rollups.problems();
    REQUIRE(problems.size() == 1);
    CHECK(problems.front().missing);
    CHECK(problems.front().what.find(where) != std::string::npos);
    CHECK(run->ledger.rolled_days() == std::vector{date_of("2026-11-20"), date_of("2026-11-22")});
    CHECK(run->ledger.stamp_of_day(date_of("2026-11-21")).lines == 0);
    run->sweeper.sweep();
    CHECK(run->rollups.problems().size() == 1);
}

TEST_CASE("a damaged rollup without its calls is never a silent wrong sum") {
    const swept_state state;
    const auto last_line = state.text.rfind('\n', state.text.size() - 2) + 1;
    const auto lines = std::ranges::count(state.text, '\n');
    SECTION("without its end") {
        put(state.path, state.text.substr(0, last_line));
        check_missing(state,
                      "2026-11-21.jsonl line " + std::to_string(lines) + ": the end is missing");
    }
    SECTION("cut off") {
        put(state.path, state.text.substr(0, state.text.size() / 2));
        check_missing(state, "cut off");
    }
    SECTION("a line that is not JSON") {
        auto text = state.text;
        text[text.find('\n') + 1] = '[';
        put(state.path, text);
        check_missing(state, "line 2: not JSON");
    }
    SECTION("a figure changed") {
        auto text = state.text;
        const auto at = text.find("\"busy_us\":") + 10;
        text[at] = text[at] == '1' ? '2' : '1';
        put(state.path, text);
        check_missing(state, "are not those that were written");
    }
    SECTION("a line taken out") {
        auto text = state.text;
        const auto second = text.find('\n') + 1;
        text.erase(second, text.find('\n', second) + 1 - second);
        put(state.path, text);
        check_missing(state, "line ");
    }
    SECTION("something behind the end") {
        put(state.path, state.text + state.text);
        check_missing(state, "something stands behind the end");
    }
    SECTION("that of another day") {
        put(state.path, content_of(state.home() / "rollups" / "2026-11-20.jsonl"));
        check_missing(state, "of another day");
    }
    SECTION("empty") {
        put(state.path, "");
        check_missing(state, "the end is missing");
    }
    SECTION("no file") {
        fs::remove(state.path);
        fs::create_directory(state.path);
        check_missing(state, "is no file");
    }
    SECTION("of a later version") {
        auto text = state.text;
        text.replace(text.find("\"v\":1"), 5, "\"v\":2");
        put(state.path, text);
        check_missing(state, "line 1: not of version 1");
    }
}

TEST_CASE("a rollup that is put back is taken, and the ledger made anew for it") {
    const swept_state state;
    const auto aside = state.path.string() + ".aside";
    fs::rename(state.path, aside);
    const auto without = sums_in(describe(state.open()->ledger));
    CHECK(without != state.sums);
    fs::rename(aside, state.path);
    const auto run = state.open();
    CHECK(run->reset == "it does not have " + state.path.string());
    CHECK(sums_in(describe(run->ledger)) == state.sums);
}

TEST_CASE("a damaged rollup is written again while the calls are there") {
    const test::kept_state state;
    fs::create_directory(state.home() / "rollups");
    put(state.home() / "rollups" / "2026-11-20.jsonl", "{\"v\":1,\"day\":\"2026-11-20\"\n");
    const auto run = state.open();
    CHECK(sums_in(describe(run->ledger)) == state.sums);
    run->sweeper.sweep();
    CHECK(run->sweeper.problem().empty());
    CHECK(run->rollups.problems().empty());
    CHECK(run->segments().front() == "2026-11-23.jsonl");
    CHECK(sums_in(describe(run->ledger)) == state.sums);
}

TEST_CASE("names of every kind come back from a rollup as they were") {
    ledger::rollup kept;
    kept.date = date_of("2026-11-20");
    kept.calls = {3, kept.date.date() + std::chrono::hours(1)};
    kept.groups.push_back({{"\"quoted\"\n", "", "mod\xc3\xa9l", "/api/chat"}, 1, 0, {}});
    ledger::sums sums;
    sums.calls = 3;
    sums.busy = record::duration::max();
    sums.prompt_tokens = std::numeric_limits<std::int64_t>::min();
    kept.quarters.push_back({-4, 0, sums});
    ledger::rollup read;
    CHECK(parse_rollup(to_lines(kept).value(), read).empty());
    CHECK(read == kept);
    kept.groups.front().group.service = std::string(20'000, 'x');
    CHECK(to_lines(kept).error() == boost::system::errc::message_size);
    kept.groups.front().group.service = "not UTF-8: \xff";
    const test::temporary_directory directory;
    ledger::rollup_files files(directory.path() / "rollups");
    CHECK(files.write(kept).error() == boost::system::errc::bad_message);
    CHECK(files.days().empty());
}

}  // namespace
