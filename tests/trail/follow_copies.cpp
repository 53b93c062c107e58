#include "trail/followed.hpp"

#include <functional>
#include <unistd.h>

using namespace tallyfs;
using namespace tallyfs::test;
using namespace std::chrono_literals;

namespace fs = std::filesystem;

namespace {

/// A clock that does something whenever it is asked for the time: a follower asks between its
/// listing of a directory and what it does with it.
class busy_clock final : public clock_source {
  public:
    explicit busy_clock(const clock_source& of) : of_(of) {}
    [[nodiscard]] wall_time wall() const noexcept override { return of_.wall(); }
    [[nodiscard]] steady_time steady() const noexcept override {
        if (meanwhile) meanwhile();
        return of_.steady();
    }
    std::function<void()> meanwhile;

  private:
    const clock_source& of_;
};

/// A follower of a log that is rotated by copytruncate, and whose copy gets another name whenever
/// it was just listed.
struct shifted {
    followed log;
    busy_clock clock{log.clock};
    fs::path copy;
    int last = 0;

    void begin(const std::string& pattern, const std::string& place = "") {
        log.source = std::make_unique<trail::file_follower>(log.path(pattern), place, false,
                                                            trail::follow_options{&clock, 1s, 1s});
    }
    void shift_from(const std::string& name) {
        copy = log.path(name);
        clock.meanwhile = [this] {
            const auto next = log.path("log.csv." + std::to_string(++last));
            fs::rename(copy, next);
            copy = next;
        };
    }
    void stop() { clock.meanwhile = {}; }
};

void set_time(const fs::path& file, std::chrono::seconds age) {
    fs::last_write_time(file, fs::file_time_type::clock::now() - age);
}

void copy_and_empty(const fs::path& file, const fs::path& copy) {
    fs::copy_file(file, copy);
    fs::resize_file(file, 0);
}

}  // namespace

TEST_CASE("a copy that is renamed between its listing and its comparison is not read again") {
    shifted rotated;
    auto& log = rotated.log;
    append(log.path("log.csv"), "one\n");
    rotated.begin("log.csv");
    CHECK(log.now() == "one\n");
    append(log.path("log.csv"), "two\n");
    copy_and_empty(log.path("log.csv"), log.path("log.csv.0"));
    rotated.shift_from("log.csv.0");
    CHECK(log.now() == "");
    rotated.stop();
    append(log.path("log.csv"), "three\n");
    CHECK(log.later() == "two\nthree\n");
    CHECK(log.source->problem().empty());
}

TEST_CASE("a copy that may be read only later is compared then") {
    if (::geteuid() == 0) {
        // Root may read everything: another user does.
        REQUIRE(::seteuid(65534) == 0);
    }
    {
        followed log;
        append(log.path("log.csv"), "one\n");
        log.begin("log.csv");
        CHECK(log.now() == "one\n");
        fs::copy_file(log.path("log.csv"), log.path("log.csv.1"));
        fs::permissions(log.path("log.csv.1"), fs::perms::none);
        CHECK(log.later().empty());
        CHECK(log.complains("log.csv.1 cannot be read"));
        const bool restarts = GENERATE(false, true);
        if (restarts) log.begin("log.csv", log.source->place(0));
        CHECK(log.later().empty());
        fs::permissions(log.path("log.csv.1"), fs::perms::owner_read);
        CHECK(log.later().empty());
        CHECK(log.source->problem().empty());
    }
    if (::getuid() == 0) REQUIRE(::seteuid(0) == 0);
}

TEST_CASE("a file that may be read only after a restart is read then") {
    if (::geteuid() == 0) REQUIRE(::seteuid(65534) == 0);
    {
        followed log;
        append(log.path("log.csv.1"), "old\n");
        fs::permissions(log.path("log.csv.1"), fs::perms::none);
        set_time(log.path("log.csv.1"), 180s);
        append(log.path("log.csv"), "one\n");
        set_time(log.path("log.csv"), 120s);
        log.begin("log.csv", "", true);
        CHECK(log.later() == "one\n");
        log.begin("log.csv", log.source->place(0));
        CHECK(log.later().empty());
        fs::permissions(log.path("log.csv.1"), fs::perms::owner_read);
        CHECK(log.later() == "old\n");
    }
    if (::getuid() == 0) REQUIRE(::seteuid(0) == 0);
}

TEST_CASE("what was cut off is in a place until its copy was found") {
    shifted rotated;
    auto& log = rotated.log;
    append(log.path("log.csv"), "one\n");
    rotated.begin("log.csv");
    CHECK(log.now() == "one\n");
    append(log.path("log.csv"), "two\n");
    copy_and_empty(log.path("log.csv"), log.path("log.csv.0"));
    append(log.path("log.csv"), "3\n");
    rotated.shift_from("log.csv.0");
    CHECK(log.now() == "");
    rotated.stop();
    const auto place = log.source->place(0);
    rotated.begin("log.csv", place);
    CHECK(log.later() == "two\n3\n");
    CHECK(log.source->problem().empty());
}

TEST_CASE("a restart that does not find a copy knows it when it does") {
    shifted rotated;
    auto& log = rotated.log;
    append(log.path("log.csv"), "one\n");
    rotated.begin("log.csv");
    CHECK(log.now() == "one\n");
    const auto place = log.source->place(0);
    append(log.path("log.csv"), "two\n");
    copy_and_empty(log.path("log.csv"), log.path("put-away"));
    append(log.path("log.csv"), "3\n");
    rotated.begin("log.csv", place);
    CHECK(log.source->next()->bytes == "3\n");
    fs::rename(log.path("put-away"), log.path("log.csv.1"));
    CHECK(log.later() == "two\n");
}

TEST_CASE("what was cut off is remembered while looks do not show everything") {
    shifted rotated;
    auto& log = rotated.log;
    append(log.path("log.csv"), "monday\n");
    append(log.path("tuesday.csv"), "tuesday\n");
    set_time(log.path("log.csv"), 60s);
    rotated.begin("*");
    CHECK(log.now() == "tuesday\n");
    append(log.path("log.csv"), "late\n");
    CHECK(log.later() == "late\n");
    append(log.path("tuesday.csv"), "more\n");
    CHECK(log.later() == "more\n");
    rotated.begin("*", log.source->place(0));
    CHECK(log.now().empty());
    copy_and_empty(log.path("log.csv"), log.path("log.csv.0"));
    rotated.shift_from("log.csv.0");
    for (int i = 0; i < 10; ++i) CHECK(log.later().empty());
    rotated.stop();
    CHECK(log.later().empty());
}

TEST_CASE("a copy that stands there when reading begins is one, however old it is") {
    const bool restarts = GENERATE(false, true);
    followed log;
    std::string rest;
    for (std::uint64_t i = 0; rest.size() < trail::log_source::piece_bytes_max * 3 / 2; ++i)
        rest += numbered_line(i);
    append(log.path("log.csv"), "one\n");
    log.begin("log.csv");
    CHECK(log.now() == "one\n");
    append(log.path("log.csv"), rest);
    fs::copy_file(log.path("log.csv"), log.path("log.csv.1"));
    set_time(log.path("log.csv.1"), 60s);
    log.begin("log.csv", restarts ? log.source->place(0) : "");
    std::string text(log.source->next()->bytes);
    CHECK(text.size() == trail::log_source::piece_bytes_max);
    fs::resize_file(log.path("log.csv"), 0);
    text += log.later();
    CHECK(difference(text, restarts ? rest : "one\n" + rest) == "");
    CHECK(log.source->problem().empty());
}

TEST_CASE("what is written between copying and emptying is read once") {
    const bool restarts = GENERATE(false, true);
    followed log;
    // After a restart it is known by its head, which must not have grown since it was copied.
    const std::string line = restarts ? std::string(trail::head_bytes_max, 'x') + "\n" : "one\n";
    append(log.path("log.csv"), line);
    log.begin("log.csv");
    CHECK(log.now() == line);
    append(log.path("log.csv"), "two\n");
    fs::copy_file(log.path("log.csv"), log.path("log.csv.1"));
    append(log.path("log.csv"), "three\n");
    CHECK(log.later() == "two\nthree\n");
    const auto place = log.source->place(0);
    fs::resize_file(log.path("log.csv"), 0);
    if (restarts) log.begin("log.csv", place);
    append(log.path("log.csv"), "4\n");
    CHECK(log.later() == "4\n");
    CHECK(log.later().empty());
}

TEST_CASE("copies whose date or number is before the ending are known") {
    const std::string copy = GENERATE("log-20261120.csv", "log.1.csv", "log-2026-11-20-13.csv");
    const std::string pattern = GENERATE("", "*.csv");
    const bool restarts = GENERATE(false, true);
    CAPTURE(copy, pattern, restarts);
    followed log;
    append(log.path("log.csv"), "one\n");
    log.begin(pattern);
    CHECK(log.now() == "one\n");
    const auto place = log.source->place(0);
    append(log.path("log.csv"), "two\n");
    copy_and_empty(log.path("log.csv"), log.path(copy));
    if (restarts) log.begin(pattern, place);
    append(log.path("log.csv"), "3\n");
    CHECK(log.later() == "two\n3\n");
    CHECK(log.source->problem().empty());
}
