#include "journal_fixture.hpp"

#include <ctime>
#include <thread>

using namespace tallyfs;
using namespace tallyfs::test;

TEST_CASE_METHOD(journal_fixture,
                 "a reader follows over appends, turns of the day, seals and starts") {
    strings seen;
    journal::position at_stop;
    const auto follow = [&](journal::reader& reader) {
        for (auto& line : read_lines(reader)) seen.push_back(std::move(line));
    };
    {
        journal::reader reader(*stream);
        follow(reader);
        CHECK(append(*stream, "1"));
        follow(reader);
        CHECK(append(*stream, "2"));
        clock.step_to(at("2026-11-21T11:00:00Z"));
        CHECK(append(*stream, "3"));
        follow(reader);
        disk.sync_error = EIO;
        CHECK_FALSE(stream->sync());
        disk.sync_error = 0;
        CHECK(append(*stream, "4"));
        follow(reader);
        CHECK(reader.at() == stream->end());
        at_stop = reader.at();
    }
    CHECK(append(*stream, "5"));
    clock.step_to(at("2026-11-25T11:00:00Z"));
    start();
    journal::reader reader(*stream, at_stop);
    CHECK(append(*stream, "6"));
    follow(reader);
    CHECK(seen == strings{"1", "2", "3", "4", "5", "6"});
}

TEST_CASE_METHOD(journal_fixture,
                 "a reader at the end stands where the stream does, also after an empty day") {
    CHECK(append(*stream, "a"));
    journal::reader reader(*stream);
    CHECK(read_lines(reader) == strings{"a"});
    clock.step_to(at("2026-11-21T11:00:00Z"));
    stream->turn_day();
    CHECK(read_lines(reader).empty());
    CHECK(reader.at() == stream->end());
    CHECK(reader.bytes_behind() == 0);
}

TEST_CASE_METHOD(journal_fixture, "batches are whole lines of about the size asked for") {
    strings expected;
    for (int i = 0; i < 500; ++i) {
        expected.push_back(std::string(static_cast<std::size_t>(i), 'x') + std::to_string(i));
        CHECK(append(*stream, expected.back()));
    }
    journal::reader reader(*stream);
    CHECK(reader.bytes_behind() == stream->end().offset);
    const auto first = reader.next(1);
    REQUIRE(first);
    CHECK(first->text.size() <= 16 * 1024);
    CHECK(first->text.ends_with('\n'));
    CHECK(reader.at().offset == first->text.size());
    CHECK(reader.bytes_behind() == stream->end().offset - first->text.size());
    journal::reader again(*stream);
    CHECK(read_lines(again, 1) == expected);
}

TEST_CASE_METHOD(journal_fixture, "a segment deleted under the reader is passed over") {
    CHECK(append(*stream, "1"));
    clock.step_to(at("2026-11-21T11:00:00Z"));
    CHECK(append(*stream, "2"));
    clock.step_to(at("2026-11-22T11:00:00Z"));
    CHECK(append(*stream, "3"));
    journal::reader reader(*stream);
    const auto first = reader.next();
    REQUIRE(first);
    CHECK(first->text == "1\n");
    std::filesystem::remove(directory / "2026-11-20.jsonl");
    std::filesystem::remove(directory / "2026-11-21.jsonl");
    CHECK(read_lines(reader) == strings{"3"});
    const auto checkpoint = journal::position{{date("2026-11-20"), 1}, 2};
    start();
    journal::reader from_deleted(*stream, checkpoint);
    CHECK(read_lines(from_deleted) == strings{"3"});
}

TEST_CASE_METHOD(journal_fixture,
                 "a position that this journal never had is an error, not a guess") {
    CHECK(append(*stream, "abc"));
    const auto today = stream->end().segment;
    const auto refused = [&](const journal::position& from) {
        journal::reader reader(*stream, from);
        const auto lines = reader.next();
        return !lines &&
               lines.error() == make_error_code(journal::journal_errc::position_unknown) &&
               reader.at() == from;
    };
    CHECK(refused({today, 1}));
    CHECK(refused({today, 100}));
    CHECK(refused({{today.date.next(), 1}, 0}));
    CHECK_FALSE(refused({today, 4}));
}

TEST_CASE_METHOD(journal_fixture, "a reader gets hundreds of megabytes a second") {
    stream.reset();
    const std::string line(499, 'x');
    {
        std::ofstream file(directory / "2026-11-19.jsonl");
        for (int i = 0; i < 100000; ++i) file << line << '\n';
    }
    start();
    journal::reader reader(*stream);
    std::uint64_t bytes = 0;
    const std::clock_t begin = std::clock();
    for (auto lines = reader.next(); lines && !lines->text.empty(); lines = reader.next()) {
        bytes += lines->text.size();
    }
    const double took_seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    CHECK(bytes == 50'000'000);
    // Of processor time, and a tenth of what is usual: the bound finds a mistake, not a slow
    // machine.
    CHECK(static_cast<double>(bytes) > 100e6 * took_seconds);
}

TEST_CASE_METHOD(journal_fixture,
                 "four threads append while a reader follows: all lines, whole, once") {
    constexpr int threads = 4;
    constexpr int lines_each = 3000;
    std::atomic<int> running{threads};
    std::vector<std::thread> writers;
    for (int t = 0; t < threads; ++t) {
        writers.emplace_back([&, t] {
            for (int i = 0; i < lines_each; ++i) {
                const auto text = std::to_string(t) + ' ' + std::to_string(i) + ' ' +
                                  std::string(static_cast<std::size_t>(i % 700), 'x') + '!';
                if (!append(*stream, text)) std::abort();
                if (t == 0 && i == lines_each / 2) clock.step_to(at("2026-11-21T11:00:00Z"));
                if (t == 1 && i % 100 == 0 && !stream->sync()) std::abort();
            }
            --running;
        });
    }
    std::vector<int> next(threads, 0);
    journal::reader reader(*stream);
    bool good = true;
    for (bool last_round = false;;) {
        for (const auto& line : read_lines(reader, 20000)) {
            const auto t = static_cast<std::size_t>(line[0] - '0');
            good = good && line.back() == '!' && std::stoi(line.substr(2)) == next[t]++;
        }
        if (last_round) break;
        last_round = running == 0;
    }
    for (auto& writer : writers) writer.join();
    CHECK(good);
    CHECK(next == std::vector<int>(threads, lines_each));
    CHECK(stream->status().lines_appended == threads * lines_each);
    CHECK(names().size() == 2);
}
