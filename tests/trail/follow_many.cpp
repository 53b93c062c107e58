#include "trail/followed.hpp"
#include "trail/processor_time.hpp"

using namespace tallyfs;
using namespace tallyfs::test;
using namespace std::chrono_literals;

namespace fs = std::filesystem;

TEST_CASE("a directory of thousands of rotated files is compared without each with each") {
    followed log;
    for (std::uint64_t i = 0; i < 3'000; ++i)
        append(log.path("log.csv." + std::to_string(i)), numbered_line(i));
    log.begin("log.csv", "", true);
    const auto begun = processor_time();
    CHECK(log.source->next().has_value());
    CHECK(processor_time() - begun < 3s * time_factor);
}

TEST_CASE("of more files than are followed the newest are seen, and others do not count") {
    followed log;
    const auto files = trail::log_files::files_max + 5;
    for (std::size_t i = 0; i < files; ++i)
        append(log.path("a" + std::to_string(1'000'000 + i) + ".txt"), "");
    append(log.path("log-0.csv"), "one\n");
    log.begin("");
    CHECK(log.now() == "one\n");
    CHECK(log.source->problem().empty());
    for (std::size_t i = 0; i < files; ++i) {
        const auto name = log.path("log-" + std::to_string(1'000'000 + i) + "x.csv");
        append(name, "");
        fs::last_write_time(name, fs::file_time_type::clock::now() - 1h);
    }
    append(log.path("log-2.csv"), "two\n");
    CHECK(log.later() == "two\n");
    CHECK(log.complains("has more than 10000 logs: the 7 oldest are not seen"));
}
