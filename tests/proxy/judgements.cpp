#include "support/catch.hpp"

#include <proxy/conclusion.hpp>
#include <proxy/residency.hpp>
#include <proxy/watcher.hpp>

using namespace tallyfs;
using namespace tallyfs::proxy;
using namespace std::chrono_literals;

namespace {

state::upstream_status loaded(std::vector<state::loaded_model> models) {
    state::upstream_status status;
    status.loaded = std::move(models);
    status.loaded_seen = wall_time(1'000'000s);
    return status;
}

state::loaded_model model(std::string name, std::int64_t context = 4096, std::int64_t bytes = 1) {
    return {std::move(name), bytes, context, std::nullopt};
}

}  // namespace

TEST_CASE("names of one model are equal") {
    CHECK(normal_model_name("Qwen3") == "qwen3:latest");
    CHECK(normal_model_name("registry.ollama.ai/library/qwen3:8b") == "qwen3:8b");
    CHECK(normal_model_name(" tiny:local ") == "tiny:latest");
    CHECK(normal_model_name("hf.co/a/b") == "hf.co/a/b:latest");
    CHECK(normal_model_name("host:5000/a/b") == "host:5000/a/b:latest");
    const auto status = loaded({model("tiny:latest")});
    CHECK(find_loaded(status, "Tiny") != nullptr);
    CHECK(find_loaded(status, "tiny:8b") == nullptr);
}

TEST_CASE("a short load is never a cold start, whatever was known") {
    const auto before = loaded({model("other:1b")});
    residency_facts facts{.model = "tiny", .before = &before, .load = 1ms, .load_min = 100ms};
    CHECK(judge_residency(facts).cold_start == false);
}

TEST_CASE("what was not loaded before is a cold start and names who had to go") {
    auto expired = model("gone:1b");
    expired.unloads_at = wall_time(999'999s);
    const auto before =
        loaded({model("stays:1b"), model("victim:1b"), model("second:1b"), expired});
    const auto after = loaded({model("stays:1b"), model("tiny:latest")});
    residency_facts facts{
        .model = "tiny", .before = &before, .after = &after, .load = 900ms, .load_min = 100ms};
    const auto judged = judge_residency(facts);
    CHECK(judged.cold_start == true);
    CHECK(judged.evicted == "victim:1b,second:1b");
    facts.load.reset();
    CHECK(judge_residency(facts).cold_start == true);
    facts.served_since = true;
    CHECK_FALSE(judge_residency(facts).cold_start.has_value());
}

TEST_CASE("a loaded model that loads again with other options evicted itself") {
    const auto before = loaded({model("tiny:latest", 4096)});
    const auto after = loaded({model("tiny:latest", 8192)});
    residency_facts facts{.model = "tiny",
                          .before = &before,
                          .others_running = true,
                          .load = 900ms,
                          .load_min = 100ms};
    CHECK(judge_residency(facts).cold_start == false);
    facts.context_asked = 8192;
    CHECK(judge_residency(facts).cold_start == true);
    CHECK(judge_residency(facts).evicted == "tiny");
    facts.context_asked.reset();
    facts.after = &after;
    CHECK(judge_residency(facts).cold_start == true);
    facts.after = nullptr;
    facts.others_running = false;
    CHECK(judge_residency(facts).evicted == "tiny");
}

TEST_CASE("without knowledge the reported load decides, and without that nothing does") {
    residency_facts facts{.model = "tiny", .load = 900ms, .load_min = 100ms};
    CHECK(judge_residency(facts).cold_start == true);
    facts.load.reset();
    CHECK_FALSE(judge_residency(facts).cold_start.has_value());
}

TEST_CASE("a cut prompt is told from a short one") {
    // Measured: 2048 tokens of context, 8,022 tokens of prompt, 1,027 counted.
    CHECK(judge_prompt_cut(1027, 2048, 8022 * 4) == true);
    CHECK(judge_prompt_cut(131, 256, 1161) == true);
    CHECK(judge_prompt_cut(254, 256, 1143) == false);
    CHECK(judge_prompt_cut(512, 512, 4000) == true);
    CHECK(judge_prompt_cut(4096, 4096, 40'000) == true);
    CHECK(judge_prompt_cut(24, 2048, 100) == false);
    CHECK_FALSE(judge_prompt_cut(std::nullopt, 2048, 100).has_value());
    CHECK_FALSE(judge_prompt_cut(24, std::nullopt, 100).has_value());
}

TEST_CASE("the wait for a busy model is found where the total is not explained by its parts") {
    dialect::request_report request;
    request.readable = true;
    request.model = "tiny";
    dialect::response_report response;
    response.terminal = true;
    response.total = 2267700us;
    response.load = 800us;
    response.prompt_eval = 49ms;
    response.eval = 197500us;
    record::call line;
    line.status = 200;
    line.model = "tiny";
    describe_result(line, {.request = request,
                           .response = &response,
                           .residency = {.model = "tiny", .load = 800us, .load_min = 100ms}});
    CHECK(line.cold_start == false);
    CHECK(line.queue_ms == 2267700us - 49ms - 197500us);
    response.total = 250ms;
    describe_result(line, {.request = request,
                           .response = &response,
                           .residency = {.model = "tiny", .load = 800us, .load_min = 100ms}});
    CHECK(line.queue_ms == 800us);
}

TEST_CASE("the work of an embedding, which reports no evaluation, is no wait") {
    dialect::request_report request;
    request.readable = true;
    request.model = "embed";
    dialect::response_report response;
    response.terminal = true;
    response.total = 1624ms;
    response.load = 520ms;
    record::call line;
    line.status = 200;
    line.model = "embed";
    describe_result(line, {.request = request,
                           .response = &response,
                           .residency = {.model = "embed", .load = 520ms, .load_min = 250ms}});
    CHECK(line.cold_start == true);
    CHECK_FALSE(line.queue_ms.has_value());
}

TEST_CASE("a missing blob is an answer, any other error status is an error") {
    CHECK(judge_end({.status = 404, .head_request = true}) == record::outcome::ok);
    CHECK(judge_end({.status = 404}) == record::outcome::upstream_error);
    CHECK(judge_end({.status = 500, .head_request = true}) == record::outcome::upstream_error);
    CHECK(judge_end({.status = 200}) == record::outcome::ok);
}

TEST_CASE("the watcher reads what Ollama answers and nothing else") {
    const auto models = parse_loaded(
        R"({"models":[{"name":"z:1b","size":2,"context_length":4096,)"
        R"("expires_at":"2319-03-01T04:12:06.2+01:00"},{"name":"a:1b","size":"x"},{"x":1}]})");
    REQUIRE(models);
    REQUIRE(models->size() == 2);
    CHECK(models->at(0).name == "a:1b");
    CHECK(models->at(1).context_length == 4096);
    CHECK(models->at(1).unloads_at.has_value());
    CHECK(parse_loaded(R"({"models":null})")->empty());
    for (const auto* bad : {"", "[]", "{}", "<html>", R"({"models":3})", R"({"models":[)"}) {
        CHECK_FALSE(parse_loaded(bad));
        CHECK_FALSE(parse_version(bad));
    }
    CHECK(parse_version(R"({"version":"0.33.0"})") == "0.33.0");
}
