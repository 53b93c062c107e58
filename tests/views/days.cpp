#include "support/catch.hpp"
#include "views/world.hpp"

using namespace tallyfs;
using namespace std::chrono_literals;
using test::some_call;

TEST_CASE("midnight closes a day, and nothing changes it afterwards") {
    zone::use("Europe/Berlin");
    test::world w("2026-11-20T22:30:00Z");  // 23:30 in Berlin
    w.append(some_call("n8n", "qwen3:14b"));
    CHECK(w.read("usage/day/2026-11-20.txt")
              .starts_with("Usage  Fri 2026-11-20 00:00-23:30 CET, day still open\n"));
    CHECK(w.read("calls/today.jsonl") == "day/2026-11-20.jsonl");

    w.clock.advance(1h);  // 00:30 on the 21st
    w.append(some_call("n8n", "qwen3:14b"));
    CHECK(w.read("usage/today.txt") == "day/2026-11-21.txt");
    CHECK(w.read("calls/today.jsonl") == "day/2026-11-21.jsonl");
    const auto closed = w.read("usage/day/2026-11-20.txt");
    const auto lines = w.read("calls/day/2026-11-20.jsonl");
    CHECK(closed.starts_with("Usage  Fri 2026-11-20, whole day\n"));
    CHECK(std::ranges::count(lines, '\n') == 1);
    const auto node = w.find("usage/day/2026-11-20.txt").value();

    w.clock.step_to(w.clock.wall() - 2h);  // back into the 20th
    w.append(some_call("n8n", "qwen3:14b"));
    CHECK(w.read("usage/day/2026-11-20.txt") == closed);
    CHECK(w.read("calls/day/2026-11-20.jsonl") == lines);
    CHECK(std::ranges::count(w.read("calls/day/2026-11-21.jsonl"), '\n') == 2);
    const auto after = w.find("usage/day/2026-11-20.txt").value();
    CHECK(after.changed == node.changed);
    CHECK(std::get<tree::text_file>(after.content).version ==
          std::get<tree::text_file>(node.content).version);
    CHECK(w.read("usage/total.txt").find("TOTAL                                    3 ") !=
          std::string::npos);
}

TEST_CASE("today's files exist from midnight, also without a call") {
    zone::use("UTC");
    test::world w("2026-11-20T23:59:59Z");
    w.append(some_call("n8n", "qwen3:14b"));
    w.clock.advance(2s);
    // The live tick turns the day: at most a second of real time away.
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (w.read("calls/today.jsonl") != "day/2026-11-21.jsonl") {
        REQUIRE(std::chrono::steady_clock::now() < deadline);
    }
    CHECK(w.read("calls/day/2026-11-21.jsonl").empty());
    CHECK(w.read("usage/day/2026-11-21.csv").starts_with("quarter_hour_utc,service,"));
    CHECK(w.read("usage/day/2026-11-21.txt").find("curl http://127.0.0.1:11433/api/") !=
          std::string::npos);
    CHECK(w.names("calls/day") == std::vector<std::string>{"2026-11-20.jsonl", "2026-11-21.jsonl"});
}

TEST_CASE("an unchanged file keeps its version, a changed one does not") {
    zone::use("UTC");
    test::world w("2026-11-20T12:00:00Z");
    w.append(some_call("a", "m"));
    w.append(some_call("b", "m"));
    const auto version = [&](const char* path) {
        return std::get<tree::text_file>(w.find(path).value().content).version;
    };
    const auto of_a = version("usage/services/a/total.json");
    const auto of_b = version("usage/services/b/total.json");
    w.clock.advance(1s);
    w.append(some_call("b", "m"));
    CHECK(version("usage/services/a/total.json") == of_a);
    CHECK(version("usage/services/b/total.json") != of_b);
}
