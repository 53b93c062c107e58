#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

#include <tallyfs/base/file.hpp>
#include <tallyfs/base/uuid.hpp>

#include <fcntl.h>
#include <set>

using namespace tallyfs;

TEST_CASE("ids are unique, ascend with time and carry it") {
    const auto time = *parse_rfc3339("2026-11-20T07:55:04.123Z");
    std::set<uuid> seen;
    uuid last;
    for (int i = 0; i < 2000; ++i) {
        const auto id = uuid::make(time);
        CHECK(id.time() == time);
        CHECK(id > last);
        last = id;
        seen.insert(id);
    }
    CHECK(seen.size() == 2000);
    CHECK(uuid::make(time + std::chrono::milliseconds(1)) > last);
    CHECK(last.to_string()[14] == '7');
}

TEST_CASE("an id is read in either case and nothing else is") {
    const auto id = uuid::make(*parse_rfc3339("2026-11-20T07:55:04Z"));
    auto text = id.to_string();
    CHECK(uuid::parse(text) == id);
    for (auto& c : text) c = static_cast<char>(std::toupper(c));
    CHECK(uuid::parse(text) == id);
    for (const char* bad : {"", "019a9fd3", "019a9fd3-6d5b-7000-8000-00000000000g",
                            "019a9fd36d5b-7000-8000-0000000000001-"}) {
        CHECK_FALSE(uuid::parse(bad));
    }
}

TEST_CASE("a file is replaced whole, and read up to its limit") {
    const test::temporary_directory directory;
    const auto path = directory.path() / "file";
    REQUIRE(replace_file(path, "one"));
    REQUIRE(replace_file(path, "two and more"));
    CHECK(read_file(path, 12).value() == "two and more");
    CHECK(read_file(path, 11).error() == boost::system::errc::message_size);
    CHECK(read_file(directory.path() / "none", 1).error() ==
          boost::system::errc::no_such_file_or_directory);
    CHECK(read_file("/proc/self/status", 1 << 20).value().starts_with("Name:"));
    auto file = open_file(path, O_RDONLY);
    REQUIRE(file);
    CHECK(read_at(file->get(), 4, 100).value() == "and more");
}
