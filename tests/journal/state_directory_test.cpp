#include "journal_fixture.hpp"

#include <tallyfs/journal/state_directory.hpp>

#include <sys/stat.h>
#include <sys/wait.h>

using namespace tallyfs;
using namespace tallyfs::test;
using journal::state_directory;

namespace {

std::string refusal(const std::filesystem::path& path) {
    try {
        const state_directory second(path);
    } catch (const startup_error& error) {
        CHECK(error.exit_code() == 1);
        return error.what();
    }
    return "";
}

::mode_t mode_of(const std::filesystem::path& path) {
    struct ::stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 0777U;
}

}  // namespace

TEST_CASE("the state directory is made with all levels, for its owner alone") {
    const temporary_directory home;
    const auto path = home.path() / "a" / "b" / "state";
    const state_directory state(path);
    CHECK(mode_of(home.path() / "a") == 0700);
    CHECK(mode_of(path) == 0700);
    CHECK(content_of(path / "FORMAT") == "1\n");
    CHECK(content_of(path / "lock") == std::to_string(::getpid()) + "\n");
}

TEST_CASE("a second process is told who holds the state directory and what to do") {
    const temporary_directory home;
    int to_parent[2];
    int to_child[2];
    REQUIRE(::pipe(to_parent) == 0);
    REQUIRE(::pipe(to_child) == 0);
    const ::pid_t child = ::fork();
    if (child == 0) {
        char byte = 'r';
        ::close(to_child[1]);
        const state_directory state(home.path());
        const bool told = ::write(to_parent[1], &byte, 1) == 1;
        ::_exit(told && ::read(to_child[0], &byte, 1) == 0 ? 0 : 1);
    }
    ::close(to_parent[1]);
    ::close(to_child[0]);
    char byte = 0;
    REQUIRE(::read(to_parent[0], &byte, 1) == 1);
    const std::string message = refusal(home.path());
    CHECK(message.find("process " + std::to_string(child)) != std::string::npos);
    CHECK(message.find("--state") != std::string::npos);
    ::close(to_child[1]);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    CHECK(refusal(home.path()).empty());
    ::close(to_parent[0]);
}

TEST_CASE("a newer format is refused with advice, a damaged one as unknown") {
    const temporary_directory home;
    std::ofstream(home.path() / "FORMAT") << "2\n";
    CHECK(refusal(home.path()).find("newer tallyfs") != std::string::npos);
    for (const char* content : {"", "one\n", "1.5\n", "0\n", "-1\n"}) {
        std::ofstream(home.path() / "FORMAT") << content;
        INFO(content);
        CHECK_FALSE(refusal(home.path()).empty());
    }
    std::ofstream(home.path() / "FORMAT") << "1\n";
    CHECK(refusal(home.path()).empty());
}

TEST_CASE("a state directory that is a file is refused") {
    const temporary_directory home;
    std::ofstream(home.path() / "file") << "x";
    CHECK(refusal(home.path() / "file").find("not a directory") != std::string::npos);
    CHECK(refusal(home.path() / "file" / "state").find("cannot create") != std::string::npos);
}

TEST_CASE("the key of prompt hashes is random, private, and the same at every start") {
    const temporary_directory home;
    const state_directory state(home.path());
    const auto key = state.prompt_hash_key();
    CHECK(key.size() == 32);
    CHECK(state.prompt_hash_key() == key);
    CHECK(mode_of(home.path() / "prompt-hash.key") == 0600);
    const state_directory other(home.path() / "other");
    CHECK(other.prompt_hash_key() != key);
    std::ofstream(home.path() / "prompt-hash.key") << "short";
    CHECK_THROWS_AS(state.prompt_hash_key(), startup_error);
}

TEST_CASE("the zone of days is remembered until another one is configured") {
    const temporary_directory home;
    zone::use("Europe/Berlin");
    const state_directory state(home.path());
    CHECK(state.day_zone("") == "Europe/Berlin");
    zone::use("UTC");
    CHECK(state.day_zone("") == "Europe/Berlin");
    CHECK(state.day_zone("Asia/Tokyo") == "Asia/Tokyo");
    CHECK(state.day_zone("") == "Asia/Tokyo");
    zone::use("Europe/Berlin");
}
