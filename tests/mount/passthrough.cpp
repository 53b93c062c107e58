// Closed logs that the kernel reads by itself, where it can.
#include "mounted_tree.hpp"
#include "support/catch.hpp"

#include <fcntl.h>
#include <iostream>
#include <unistd.h>

using namespace tallyfs;
using namespace tallyfs::test;

TEST_CASE("a closed log reads the same with passthrough and without") {
    if (!can_mount()) return;
    for (const bool wanted : {true, false}) {
        mounted_tree mounted([&](fuse::mount_options& options) { options.passthrough = wanted; });
        const bool active = mounted.mount->passthrough_active();
        std::cout << "passthrough wanted " << wanted << ", active " << active << "\n";
        CHECK((wanted || !active));
        const auto path = mounted.path("logs/yesterday.jsonl");
        for (int round = 0; round < 5; ++round) {
            CHECK((read_through(path, 4096) == numbered_text(300'000)));
        }
        CHECK(stat_size(path) == 300'000);
    }
}

TEST_CASE("many opens of a closed log at the same time are all of one kind") {
    if (!can_mount()) return;
    mounted_tree mounted;
    const auto path = mounted.path("logs/yesterday.jsonl");
    std::atomic<int> failures{0};
    std::vector<std::thread> readers;
    for (int reader = 0; reader < 6; ++reader) {
        readers.emplace_back([&, reader] {
            for (int round = 0; round < 60; ++round) {
                try {
                    const auto buffer = std::size_t{1000} * static_cast<unsigned>(reader + 1);
                    if (read_through(path, buffer) != numbered_text(300'000)) ++failures;
                } catch (const std::system_error&) {
                    ++failures;
                }
            }
        });
    }
    for (auto& reader : readers) reader.join();
    CHECK(failures == 0);
}

TEST_CASE("a log that is open while it is closed can be opened again in its new state") {
    if (!can_mount()) return;
    mounted_tree mounted;
    const auto path = mounted.path("logs/today.jsonl");
    mounted.growing.append("line\n");
    const unique_fd before(::open(path.c_str(), O_RDONLY));
    CHECK(read_rest(before.get()) == "line\n");
    mounted.growing.close();
    const unique_fd after(::open(path.c_str(), O_RDONLY));
    REQUIRE(after);
    CHECK(read_rest(after.get()) == "line\n");
    CHECK(::lseek(before.get(), 0, SEEK_SET) == 0);
    CHECK(read_rest(before.get()) == "line\n");
}
