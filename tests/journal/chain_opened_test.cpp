// A chain that is opened after days of it were deleted on purpose, whole or by its end.
#include "chain_fixture.hpp"

using namespace tallyfs;
using namespace tallyfs::journal;
using namespace tallyfs::test;
using namespace std::chrono_literals;

namespace {

TEST_CASE("where all lines were deleted on purpose the chain goes on behind them") {
    five_days c;
    for (int day = 5; day < 8; ++day) {
        c.clock.advance(24h);
        c.lines->turn_day();
    }
    for (int day = 0; day < 5; ++day) c.remove(day);
    CHECK(c.check().intact());
    CHECK(c.check().end == c.bases.back());
    c.open({c.bases, GENERATE(true, false)});
    CHECK(c.links->found().intact());
    c.append("sixteen");
    CHECK(c.links->head().lines == 16);
    CHECK(c.check().intact());
    // Without the record nothing tells that they were not cut off.
    CHECK_FALSE(c.verify().intact());
}

TEST_CASE("a chain that lost days on purpose is opened and goes on") {
    five_days c;
    c.remove(0);
    c.open({c.bases, true});
    CHECK(c.links->found().intact());
    CHECK(c.replayed.size() == 15 - 3);
    c.append("sixteen");
    CHECK(c.check().intact());
    c.open();
    CHECK_FALSE(c.links->found().intact());
}

TEST_CASE("opened by its end, a chain reads no more than it has to, and sees a cut end") {
    five_days c;
    c.replayed.clear();
    c.open({{}, false});
    CHECK(c.replayed.size() == 3);
    CHECK(c.links->found().intact());
    c.append("sixteen");
    CHECK(c.verify().intact());
    c.close();
    SECTION("the head is older") {
        const auto lines = c.read("2026-11-21.jsonl");
        std::ofstream(c.head_file()) << "5:" << sha256_hex(lines[1]) << '\n';
        c.replayed.clear();
        c.open({{}, false});
        CHECK(c.links->found().intact());
        CHECK(c.replayed.size() == 13);
        CHECK(c.links->found().lines_after_head == 11);
    }
    SECTION("the end is cut off") {
        auto lines = c.read("2026-11-24.jsonl");
        lines.pop_back();
        c.write(lines, "2026-11-24.jsonl");
        c.open({{}, false});
        CHECK_FALSE(c.links->found().intact());
        CHECK(c.links->head().lines == 16);
    }
    SECTION("the newest segment is gone") {
        std::filesystem::remove(c.folder() / "2026-11-24.jsonl");
        c.open({{}, false});
        CHECK_FALSE(c.links->found().intact());
    }
    SECTION("its last line was changed") {
        auto lines = c.read("2026-11-24.jsonl");
        lines.back().back() = ' ';
        c.write(lines, "2026-11-24.jsonl");
        c.open({{}, false});
        CHECK_FALSE(c.links->found().intact());
    }
}

}  // namespace
