#include "support/catch.hpp"

#include <tallyfs/base/readable.hpp>

using namespace tallyfs;
using namespace std::chrono_literals;

TEST_CASE("counts are grouped, or shortened to three digits") {
    CHECK(grouped(0) == "0");
    CHECK(grouped(1284) == "1,284");
    CHECK(grouped(-1234567) == "-1,234,567");
    CHECK(short_count(999) == "999");
    CHECK(short_count(1000) == "1.0k");
    CHECK(short_count(31'790) == "31.8k");
    CHECK(short_count(412'000) == "412k");
    CHECK(short_count(999'600) == "1.0M");
    CHECK(short_count(3'400'000'000) == "3.4G");
    CHECK(bytes_text(812) == "812 B");
    CHECK(bytes_text(9'000'000'000) == "9.0 GB");
}

TEST_CASE("times are as exact as a person wants them") {
    CHECK(seconds_text(0us) == "0");
    CHECK(seconds_text(340ms) == "0.34");
    CHECK(seconds_text(4100ms) == "4.1");
    CHECK(seconds_text(1392s) == "1,392");
    CHECK(duration_text(340ms) == "340 ms");
    CHECK(duration_text(4100ms) == "4.1 s");
    CHECK(duration_text(170s) == "170 s");
    CHECK(duration_text(58min) == "58 min");
    CHECK(duration_text(135min) == "2 h 15 min");
    CHECK(duration_text(72h) == "3 days");
}

TEST_CASE("a column has its width, whatever the name") {
    CHECK(column("abc", 5) == "abc  ");
    CHECK(column("abcdef", 5) == "abcd~");
    CHECK(column("gr\xc3\xbc\xc3\x9f", 5) == "gr?? ");
    CHECK(column("a\nb\x1b[31m", 8) == "a?b?[31m");
    CHECK(percent_text(1, 3) == "33.3%");
    CHECK(percent_text(1, 0) == "-");
    CHECK(counted(1, "call") == "1 call");
    CHECK(counted(1284, "call") == "1,284 calls");
}
