// How fast the mount is. Run by hand: test_mount "[.speed]". Only shown, never judged, since other
// work on the machine decides.
#include "mounted_tree.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <fcntl.h>
#include <iostream>

using namespace tallyfs;
using namespace tallyfs::test;

namespace {

double microseconds_each(int rounds, const std::function<void()>& work) {
    const auto start = std::chrono::steady_clock::now();
    for (int round = 0; round < rounds; ++round) work();
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
    return took.count() / rounds;
}

/// The median of 7 rounds, in milliseconds.
double milliseconds(const std::string& command) {
    std::vector<double> rounds;
    for (int round = 0; round < 7; ++round) {
        rounds.push_back(microseconds_each(1, [&] { run_command(command); }) / 1000);
    }
    std::sort(rounds.begin(), rounds.end());
    return rounds[3];
}

}  // namespace

TEST_CASE("what one call costs", "[.speed]") {
    if (!can_mount()) return;
    mounted_tree mounted;
    mounted.texts->set("text", numbered_text(2000));
    const auto text = mounted.path("texts/text");
    const auto log = mounted.path("logs/today.jsonl");
    const auto show = [](const char* what, double each) {
        std::cout << what << ": " << each << " us\n";
    };
    show("stat of a text, nothing changed",
         microseconds_each(20'000, [&] { static_cast<void>(stat_size(text)); }));
    show("open, read, close of a text",
         microseconds_each(10'000, [&] { static_cast<void>(read_through(text)); }));
    show("stat of a growing log, nothing appended",
         microseconds_each(20'000, [&] { static_cast<void>(stat_size(log)); }));
    show("append without the mount being asked",
         microseconds_each(10'000, [&] { mounted.growing.append("a line\n"); }));
    show("append and stat", microseconds_each(10'000, [&] {
             mounted.growing.append("a line\n");
             static_cast<void>(stat_size(log));
         }));
    unsigned seed = 0;
    show("change, open, read, close of a text", microseconds_each(10'000, [&] {
             mounted.texts->set("text", numbered_text(2000, ++seed));
             static_cast<void>(read_through(text));
         }));
}

TEST_CASE("reading a closed log of 200 MB", "[.speed]") {
    if (!can_mount()) return;
    temporary_directory directory;
    const auto source = (directory.path() / "source").string();
    {
        const auto file = open_file(source, O_WRONLY | O_CREAT).value();
        const auto part = numbered_text(1'000'000);
        for (int number = 0; number < 200; ++number) write_all(file.get(), part).value();
    }
    for (const bool wanted : {true, false}) {
        mounted_tree mounted([&](fuse::mount_options& options) { options.passthrough = wanted; },
                             [&](tree::fixed_directory& root) {
                                 root.add("log", [&] {
                                     return tree::node{
                                         tree::log_file{source, [] { return 200'000'000UL; }, true},
                                         {}};
                                 });
                             });
        const auto shown = mounted.path("log");
        for (const char* command : {"cat ", "grep -c 99999 "}) {
            const auto to = " > " + (directory.path() / "out").string();
            milliseconds("cat " + shown + " > /dev/null");
            const auto behind =
                milliseconds(command + source + (*command == 'c' ? " > /dev/null" : to));
            const auto through =
                milliseconds(command + shown + (*command == 'c' ? " > /dev/null" : to));
            std::cout << "passthrough " << mounted.mount->passthrough_active() << ", warm "
                      << command << ": file " << behind << " ms, mount " << through << " ms\n";
        }
        const std::string drop = "sync; echo 3 > /proc/sys/vm/drop_caches; ";
        const auto behind = milliseconds(drop + "cat " + source + " > /dev/null");
        const auto through = milliseconds(drop + "cat " + shown + " > /dev/null");
        std::cout << "passthrough " << mounted.mount->passthrough_active() << ", cold cat: file "
                  << behind << " ms, mount " << through << " ms\n";
    }
}
