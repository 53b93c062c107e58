#include "trail/followed.hpp"

#include <tallyfs/base/file.hpp>

#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

using namespace tallyfs;
using namespace tallyfs::test;
using namespace std::chrono_literals;

namespace fs = std::filesystem;

TEST_CASE("what is no ordinary file is never opened") {
    followed log;
    const unique_fd secret(::open(log.path("secret").c_str(), O_WRONLY | O_CREAT, 0600));
    fs::create_symlink(log.path("secret"), log.path("a.csv"));
    REQUIRE(::mkfifo(log.path("b.csv").c_str(), 0600) == 0);
    fs::create_directory(log.path("c.csv"));
    REQUIRE(::mknod(log.path("d.csv").c_str(), S_IFSOCK | 0600, 0) == 0);
    REQUIRE(write_all(secret.get(), "secret\n").has_value());
    log.begin("*.csv", "", true);
    CHECK(log.later().empty());
    CHECK(log.complains("no file is there"));
    log.begin("a.csv");
    CHECK(log.later().empty());
    CHECK(log.complains("is a link"));
    log.begin("b.csv");
    CHECK(log.later().empty());
    CHECK(log.complains("no file"));
    append(log.path("e.csv"), "one\n");
    log.begin("e.csv");
    CHECK(log.now() == "one\n");
    fs::rename(log.path("e.csv"), log.path("e.csv.1"));
    fs::create_symlink(log.path("secret"), log.path("e.csv"));
    CHECK(log.later().empty());
    CHECK(log.complains("is a link"));
}

TEST_CASE("a directory that is not there yet is waited for") {
    followed log;
    log.begin("logs/log.csv");
    CHECK(log.later().empty());
    CHECK(log.complains("cannot be listed"));
    CHECK(log.source->place(0).empty());
    fs::create_directory(log.path("logs"));
    CHECK(log.later().empty());
    CHECK(log.complains("no file is there"));
    append(log.path("logs/log.csv"), "one\n");
    CHECK(log.later() == "one\n");
    CHECK(log.source->problem().empty());
}

TEST_CASE("what must not be read is said with what mends it, and holds nothing else up") {
    if (::geteuid() == 0) {
        // Root may read everything: another user does.
        REQUIRE(::seteuid(65534) == 0);
    }
    {
        followed log;
        append(log.path("a.csv"), "one\n");
        fs::permissions(log.path("a.csv"), fs::perms::none);
        append(log.path("b.csv"), "two\n");
        log.begin("", "", true);
        CHECK(log.later() == "two\n");
        CHECK(log.complains("a.csv cannot be read"));
        CHECK(log.complains("log_file_mode = 0640"));
        fs::permissions(log.path("a.csv"), fs::perms::owner_read);
        CHECK(log.later() == "one\n");
        CHECK(log.source->problem().empty());
        fs::permissions(log.path("b.csv"), fs::perms::group_read);
        log.begin("b.csv");
        CHECK(log.later().empty());
        CHECK(log.complains("usermod -aG"));
        fs::permissions(log.folder.path(), fs::perms::none);
        log.clock.advance(2s);
        log.now();
        CHECK(log.complains("cannot be listed"));
        fs::permissions(log.folder.path(), fs::perms::owner_all);
    }
    if (::getuid() == 0) REQUIRE(::seteuid(0) == 0);
}

TEST_CASE("a follower looks at the directory once a second at most") {
    followed log;
    append(log.path("log.csv"), "one\n");
    log.begin("log.csv");
    CHECK(log.now() == "one\n");
    CHECK(log.later().empty());
    fs::remove(log.path("log.csv"));
    for (int i = 0; i < 50; ++i) CHECK(log.now().empty());
    CHECK(log.source->problem().empty());
    log.clock.advance(1100ms);
    CHECK(log.now().empty());
    CHECK(log.complains("no file is there"));
}
