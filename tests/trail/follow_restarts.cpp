#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/temporary_directory.hpp"
#include "trail/follow_files.hpp"
#include "trail/log_writer.hpp"

#include <atomic>
#include <random>
#include <thread>
#include <unistd.h>

using namespace tallyfs;
using namespace tallyfs::trail;
using namespace tallyfs::test;
using namespace std::chrono_literals;

namespace {

namespace fs = std::filesystem;

wall_time real_now() {
    return std::chrono::time_point_cast<std::chrono::microseconds>(
        std::chrono::system_clock::now());
}

/// What reads entries: the last line waits for the next one, as text entries do.
class line_reader {
  public:
    void take(const piece& got) { pending_ += got.bytes; }
    void keep_whole(std::size_t lines_held) {
        std::vector<std::size_t> ends;
        for (std::size_t at = 0; at < pending_.size(); ++at)
            if (pending_[at] == '\n') ends.push_back(at + 1);
        if (ends.size() <= lines_held) return;
        const auto end = ends[ends.size() - 1 - lines_held];
        whole_.append(pending_, 0, end);
        pending_.erase(0, end);
    }
    void restart() { pending_.clear(); }
    [[nodiscard]] std::size_t pending() const { return pending_.size(); }
    [[nodiscard]] std::string all() const { return whole_ + pending_; }

  private:
    std::string whole_;
    std::string pending_;
};

/// A log that is rotated in one way, and its reader that is killed now and then.
class rotation_game {
  public:
    explicit rotation_game(unsigned seed) : random_(seed), mode_(seed % 3) { open_next_file(); }

    void play(int steps) {
        begin("");
        for (int i = 0; i < steps; ++i) step();
        for (int i = 0; i < 80; ++i) read(2s);
    }
    [[nodiscard]] const std::string& written() const { return written_; }
    [[nodiscard]] std::string was_read() const { return reader_.all(); }

  private:
    [[nodiscard]] fs::path current() const {
        if (mode_ != 2) return folder_.path() / "log.csv";
        return folder_.path() / ("postgresql-" + std::to_string(1000 + day_) + ".csv");
    }
    void open_next_file() {
        append(current(), "");
        write_line();
    }
    void write_line() {
        const auto line = numbered_line(++lines_);
        append(current(), line);
        written_ += line;
    }
    void rotate() {
        if (mode_ == 0) rotate_by_rename(current());
        if (mode_ == 1) rotate_by_copy(current());
        if (mode_ == 2) ++day_;
        open_next_file();
    }
    void begin(const std::string& place) {
        const auto pattern = mode_ == 2 ? folder_.path() : folder_.path() / "log.csv";
        source_ = std::make_unique<file_follower>(pattern, place, true,
                                                  follow_options{&clock_, 100ms, 100ms});
    }
    void read(std::chrono::milliseconds passed) {
        clock_.advance(passed);
        const auto got = source_->next();
        REQUIRE(got.has_value());
        reader_.take(*got);
        reader_.keep_whole(random_() % 4);
    }
    void step() {
        switch (random_() % 8) {
            case 0:
                return rotate();
            case 1:
            case 2: {
                const auto place = source_->place(reader_.pending());
                // Nobody reads for a while.
                for (auto i = random_() % 4; i > 0; --i)
                    random_() % 2 == 0 ? write_line() : rotate();
                if (random_() % 2 == 0) return;
                reader_.restart();
                return begin(place);
            }
            case 3:
                return read(std::chrono::milliseconds(random_() % 300));
            case 4:
                return read(0ms);
            default:
                return write_line();
        }
    }

    temporary_directory folder_;
    std::mt19937 random_;
    unsigned mode_;
    manual_clock clock_{real_now()};
    std::unique_ptr<file_follower> source_;
    line_reader reader_;
    std::string written_;
    std::uint64_t lines_ = 0;
    int day_ = 0;
};

}  // namespace

TEST_CASE("through rotations and restarts every line is read once and in order") {
    for (unsigned seed = 0; seed < 200; ++seed) {
        rotation_game game(seed);
        game.play(80);
        CAPTURE(seed);
        CHECK(difference(game.was_read(), game.written()) == "");
    }
}

TEST_CASE("a file is found again under its new name, and all that was written meanwhile is read") {
    const bool is_put_away = GENERATE(false, true);
    CAPTURE(is_put_away);
    const temporary_directory folder;
    const auto log = folder.path() / "log.csv";
    append(log, "one\ntwo\n");
    file_follower first(log, "", false);
    CHECK(first.next()->bytes == "one\ntwo\n");
    const auto place = first.place(4);
    append(log, "three\n");
    // A name that is not followed is found as well.
    if (is_put_away) fs::rename(log, folder.path() / "put-away");
    rotate_by_rename(log);
    append(log, "four\n");
    rotate_by_rename(log);
    append(log, "five\n");
    file_follower second(log, place, false, {&system_clock_source(), 0ms, 0ms});
    std::string text;
    for (int i = 0; i < 10; ++i) text += second.next()->bytes;
    CHECK(text == "two\nthree\nfour\nfive\n");
    CHECK(second.problem().empty());
}

TEST_CASE("a file that is gone is named, and reading goes on with the oldest that is newer") {
    const temporary_directory folder;
    const auto log = folder.path() / "log.csv";
    append(log, "one\n");
    file_follower first(log, "", false);
    CHECK(first.next()->bytes == "one\n");
    const auto place = first.place(0);
    fs::remove(log);
    append(folder.path() / "log.csv.1", "two\n");
    append(log, "three\n");
    file_follower second(log, place, false, {&system_clock_source(), 0ms, 0ms});
    std::string text;
    for (int i = 0; i < 10; ++i) text += second.next()->bytes;
    CHECK(text == "two\nthree\n");
    CHECK(second.problem().find("is not there any more") != std::string::npos);
}

TEST_CASE("another file that has the inode of the old one is not taken for it") {
    const temporary_directory folder;
    const auto log = folder.path() / "log.csv";
    append(log, "one and some more\n");
    file_follower first(log, "", false);
    CHECK(first.next()->bytes.size() == 18);
    const auto place = first.place(0);
    // The same inode, as a file system gives it away again, and longer than before.
    fs::resize_file(log, 0);
    append(log, "another file with more bytes than the other\n");
    file_follower second(log, place, false, {&system_clock_source(), 0ms, 0ms});
    std::string text;
    for (int i = 0; i < 10; ++i) text += second.next()->bytes;
    CHECK(text == "another file with more bytes than the other\n");
}

TEST_CASE("a place goes back over the beginning of a file, and is bounded") {
    const temporary_directory folder;
    for (int i = 0; i < 200; ++i)
        append(folder.path() / ("log-" + std::to_string(1000 + i) + ".csv"), "abc\n");
    file_follower first(folder.path(), "", true, {&system_clock_source(), 0ms, 0ms});
    for (int i = 0; i < 250; ++i) REQUIRE(first.next().has_value());
    CHECK(first.place(1'000'000).size() <= file_place::bytes_max);
    for (const std::size_t pending : {0U, 1U, 4U, 5U, 9U, 100U}) {
        file_follower second(folder.path(), first.place(pending), false,
                             {&system_clock_source(), 0ms, 0ms});
        std::string text;
        for (int i = 0; i < 60; ++i) text += second.next()->bytes;
        CHECK(text.size() == pending);
    }
}

TEST_CASE("a text that is no place is refused") {
    for (const std::string text :
         {"x", "{}", "[]", "{\"v\":2}",
          "{\"v\":1,\"family\":\".txt\",\"listed_ns\":0,\"files\":[]}",
          "{\"v\":1,\"family\":\"\",\"listed_ns\":0,\"files\":[{\"name\":\"../x\",\"device\":1,"
          "\"inode\":1,\"offset\":1,\"modified_ns\":0,\"head_bytes\":0,\"head\":\"\"}]}",
          "{\"v\":1,\"family\":\"\",\"listed_ns\":0,\"files\":[{\"name\":\"x\",\"device\":1,"
          "\"inode\":-1,\"offset\":1,\"modified_ns\":0,\"head_bytes\":0,\"head\":\"\"}]}"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(follow_files("/nowhere", text, false), std::invalid_argument);
        CHECK_THROWS_AS(read_archives("/nowhere", text), std::invalid_argument);
    }
}

TEST_CASE("a writer that rotates while it is followed loses no line") {
    const bool by_copy = GENERATE(false, true);
    CAPTURE(by_copy);
    const temporary_directory folder;
    const auto log = folder.path() / "log.csv";
    append(log, "");
    std::atomic<bool> is_over = false;
    std::string written;
    std::thread writer([&] {
        std::mt19937 random(7);
        for (std::uint64_t i = 1; i <= 4'000; ++i) {
            const auto line = numbered_line(i);
            append(log, line);
            written += line;
            if (random() % 40 == 0) by_copy ? rotate_by_copy(log) : rotate_by_rename(log);
            if (random() % 4 == 0) ::usleep(200);
        }
        is_over = true;
    });
    auto source = std::make_unique<file_follower>(
        log, "", true, follow_options{&system_clock_source(), 1ms, 20ms});
    line_reader reader;
    std::mt19937 random(8);
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    for (int silent = 0; silent < 100 && std::chrono::steady_clock::now() < deadline;) {
        const auto got = source->next();
        REQUIRE(got.has_value());
        reader.take(*got);
        reader.keep_whole(random() % 3);
        silent = got->bytes.empty() && is_over ? silent + 1 : 0;
        if (got->bytes.empty()) ::usleep(1'000);
        if (random() % 50 != 0) continue;
        const auto place = source->place(reader.pending());
        reader.restart();
        source = std::make_unique<file_follower>(log, place, true,
                                                 follow_options{&system_clock_source(), 1ms, 20ms});
    }
    writer.join();
    CHECK(difference(reader.all(), written) == "");
}
