#include "trail/followed.hpp"

#include <tallyfs/base/file.hpp>

#include <fcntl.h>

using namespace tallyfs;
using namespace tallyfs::test;
using namespace std::chrono_literals;

namespace fs = std::filesystem;

TEST_CASE("a log file is read as it grows") {
    followed log;
    append(log.path("log.csv"), "one\n");
    log.begin("log.csv");
    CHECK(log.now() == "one\n");
    CHECK(log.now().empty());
    append(log.path("log.csv"), "tw");
    CHECK(log.now() == "tw");
    append(log.path("log.csv"), "o\n");
    CHECK(log.source->bytes_behind() == 0);
    CHECK(log.now() == "o\n");
    CHECK(log.source->problem().empty());
}

TEST_CASE("a piece says of which file it is and where another one begins") {
    followed log;
    append(log.path("log.csv"), "one\n");
    log.begin("log.csv");
    auto got = log.source->next();
    CHECK(got->file == "log.csv");
    CHECK(got->begins_file);
    append(log.path("log.csv"), "two\n");
    CHECK_FALSE(log.source->next()->begins_file);
    rotate_by_rename(log.path("log.csv"));
    append(log.path("log.csv"), "three\n");
    log.clock.advance(2s);
    got = log.source->next();
    for (int i = 0; i < 3 && got->bytes.empty(); ++i) {
        log.clock.advance(2s);
        got = log.source->next();
    }
    CHECK(got->bytes == "three\n");
    CHECK(got->begins_file);
    const auto place = log.source->place(2);
    log.begin("log.csv", place);
    got = log.source->next();
    CHECK(got->bytes == "e\n");
    CHECK_FALSE(got->begins_file);
}

TEST_CASE("the old file is read to its end before the next one, and once more after it was left") {
    followed log;
    append(log.path("log.csv"), "one\n");
    log.begin("log.csv");
    CHECK(log.now() == "one\n");
    rotate_by_rename(log.path("log.csv"));
    append(log.path("log.csv"), "new 1\n");
    log.clock.advance(1s);
    CHECK(log.now().empty());  // its writer may not have gone over yet
    append(log.path("log.csv.1"), "old 2\n");
    CHECK(log.now() == "old 2\n");
    log.clock.advance(1s);
    append(log.path("log.csv.1"), "old 3\n");
    CHECK(log.later() == "old 3\nnew 1\n");
    append(log.path("log.csv.1"), "old 4\n");
    append(log.path("log.csv"), "new 2\n");
    CHECK(log.later() == "new 2\nold 4\n");
    append(log.path("log.csv"), "new 3\n");
    CHECK(log.later() == "new 3\n");
    CHECK(log.source->problem().empty());
}

TEST_CASE("files named by date follow each other, in a directory and by a pattern") {
    const std::string pattern = GENERATE("", "postgresql-*.csv");
    followed log;
    append(log.path("postgresql-2026-11-20_000000.csv"), "one\n");
    append(log.path("postgresql-2026-11-20_000000.log"), "text\n");
    append(log.path("postgresql-2026-11-20_000000.json"), "{}\n");
    log.begin(pattern);
    CHECK(log.now() == "one\n");
    append(log.path("postgresql-2026-11-21_000000.csv"), "three\n");
    append(log.path("postgresql-2026-11-22_000000.csv"), "four\n");
    append(log.path("postgresql-2026-11-20_000000.csv"), "two\n");
    append(log.path("postgresql-2026-11-19_000000.csv.gz"), "packed\n");
    append(log.path("postgresql-2026-11-20_000000.json"), "{}\n");
    CHECK(log.later() == "two\nthree\nfour\n");
    append(log.path("postgresql-2026-11-22_000000.csv"), "five\n");
    CHECK(log.now() == "five\n");
}

TEST_CASE("of a directory one family is followed: csv before json before text") {
    followed log;
    append(log.path("a.log"), "text\n");
    append(log.path("a.json"), "{}\n");
    append(log.path("notes.txt"), "other\n");
    log.begin("", "", true);
    CHECK(log.later() == "{}\n");
    append(log.path("a.csv"), "late\n");
    CHECK(log.later().empty());
    log.begin("", log.source->place(0));
    append(log.path("a.json"), "more\n");
    CHECK(log.later() == "more\n");
}

TEST_CASE("reading begins with the newest file, or with the oldest if that is asked for") {
    const bool oldest = GENERATE(false, true);
    followed log;
    append(log.path("log.csv.2"), "one\n");
    append(log.path("log.csv.1"), "two\n");
    append(log.path("log.csv"), "three\n");
    log.begin("log.csv", "", oldest);
    CHECK(log.later() == (oldest ? "one\ntwo\nthree\n" : "three\n"));
}

TEST_CASE("copytruncate loses nothing that was copied") {
    followed log;
    append(log.path("log.csv"), "one\n");
    log.begin("log.csv");
    CHECK(log.now() == "one\n");
    append(log.path("log.csv"), "two\n");
    rotate_by_copy(log.path("log.csv"));
    append(log.path("log.csv"), "three which is longer than what was there before\n");
    CHECK(log.later() == "two\nthree which is longer than what was there before\n");
    CHECK(log.source->problem().empty());
}

TEST_CASE("a copy that is there before the file is emptied is not read twice") {
    followed log;
    append(log.path("log.csv"), "one\n");
    log.begin("log.csv");
    CHECK(log.now() == "one\n");
    fs::copy_file(log.path("log.csv"), log.path("log.csv.1"));
    CHECK(log.later().empty());
    fs::resize_file(log.path("log.csv"), 0);
    CHECK(log.later().empty());
    append(log.path("log.csv"), "two\n");
    CHECK(log.later() == "two\n");
}

TEST_CASE("a file that is emptied and has no copy is said once, and read from its beginning") {
    followed log;
    append(log.path("log.csv"), "one\n");
    log.begin("log.csv");
    CHECK(log.now() == "one\n");
    fs::resize_file(log.path("log.csv"), 0);
    append(log.path("log.csv"), "1\n");
    CHECK(log.now() == "1\n");
    CHECK(log.complains("log.csv was emptied"));
    log.clock.advance(2min);
    CHECK(log.source->problem().empty());
}

TEST_CASE("a file of last week that is emptied and written again is read again") {
    followed log;
    append(log.path("postgresql-Mon.csv"), "monday\n");
    log.begin("");
    CHECK(log.now() == "monday\n");
    append(log.path("postgresql-Tue.csv"), "tuesday\n");
    CHECK(log.later() == "tuesday\n");
    fs::resize_file(log.path("postgresql-Mon.csv"), 0);
    append(log.path("postgresql-Mon.csv"), "the monday after\n");
    CHECK(log.later() == "the monday after\n");
}

TEST_CASE("a deleted file is read on while it is written") {
    followed log;
    const unique_fd writer(::open(log.path("log.csv").c_str(), O_WRONLY | O_CREAT, 0600));
    REQUIRE(write_all(writer.get(), "one\n").has_value());
    log.begin("log.csv");
    CHECK(log.now() == "one\n");
    fs::remove(log.path("log.csv"));
    REQUIRE(write_all(writer.get(), "two\n").has_value());
    CHECK(log.later() == "two\n");
    CHECK(log.complains("no file is there"));
    REQUIRE(write_all(writer.get(), "three\n").has_value());
    append(log.path("log.csv"), "four\n");
    CHECK(log.later() == "three\nfour\n");
    CHECK(log.source->problem().empty());
}

TEST_CASE("files that wait to be read are kept when they are deleted") {
    followed log;
    append(log.path("log.csv"), "one\n");
    log.begin("log.csv");
    CHECK(log.now() == "one\n");
    rotate_by_rename(log.path("log.csv"));
    append(log.path("log.csv"), "two\n");
    rotate_by_rename(log.path("log.csv"));
    append(log.path("log.csv"), "three\n");
    append(log.path("log.csv.2"), "still one\n");
    log.clock.advance(1s);
    CHECK(log.now() == "still one\n");
    fs::remove(log.path("log.csv.1"));
    CHECK(log.later() == "two\nthree\n");
}
