#include "support/catch.hpp"
#include "views/figures_text.hpp"
#include "views/world.hpp"

#include <sstream>

using namespace tallyfs;
using namespace std::chrono_literals;
using test::some_call;

namespace {

/// At most 80 columns of printable ASCII, no trailing blanks.
void check_screen(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        INFO(line);
        CHECK(line.size() <= 80);
        CHECK_FALSE(line.ends_with(' '));
        CHECK(std::ranges::all_of(line, [](char c) { return c >= ' ' && c < 0x7f; }));
    }
    CHECK(text.ends_with('\n'));
}

}  // namespace

TEST_CASE("the usage screen puts the busiest first and fits 80 columns") {
    zone::use("UTC");
    test::world w("2026-11-20T08:55:00Z");
    auto slow = some_call("n8n", "qwen2.5:14b");
    slow.task = "email-triage";
    slow.eval_ms = 1391s;
    auto hostile = some_call(std::string(200, 'x') + "\n\xc3\xbc", "hf.co/" + std::string(90, 'y'));
    hostile.outcome = record::outcome::upstream_error;
    auto cold = some_call("agent", "qwen3:14b");
    cold.cold_start = true;
    cold.load_ms = 4s;
    cold.evicted_model = "qwen2.5:14b";
    for (const auto& c : {some_call("web", "qwen3:14b"), slow, hostile, cold}) w.append(c);
    const auto text = w.read("usage/day/2026-11-20.txt");
    check_screen(text);
    std::istringstream lines(text);
    std::string line;
    for (int i = 0; i < 4; ++i) std::getline(lines, line);
    CHECK(line ==
          "n8n/email-triage   qwen2.5:14b           1    0      100       10   1,392  99.3%");
    CHECK(text.find("TOTAL                                    4    1      400       40") !=
          std::string::npos);
    CHECK(text.find("Cold starts  1, 4.0 s waited: agent 1") != std::string::npos);
    CHECK(text.find("Swaps        1, 1 of them qwen2.5:14b <-> qwen3:14b") != std::string::npos);
}

TEST_CASE("a day's swaps stay in its file, however many come after it") {
    zone::use("UTC");
    test::world w("2026-11-20T08:55:00Z");
    auto cold = some_call("agent", "qwen3:14b");
    cold.cold_start = true;
    cold.evicted_model = "qwen2.5:14b";
    w.append(cold);
    const std::string line = "Swaps        1, 1 of them qwen2.5:14b <-> qwen3:14b";
    const auto shows_it = [&](const std::string& path) {
        return w.read(path).find(line) != std::string::npos;
    };
    CHECK(shows_it("usage/day/2026-11-20.txt"));
    w.clock.advance(24h);
    cold.service = "web";
    cold.evicted_model = "gemma3:12b";
    for (int i = 0; i < 10'100; ++i) w.append(cold);
    CHECK(shows_it("usage/day/2026-11-20.txt"));
    CHECK(shows_it("usage/services/agent/total.txt"));
    CHECK(w.read("usage/total.txt").find("Swaps        10,101, 10,100 of them gemma3:12b") !=
          std::string::npos);
}

TEST_CASE("the status screen fits 80 columns and says what needs a person") {
    zone::use("UTC");
    test::world w("2026-11-20T08:55:00Z");
    check_screen(w.read("status.txt"));
    auto status = std::make_shared<state::upstream_status>();
    status->address = "127.0.0.1:11434";
    status->error = "cannot connect: " + std::string(200, '!');
    w.upstream.publish(status);
    auto c = some_call("n8n", "m");
    c.prompt_hash = "00112233445566778899aabbccddeeff";
    c.eval_ms = 20s;
    c.prompt_cut = true;
    for (int i = 0; i < 12; ++i) w.append(c);
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (w.read("status.txt").find("ollama") == std::string::npos) {  // the next live tick
        REQUIRE(std::chrono::steady_clock::now() < deadline);
    }
    const auto text = w.read("status.txt");
    check_screen(text);
    CHECK(text.find("3 NEED YOU\n") != std::string::npos);
    CHECK(text.find("look     n8n                11 of 12 calls repeat earlier ones, 231 s") !=
          std::string::npos);
    CHECK(text.find("12 prompts cut by Ollama (raise num_ctx)") != std::string::npos);
    CHECK(text.find("PROXY      DOWN  127.0.0.1:11434, never seen") != std::string::npos);
}

TEST_CASE("labels of metrics are escaped") {
    zone::use("UTC");
    test::world w("2026-11-20T08:55:00Z");
    w.append(some_call("a\"b\\c\nd", "m"));
    w.append(some_call("a", std::string("m\0n\x1b", 4)));
    w.append(some_call("a", "m?n?"));
    const auto metrics = w.read("metrics");
    CHECK(metrics.find(R"(tallyfs_calls_total{service="a\"b\\c\nd",model="m"} 1)") !=
          std::string::npos);
    CHECK(metrics.find(R"(tallyfs_calls_total{service="a",model="m?n?"} 2)") != std::string::npos);
}

TEST_CASE("the texts of a newcomer fit 80 columns") {
    zone::use("UTC");
    test::world w("2026-11-20T08:55:00Z");
    for (const char* path : {"README.md", "calls/README.md", "usage/README.md",
                             "usage/day/2026-11-20.txt", "usage/total.txt"}) {
        INFO(path);
        for (std::istringstream lines(w.read(path)); lines.good();) {
            std::string line;
            std::getline(lines, line);
            CHECK(line.size() <= 90);
        }
    }
}

TEST_CASE("a caller is shown as its service, with its task where it has one") {
    CHECK(views::label("n8n", "") == "n8n");
    CHECK(views::label("n8n", "email-triage") == "n8n/email-triage");
}
