// Days of a chain that were deleted on purpose, and days that only look like it.
#include "chain_fixture.hpp"

#include <tallyfs/journal/chain_day.hpp>

#include <random>

using namespace tallyfs;
using namespace tallyfs::journal;
using namespace tallyfs::test;
using namespace std::chrono_literals;

namespace {

TEST_CASE("a day of a chain tells its lines and its end") {
    const five_days c;
    const auto found = read_chain_day(c.lines->segments(), five_days::day_of(1)).value();
    CHECK(found.lines == 3);
    CHECK(found.end.lines == 6);
    CHECK(found.end.hash == sha256_hex(c.read("2026-11-21.jsonl").back()));
    CHECK(found.problem.empty());
    const auto none = read_chain_day(c.lines->segments(), date("2026-12-24")).value();
    CHECK(none.lines == 0);
}

TEST_CASE("a day whose chain does not hold says so") {
    five_days c;
    auto lines = c.read("2026-11-21.jsonl");
    SECTION("within it") {
        lines[1].replace(lines[1].find("two"), 3, "TWO");
    }
    SECTION("towards the next one") {
        lines[2].replace(lines[2].find("three"), 5, "THREE");
    }
    SECTION("at its end") {
        lines.pop_back();
    }
    SECTION("everywhere") {
        lines = {"{}", "\x01\x02", std::string(70'000, 'x')};
    }
    c.write(lines, "2026-11-21.jsonl");
    c.open();
    CHECK_FALSE(read_chain_day(c.lines->segments(), five_days::day_of(1)).value().problem.empty());
    CHECK(read_chain_day(c.lines->segments(), five_days::day_of(3)).value().problem.empty());
}

TEST_CASE("days whose deletion was recorded are not missed") {
    five_days c;
    c.remove(0);
    CHECK(c.check().intact());
    CHECK(c.check().deleted_lines == 3);
    c.remove(1);
    const auto report = c.check();
    CHECK(report.intact());
    CHECK(report.end.lines == 15);
    CHECK(report.deleted_lines == 6);
    CHECK(report.segments == 3);
}

TEST_CASE("a deletion that nobody recorded is a break, as one that ends elsewhere") {
    five_days c;
    SECTION("no deletion at all was recorded") {
        c.remove(0);
        c.bases.clear();
    }
    SECTION("one day more is gone") {
        c.remove(0);
        c.remove(1);
        c.bases.pop_back();
    }
    SECTION("a line more is gone") {
        c.remove(0);
        auto lines = c.read("2026-11-21.jsonl");
        lines.erase(lines.begin());
        c.write(lines, "2026-11-21.jsonl");
    }
    SECTION("another line was the last") {
        c.remove(0);
        c.bases[0].hash.front() = c.bases[0].hash.front() == 'a' ? 'b' : 'a';
    }
    SECTION("the first line that is left was changed") {
        c.remove(0);
        auto lines = c.read("2026-11-21.jsonl");
        lines[0].replace(lines[0].find("one"), 3, "ONE");
        c.write(lines, "2026-11-21.jsonl");
    }
    SECTION("two deletions that contradict each other") {
        c.remove(0);
        c.bases.push_back({c.bases[0].lines, std::string(64, 'a')});
    }
    const auto report = c.check();
    CHECK_FALSE(report.intact());
    CHECK_FALSE(report.breaks.empty());
}

TEST_CASE("a day in the middle cannot be deleted unseen, recorded or not") {
    five_days c;
    c.remove(2);
    CHECK_FALSE(c.check().intact());
}

TEST_CASE("a deletion that was recorded and not carried out, or in part, is no break") {
    five_days c;
    c.bases.push_back(c.end_of(0));
    CHECK(c.check().intact());
    CHECK(c.check().deleted_lines == 0);
    auto lines = c.read();
    SECTION("some of its lines are gone") {
        lines.erase(lines.begin(), lines.begin() + 2);
        c.write(lines);
        CHECK(c.check().intact());
        CHECK(c.check().deleted_lines == 2);
    }
    SECTION("one of those that are there was changed") {
        lines[2].replace(lines[2].find("three"), 5, "THREE");
        c.write(lines);
        CHECK_FALSE(c.check().intact());
    }
    SECTION("its last line is gone") {
        lines.pop_back();
        c.write(lines);
        CHECK_FALSE(c.check().intact());
    }
}

TEST_CASE("an end that was cut off before a recorded deletion is seen") {
    five_days c;
    c.bases.push_back(c.end_of(2));
    c.close();
    for (const char* name : {"2026-11-22.jsonl", "2026-11-23.jsonl", "2026-11-24.jsonl"}) {
        std::filesystem::remove(c.folder() / name);
    }
    // Together with the head, as somebody would who has read this.
    std::ofstream(c.head_file()) << "6:" << sha256_hex(c.read("2026-11-21.jsonl").back()) << '\n';
    const auto report = c.check();
    REQUIRE(report.breaks.size() == 1);
    CHECK(report.breaks[0].what.find("cut off") != std::string::npos);
}

TEST_CASE("a head of a line that was deleted proves nothing, and says so") {
    five_days c;
    const auto line = c.read()[1];
    const auto end = c.end_of(0);
    c.remove(0);
    CHECK(c.verify({end}, c.bases).intact());
    const auto report = c.verify({{2, sha256_hex(line)}}, c.bases);
    REQUIRE(report.breaks.size() == 1);
    CHECK(report.breaks[0].what.find("line 2 was deleted") != std::string::npos);
}

TEST_CASE("what an action tells of a deletion is what was written") {
    five_days c;
    record::action action;
    action.event = audit_deleted;
    const auto day_one = read_chain_day(c.lines->segments(), five_days::day_of(0)).value();
    action.detail = deletion_detail(five_days::day_of(0), day_one);
    CHECK(action.detail ==
          R"({"day":"2026-11-20","lines":3,"base":")" + day_one.end.to_string() + R"("})");
    CHECK(base_of(action) == day_one.end);
    action.event = "calls.deleted";
    CHECK_FALSE(base_of(action));
    action.event = audit_deleted;
    for (const char* detail :
         {"{}", R"({"base":null})", R"({"base":7})", R"({"base":"7:x"})", "[]", "{", ""}) {
        action.detail = detail;
        CAPTURE(detail);
        CHECK_FALSE(base_of(action));
    }
    CHECK(deletion_detail(five_days::day_of(0), {}) ==
          R"({"day":"2026-11-20","lines":0,"base":null})");
}

TEST_CASE("random days are deleted and tampered with, and verify knows which is which") {
    std::mt19937 random(GENERATE(1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U));
    five_days c;
    const auto deleted = static_cast<int>(random() % 4);
    for (int day = 0; day < deleted; ++day) c.remove(day);
    REQUIRE(c.check().intact());
    const auto name =
        five_days::day_of(deleted +
                          static_cast<int>(random() % (5 - static_cast<unsigned>(deleted))))
            .to_string() +
        ".jsonl";
    auto lines = c.read(name);
    const auto which = lines.begin() + static_cast<std::ptrdiff_t>(random() % lines.size());
    switch (random() % 5) {
        case 0:
            which->at(which->size() - 4) ^= 1;
            break;
        case 1:
            lines.erase(which);
            break;
        case 2:
            lines.insert(which, *which);
            break;
        case 3:
            which->resize(which->size() / 2);
            break;
        default:
            lines.clear();
            break;
    }
    c.write(lines, name);
    CHECK_FALSE(c.check().intact());
}

}  // namespace
