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

// Run by hand: test_mount "[.speed]". Only shown, since other work on the machine decides.
TEST_CASE("reading a closed log of 200 MB", "[.speed]") {
    if (!can_mount()) return;
    for (const bool wanted : {true, false}) {
        mounted_tree mounted([&](fuse::mount_options& options) { options.passthrough = wanted; });
        const auto& source = mounted.closed.path();
        REQUIRE(run_command("for i in $(seq 700); do cat " + source.string() + "; done > " +
                            (mounted.directory.path() / "big").string())
                    .exit_code == 0);
        std::filesystem::rename(mounted.directory.path() / "big", source);
        // Another mount shows the file in its new size.
        const auto bytes = std::filesystem::file_size(source);
        auto root = std::make_shared<tree::fixed_directory>();
        root->add("log", [&] {
            return tree::node{tree::log_file{source, [bytes] { return bytes; }, true}, {}};
        });
        fuse::mount_options options;
        options.mountpoint = mounted.directory.path() / "second";
        options.passthrough = wanted;
        std::filesystem::create_directory(options.mountpoint);
        fuse::mount second(options, root, mounted.views);
        const auto shown = (options.mountpoint / "log").string();
        std::cout << "passthrough " << second.passthrough_active() << "\n"
                  << run_command(
                         "for command in 'cat' 'grep -c 999' ; do for round in 1 2 3 4 5; do "
                         "for file in " +
                         source.string() + " " + shown +
                         "; do sync; start=$(date +%s%N); $command $file > /dev/null; "
                         "end=$(date +%s%N); echo \"$command $file "
                         "$(( (end - start) / 1000 )) us\"; done; done; done")
                         .output;
    }
}
