#include "trail/read_archives.hpp"

#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/temporary_directory.hpp"
#include "trail/gzip_bytes.hpp"
#include "trail/log_writer.hpp"
#include "trail/processor_time.hpp"

#include <sys/resource.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <random>

using namespace tallyfs;
using namespace tallyfs::trail;
using namespace tallyfs::test;
using namespace std::chrono_literals;

namespace {

namespace fs = std::filesystem;

struct archives {
    temporary_directory folder;
    manual_clock clock{
        std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now())};
    std::unique_ptr<archive_reader> source;
    bool is_over = false;

    [[nodiscard]] fs::path path(const std::string& name) const { return folder.path() / name; }
    /// `age` in hours.
    void add(const std::string& name, const std::string& bytes, int age) const {
        append(path(name), bytes);
        const auto time = std::chrono::duration_cast<std::chrono::seconds>(
            (clock.wall() - age * 1h).time_since_epoch());
        const std::array<::timespec, 2> times{{{time.count(), 0}, {time.count(), 0}}};
        REQUIRE(::utimensat(AT_FDCWD, path(name).c_str(), times.data(), 0) == 0);
    }
    void begin(const std::string& pattern, const std::string& place = "") {
        source = std::make_unique<archive_reader>(path(pattern), place, clock);
    }
    std::string rest() {
        std::string text;
        is_over = false;
        for (int i = 0; i < 400 && !is_over; ++i) {
            const auto got = source->next();
            REQUIRE(got.has_value());
            text += got->bytes;
            is_over = got->is_over;
            if (got->bytes.empty()) clock.advance(1100ms);
        }
        return text;
    }
};

std::string lines(std::uint64_t from, std::uint64_t to) {
    std::string text;
    for (auto i = from; i < to; ++i) text += numbered_line(i);
    return text;
}

}  // namespace

TEST_CASE("archives are read once each, the oldest first, packed or not") {
    archives old;
    old.add("log.csv.1", "three\n", 1);
    old.add("log.csv.3.gz", gzip_bytes("one\n"), 3);
    old.add("log.csv.2.gz", gzip_bytes("two ") + gzip_bytes("members\n"), 2);
    old.add("log.csv.4.zst", "other", 4);
    old.begin("log.csv.*");
    CHECK(old.rest() == "one\ntwo members\nthree\n");
    CHECK(old.is_over);
    CHECK(old.source->problem().empty());
    const auto place = old.source->place(0);
    old.begin("log.csv.*", place);
    CHECK(old.rest().empty());
    CHECK(old.is_over);
    // Rotated on, and one more.
    fs::rename(old.path("log.csv.3.gz"), old.path("log.csv.5.gz"));
    fs::rename(old.path("log.csv.2.gz"), old.path("log.csv.3.gz"));
    old.add("log.csv.2.gz", gzip_bytes("four\n"), 0);
    old.clock.advance(1min);
    old.begin("log.csv.*", place);
    CHECK(old.rest() == "four\n");
    CHECK(old.is_over);
}

TEST_CASE("an archive that is still written is left until it is whole") {
    archives old;
    old.add("a.csv", "one\n", 1);
    append(old.path("b.csv"), "tw");
    old.begin("*.csv");
    CHECK(old.source->next()->bytes == "one\n");
    CHECK_FALSE(old.source->next()->is_over);
    old.clock.advance(1100ms);
    append(old.path("b.csv"), "o\n");
    CHECK(old.source->next()->bytes.empty());
    CHECK_FALSE(old.source->next()->is_over);
    CHECK(old.rest() == "two\n");
    CHECK(old.is_over);
}

TEST_CASE("of a packed archive that is cut off or damaged what is whole is read, and it is said") {
    archives old;
    std::string text = lines(0, 20'000);
    auto packed = gzip_bytes(text);
    old.add("a.gz", packed.substr(0, packed.size() / 2), 3);
    packed[packed.size() / 2] = static_cast<char>(packed[packed.size() / 2] ^ 0x55);
    old.add("b.gz", packed, 2);
    old.add("c.gz", gzip_bytes("last\n") + "rubbish", 1);
    old.begin("*.gz");
    std::string first;
    while (old.source->problem().empty()) {
        const auto got = old.source->next();
        if (got->file == "a.gz") first += got->bytes;
    }
    CHECK(first.size() > text.size() / 4);
    CHECK(text.starts_with(first));
    CHECK(old.source->problem().find("a.gz is cut off") != std::string::npos);
    CHECK(old.rest().ends_with("last\n"));
    CHECK(old.is_over);
    CHECK(old.source->problem().find("c.gz") != std::string::npos);
}

TEST_CASE("a small archive that holds a great deal takes little memory") {
    archives old;
    std::string bomb;
    const auto member = gzip_bytes(std::string(64 << 20, 'x'), 9);
    for (int i = 0; i < 8; ++i) bomb += member;
    old.add("a.gz", bomb, 1);
    old.begin("a.gz");
    ::rusage before{};
    ::getrusage(RUSAGE_SELF, &before);
    std::uint64_t bytes = 0;
    for (bool is_over = false; !is_over;) {
        const auto got = old.source->next();
        REQUIRE(got.has_value());
        bytes += got->bytes.size();
        is_over = got->is_over;
        if (got->bytes.empty()) old.clock.advance(1100ms);
    }
    ::rusage after{};
    ::getrusage(RUSAGE_SELF, &after);
    CHECK(bytes == std::uint64_t{8} * (64 << 20));
    CHECK(after.ru_maxrss - before.ru_maxrss < 64 * 1024);
}

TEST_CASE("archives go on at any place, and every byte comes once") {
    archives old;
    const auto text = lines(0, 60'000);
    const auto part = text.size() / 4;
    old.add("log.4.gz", gzip_bytes(text.substr(0, part)), 4);
    old.add("log.3", text.substr(part, part), 3);
    old.add("log.2.gz", gzip_bytes(text.substr(2 * part, part)), 2);
    old.add("log.1.gz", gzip_bytes(text.substr(3 * part)), 1);
    for (unsigned seed = 0; seed < 40; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        old.begin("log.*");
        std::string whole;
        std::string pending;
        for (int i = 0; i < 500; ++i) {
            const auto got = old.source->next();
            pending += got->bytes;
            if (got->is_over) break;
            if (got->bytes.empty()) old.clock.advance(1100ms);
            const auto kept = random() % (pending.size() + 1);
            if (random() % 3 != 0) {
                whole.append(pending, 0, kept);
                pending.erase(0, kept);
            }
            if (random() % 3 != 0) continue;
            const auto place = old.source->place(pending.size());
            pending.clear();
            old.begin("log.*", place);
        }
        CHECK(difference(whole + pending, text).empty());
    }
}

TEST_CASE("a look at many archives that were read does not compare each with each") {
    archives old;
    archive_place place;
    const auto time = std::chrono::floor<std::chrono::seconds>(old.clock.wall() - 1h);
    for (int i = 0; i < 1'000; ++i) {
        old.add("log.csv." + std::to_string(i), "x", 1);
        const auto modified = std::chrono::nanoseconds(time.time_since_epoch()).count();
        place.done.push_back({"log.csv." + std::to_string(i), 1, modified});
    }
    old.begin("log.csv.*", to_json(place));
    const auto begun = processor_time();
    CHECK(old.source->next()->is_over);
    CHECK(processor_time() - begun < 1s * time_factor);
}

TEST_CASE("looks at archives take a fiftieth of the time at most") {
    /// Time passes while it is asked for.
    class slow_clock final : public clock_source {
      public:
        explicit slow_clock(manual_clock& of) : of_(of) {}
        [[nodiscard]] wall_time wall() const noexcept override { return of_.wall(); }
        [[nodiscard]] steady_time steady() const noexcept override {
            of_.advance(100ms);
            return of_.steady();
        }

      private:
        manual_clock& of_;
    };
    archives old;
    const slow_clock slow(old.clock);
    archive_reader source(old.path("*.csv"), "", slow);
    CHECK(source.next()->bytes.empty());
    old.add("a.csv", "one\n", 1);
    old.clock.advance(4s);
    CHECK(source.next()->bytes.empty());
    old.clock.advance(1s);
    CHECK(source.next()->bytes == "one\n");
}

TEST_CASE("where no archive is, that is said, and nothing will come") {
    archives old;
    old.begin("*.gz");
    CHECK(old.rest().empty());
    CHECK(old.is_over);
    CHECK(old.source->problem().find("no file is there") != std::string::npos);
    old.begin("none/*.gz");
    CHECK(old.rest().empty());
    CHECK_FALSE(old.is_over);
}
