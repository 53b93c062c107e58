// A chain that is tampered with in every way that a text editor allows.
#include "chain_fixture.hpp"

using namespace tallyfs;
using namespace tallyfs::journal;
using namespace tallyfs::test;
using namespace std::chrono_literals;

TEST_CASE(
    "each line of a chain carries the hash of the one before, and the head that of the last") {
    const five_lines c;
    const auto lines = c.read();
    REQUIRE(lines.size() == 5);
    std::string previous(record::no_line_before);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const auto link = record::read_chain_link(lines[i]);
        REQUIRE(link);
        CHECK(link->number == i + 1);
        CHECK(link->previous == previous);
        previous = sha256_hex(lines[i]);
    }
    CHECK(read_chain_head(c.head_file()).value()->to_string() == "5:" + previous);
    const auto report = c.verify();
    CHECK(report.intact());
    CHECK(report.end.lines == 5);
    CHECK(report.lines_after_head == 0);
}

TEST_CASE("a chain goes on after a restart and over midnight, and every line is replayed") {
    five_lines c;
    c.open();
    CHECK(c.links->found().intact());
    CHECK(c.replayed == c.read());
    c.clock.advance(24h);
    c.append("six");
    c.close();
    CHECK(c.read("2026-11-21.jsonl").size() == 1);
    const auto report = c.verify();
    CHECK(report.intact());
    CHECK(report.end.lines == 6);
    CHECK(report.segments == 2);
}

TEST_CASE("a changed line is found at the line behind it") {
    const five_lines c;
    auto lines = c.read();
    lines[2].replace(lines[2].find("three"), 5, "THREE");
    c.write(lines);
    const auto report = c.verify();
    REQUIRE(report.breaks.size() == 1);
    CHECK(report.breaks[0].file == "2026-11-20.jsonl");
    CHECK(report.breaks[0].line == 4);
    CHECK(report.breaks[0].what.find("hash") != std::string::npos);
}

TEST_CASE("a changed last line is found by the head") {
    const five_lines c;
    auto lines = c.read();
    lines[4].replace(lines[4].find("five"), 4, "FIVE");
    c.write(lines);
    CHECK(c.verify().breaks_found == 1);
}

TEST_CASE("a removed line is found, and said which") {
    const five_lines c;
    auto lines = c.read();
    lines.erase(lines.begin() + 1);
    c.write(lines);
    const auto report = c.verify();
    REQUIRE(report.breaks.size() == 1);
    CHECK(report.breaks[0].line == 2);
    CHECK(report.breaks[0].what.find("lines 2 to 2 are missing") != std::string::npos);
}

TEST_CASE("an inserted, a repeated and a moved line are found") {
    const five_lines c;
    const auto original = c.read();
    auto lines = original;
    SECTION("repeated") {
        lines.insert(lines.begin() + 2, lines[1]);
    }
    SECTION("forged to fit the line before it") {
        auto forged = lines[1];
        forged.replace(forged.find("two"), 3, "TWO");
        lines[1] = forged;
        lines.insert(lines.begin() + 2, original[1]);
    }
    SECTION("moved") {
        std::swap(lines[1], lines[3]);
    }
    SECTION("no line of a chain at all") {
        lines.insert(lines.begin() + 2, "{}");
    }
    SECTION("an empty one") {
        lines.insert(lines.begin() + 2, "");
    }
    c.write(lines);
    CHECK_FALSE(c.verify().intact());
}

TEST_CASE("an end that was cut off is found by the head, and stays visible after more lines") {
    five_lines c;
    auto lines = c.read();
    lines.resize(3);
    c.write(lines);
    auto report = c.verify();
    REQUIRE(report.breaks.size() == 1);
    CHECK(report.breaks[0].what.find("cut off") != std::string::npos);
    c.open();
    CHECK_FALSE(c.links->found().intact());
    c.append("six");
    c.close();
    report = c.verify();
    REQUIRE(report.breaks.size() == 1);
    CHECK(report.breaks[0].what.find("lines 4 to 5 are missing") != std::string::npos);
    CHECK(report.end.lines == 6);
}

TEST_CASE("a chain rewritten as a whole is found by a head that was kept elsewhere") {
    five_lines original;
    const auto kept = chain_head::parse("3:" + sha256_hex(original.read()[2])).value();
    CHECK(original.verify({kept}).intact());
    chained forged;
    forged.open();
    for (const char* text : {"one", "two", "forged", "four", "five"}) forged.append(text);
    forged.close();
    CHECK(forged.verify().intact());
    const auto report = forged.verify({kept});
    REQUIRE(report.breaks.size() == 1);
    CHECK(report.breaks[0].what.find("line 3") != std::string::npos);
}

TEST_CASE("a crash between a line and the head leaves an intact chain") {
    five_lines c;
    const auto head = std::ifstream(c.head_file()).good();
    REQUIRE(head);
    const auto before = read_file(c.head_file(), 200).value();
    c.open();
    c.append("six");
    c.close();
    REQUIRE(replace_file(c.head_file(), before));
    const auto report = c.verify();
    CHECK(report.intact());
    CHECK(report.lines_after_head == 1);
    c.open();
    CHECK(c.links->found().intact());
    CHECK(c.links->head().lines == 6);
    c.append("seven");
    CHECK(c.verify().intact());
}

TEST_CASE("a torn last line was never acknowledged, and breaks nothing") {
    five_lines c;
    std::ofstream(c.folder() / "2026-11-20.jsonl", std::ios::app) << R"({"v":1,"time":"2026)";
    c.open();
    CHECK(c.links->found().intact());
    c.append("six");
    CHECK(c.verify().intact());
}

TEST_CASE("a head that is gone or garbage is said, and cannot be had by deleting everything") {
    five_lines c;
    SECTION("gone") {
        std::filesystem::remove(c.head_file());
    }
    SECTION("garbage") {
        std::ofstream(c.head_file()) << "5:xyz\n";
    }
    c.open();
    CHECK_FALSE(c.links->found().intact());
}

TEST_CASE("a line that could not be written is not in the chain") {
    five_lines c;
    c.open();
    c.disk.write_error = ENOSPC;
    CHECK_THROWS(c.append("lost"));
    c.disk.write_error = 0;
    c.append("six");
    CHECK(c.verify().intact());
    CHECK(c.verify().end.lines == 6);
}

TEST_CASE("a line whose sync failed is in the chain, and is told to be unsafe") {
    five_lines c;
    c.open();
    c.disk.sync_error = EIO;
    const auto done = c.links->append(
        [](std::string& out, wall_time now, std::uint64_t number, std::string_view previous) {
            record::append_chain_link(out, {now, number, previous});
            out += "}\n";
        });
    REQUIRE(done);
    CHECK_FALSE(done->durable);
    c.disk.sync_error = 0;
    c.append("seven");
    CHECK(c.verify().intact());
    CHECK(c.verify().end.lines == 7);
}

TEST_CASE("what is no head is not taken for one") {
    const std::string hash(64, 'a');
    CHECK(chain_head::parse("7:" + hash)->lines == 7);
    CHECK(chain_head::parse("7:" + std::string(64, 'A'))->hash == hash);
    for (const auto& text : {std::string(), std::string("7"), "7:" + hash + "a", "x:" + hash,
                             "-7:" + hash, "7 " + hash, "7:" + std::string(64, 'g')}) {
        CAPTURE(text);
        CHECK_FALSE(chain_head::parse(text));
    }
}
