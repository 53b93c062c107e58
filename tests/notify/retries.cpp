#include "support/catch.hpp"

#include <notify/place.hpp>
#include <notify/retry.hpp>

using namespace tallyfs;
using namespace tallyfs::notify;
using namespace std::chrono_literals;

TEST_CASE("pauses double from a second to five minutes, moved by a quarter at most") {
    CHECK(pause_after(1, 0.5) == 1s);
    CHECK(pause_after(2, 0.5) == 2s);
    CHECK(pause_after(5, 0.5) == 16s);
    CHECK(pause_after(50, 0.5) == 5min);
    CHECK(pause_after(50, 1) == 5min);
    CHECK(pause_after(4000000000U, 0) == 225s);
    CHECK(pause_after(3, 0) == 3s);
    CHECK(pause_after(3, 1) == 5s);
    CHECK(pause_after(1, 0) == 1s);
}

TEST_CASE("Retry-After is seconds or a date, and an hour at most") {
    const wall_time now{std::chrono::sys_days(std::chrono::year(2026) / 11 / 20)};
    CHECK(parse_retry_after("7", now) == 7s);
    CHECK(parse_retry_after("0", now) == 0s);
    CHECK(parse_retry_after("-5", now) == 0s);
    CHECK(parse_retry_after("99999", now) == 1h);
    CHECK(parse_retry_after("99999999999999999999999", now) == 1h);
    CHECK(parse_retry_after("Fri, 20 Nov 2026 00:00:30 GMT", now) == 30s);
    CHECK(parse_retry_after("Thu, 19 Nov 2026 00:00:30 GMT", now) == 0s);
    for (const char* wrong : {"", "soon", "7 s", "7.5", "Fri, 20 Nov 2026"}) {
        CHECK_FALSE(parse_retry_after(wrong, now));
    }
}

TEST_CASE("only what no second attempt can change is refused for good") {
    for (const int status : {200, 202, 204}) {
        CHECK(judge_status(status) == verdict_on_status::delivered);
    }
    for (const int status : {0, 301, 308, 408, 429, 500, 503}) {
        CHECK(judge_status(status) == verdict_on_status::again);
    }
    for (const int status : {400, 401, 403, 404, 410, 413}) {
        CHECK(judge_status(status) == verdict_on_status::refused);
    }
}

TEST_CASE("a place is read back as it was written, and nothing else is one") {
    const place p{{{*day::parse("2026-11-20"), 2}, 12345}, 17};
    CHECK(to_text(p) == "2026-11-20.2.jsonl 12345 17\n");
    CHECK(parse_place(to_text(p)) == p);
    for (const char* wrong :
         {"", "\n", "2026-11-20.jsonl 1 2", "2026-11-20.jsonl 1\n", "2026-11-20.jsonl -1 2\n",
          "2026-11-20.jsonl 1 2\n3\n", "x 1 2\n", "2026-11-20.jsonl 1 99999999999999999999\n"}) {
        CHECK_FALSE(parse_place(wrong));
    }
}
