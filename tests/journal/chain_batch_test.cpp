// Many lines appended together: the same chain as one by one, whatever fails in between.
#include "chain_fixture.hpp"

#include <tallyfs/base/limits.hpp>

#include <random>

using namespace tallyfs;
using namespace tallyfs::journal;
using namespace tallyfs::test;
using namespace std::chrono_literals;

namespace {

strings numbered_texts(std::size_t count, std::size_t bytes = 20) {
    strings texts;
    for (std::size_t i = 0; i < count; ++i) {
        texts.push_back(std::to_string(i) + std::string(bytes, 'x'));
    }
    return texts;
}

/// What batch_line says of each line is what stands there.
void check_places(const chained& c, std::uint64_t first) {
    for (std::size_t i = 0; i < c.appended.size(); ++i) {
        const auto& [number, at, bytes] = c.appended[i];
        const auto text = content_of(c.folder() / at.segment.file_name()).substr(at.offset, bytes);
        REQUIRE(!text.empty());
        CHECK(text.back() == '\n');
        CHECK(text.find('\n') == bytes - 1);
        CHECK(record::read_chain_link(text)->number == number);
        CHECK(number == first + i);
    }
}

TEST_CASE("lines appended together are the chain that they are one by one") {
    chained together;
    chained single;
    together.open();
    single.open();
    const auto texts = numbered_texts(1000, 700);
    CHECK(together.append_all(texts).value() == 1000);
    for (const auto& text : texts) single.append(text);
    CHECK(together.read() == single.read());
    CHECK(together.links->head() == single.links->head());
    CHECK(together.appended.size() == 1000);
    check_places(together, 1);
    CHECK(together.verify().intact());
    CHECK(together.verify().lines_after_head == 0);
    CHECK(together.disk.syncs == 1);
}

TEST_CASE("without a sync the head waits for one, and is never that of lines behind it") {
    chained c;
    c.open();
    REQUIRE(c.append_all({"one", "two"}, false));
    CHECK(c.disk.syncs == 0);
    CHECK(read_chain_head(c.head_file()).value()->lines == 0);
    CHECK(c.verify().lines_after_head == 2);
    REQUIRE(c.links->sync());
    CHECK(c.disk.syncs == 1);
    CHECK(read_chain_head(c.head_file()).value() == c.links->head());
    c.disk.sync_error = EIO;
    REQUIRE(c.append_all({"three"}, false));
    CHECK_FALSE(c.links->sync());
    CHECK(read_chain_head(c.head_file()).value()->lines == 2);
    c.disk.sync_error = 0;
    REQUIRE(c.links->sync());
    CHECK(read_chain_head(c.head_file()).value()->lines == 3);
    CHECK(c.verify().intact());
}

TEST_CASE("a head is not written again where nothing was appended") {
    chained c;
    c.open();
    REQUIRE(c.append_all({"one"}));
    std::filesystem::remove(c.head_file());
    REQUIRE(c.links->sync());
    CHECK_FALSE(std::filesystem::exists(c.head_file()));
}

TEST_CASE("a short write keeps the lines that are whole, and the chain goes on behind them") {
    chained c;
    c.open();
    c.append("before");
    const auto texts = numbered_texts(10, 100);
    const int bytes = GENERATE(0, 1, 150, 231, 500, 1900);
    CAPTURE(bytes);
    c.disk.write_bytes_max = bytes;
    const auto failed = c.append_all(texts);
    REQUIRE_FALSE(failed);
    CHECK(failed.error() == boost::system::errc::no_space_on_device);
    CHECK(c.appended.size() < texts.size());
    CHECK(c.links->head().lines == 1 + c.appended.size());
    CHECK(c.read().size() == 1 + c.appended.size());
    CHECK(content_of(c.folder() / "2026-11-20.jsonl").ends_with("\n"));
    CHECK(c.lines->status().lines_lost == 0);
    CHECK(c.lines->status().failing);
    check_places(c, 2);
    c.disk.write_bytes_max = -1;
    REQUIRE(c.append_all(
        {texts.begin() + static_cast<std::ptrdiff_t>(c.appended.size()), texts.end()}));
    CHECK_FALSE(c.lines->status().failing);
    CHECK(c.read().size() == 11);
    CHECK(c.verify().intact());
}

TEST_CASE("where a short write cannot be cut back, whole lines count and the next part goes on") {
    struct breaks_once final : file_operations {
        int left = 1;
        ::ssize_t write(int fd, const void* data, std::size_t bytes) override {
            return file_operations::write(fd, data, left > 0 ? 400 : bytes);
        }
        int ftruncate(int, ::off_t) override {
            --left;
            errno = EIO;
            return -1;
        }
    } broken;
    chained c;
    c.lines.emplace(c.folder(), c.clock, &broken);
    c.links.emplace(*c.lines, c.head_file());
    REQUIRE(c.append_all(numbered_texts(10, 100)));
    CHECK(c.appended.front().at.segment.part == 1);
    CHECK(c.appended.back().at.segment.part == 2);
    check_places(c, 1);
    CHECK(c.verify().intact());
    CHECK(c.verify().end.lines == 10);
    c.open();
    CHECK(c.links->found().intact());
    CHECK(c.replayed.size() == 10);
}

TEST_CASE("a line that is too long ends a batch, and those before it stay") {
    chained c;
    c.open();
    auto texts = numbered_texts(5);
    texts[3] = std::string(limits::line_bytes_max, 'x');
    const auto failed = c.append_all(texts);
    REQUIRE_FALSE(failed);
    CHECK(failed.error() == boost::system::errc::message_size);
    CHECK(c.appended.size() == 3);
    CHECK(c.lines->status().lines_lost == 1);
    CHECK_FALSE(c.lines->status().failing);
    c.append("next");
    CHECK(c.verify().intact());
    CHECK(c.verify().end.lines == 4);
}

TEST_CASE("an exception of who writes a line leaves the lines before it, and no gap") {
    chained c;
    c.open();
    const auto write = [](std::size_t i, std::string& out, wall_time now, std::uint64_t number,
                          std::string_view previous) {
        if (i == 700) throw std::length_error("no line");
        record::append_chain_link(out, {now, number, previous});
        out += ",\"text\":\"" + std::string(1000, 'x') + "\"}\n";
    };
    CHECK_THROWS_AS(c.links->append_all(1000, write, c.appended), std::length_error);
    CHECK(c.links->head().lines == c.read().size());
    CHECK(c.appended.size() == c.read().size());
    c.append("next");
    CHECK(c.verify().intact());
}

TEST_CASE("a batch over midnight stands in the days in which its lines were appended") {
    chained c("2026-11-20T22:59:59Z");
    zone::use("Europe/Berlin");
    c.open();
    const auto write = [&](std::size_t, std::string& out, wall_time now, std::uint64_t number,
                           std::string_view previous) {
        c.clock.advance(1ms);
        record::append_chain_link(out, {now, number, previous});
        out += ",\"text\":\"" + std::string(1000, 'x') + "\"}\n";
    };
    REQUIRE(c.links->append_all(2000, write, c.appended));
    CHECK(c.appended.front().at.segment.date == date("2026-11-20"));
    CHECK(c.appended.back().at.segment.date == date("2026-11-21"));
    for (const auto& line : c.read("2026-11-21.jsonl")) {
        REQUIRE(record::read_chain_link(line)->time >= at("2026-11-20T23:00:00Z"));
    }
    check_places(c, 1);
    CHECK(c.verify().intact());
}

TEST_CASE("random batches, restarts, full disks and torn tails leave an intact chain") {
    std::mt19937 random(GENERATE(1U, 2U, 3U));
    chained c;
    std::uint64_t lines = 0;
    c.open();
    for (int step = 0; step < 200; ++step) {
        const auto count = random() % 60;
        const bool full = random() % 8 == 0;
        if (full) c.disk.write_bytes_max = static_cast<int>(random() % 9000);
        const auto done = c.append_all(numbered_texts(count, random() % 400), random() % 2 == 0);
        CHECK((done || full));
        lines += c.appended.size();
        check_places(c, lines + 1 - c.appended.size());
        c.disk.write_bytes_max = -1;
        if (random() % 5 == 0) c.clock.advance(std::chrono::hours(random() % 30));
        if (random() % 10 > 0) continue;
        c.close();
        const auto newest = newest_segment(c.folder());
        if (random() % 2 == 0) std::ofstream(newest, std::ios::app) << R"({"v":1,"time":")";
        c.replayed.clear();
        c.open();
        CHECK(c.links->found().intact());
        CHECK(c.replayed.size() == lines);
    }
    CHECK(c.verify().intact());
    CHECK(c.verify().end.lines == lines);
}

}  // namespace
