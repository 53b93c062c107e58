#include "ledger/lines.hpp"

#include <support/catch.hpp>
#include <support/temporary_directory.hpp>

namespace {

using namespace tallyfs;
using namespace std::chrono_literals;
using test::date_of;

const std::string hash_a = "00112233445566778899aabbccddeeff";
const std::string hash_b = "ffeeddccbbaa99887766554433221100";

record::call chat(const std::string& model, wall_time time) {
    record::call c;
    c.time = time;
    c.id = uuid::make(time);
    c.service = "n8n";
    c.endpoint = "/api/chat";
    c.model = model;
    c.duration_ms = 2s;
    c.eval_ms = 1s;
    c.prompt_tokens = 100;
    c.output_tokens = 10;
    return c;
}

class days_of_calls {
  public:
    wall_time add(record::call c) {
        const wall_time time = today_.date() + std::chrono::minutes(++minute_);
        c.time = time;
        lines_.append({today_, 1}, c);
        return time;
    }
    void next_day() { today_ = today_.next(); }
    [[nodiscard]] day today() const { return today_; }
    ledger::ledger& apply(std::size_t batch_bytes = 1) {
        lines_.apply_rest(ledger_, batch_bytes);
        return ledger_;
    }

  private:
    test::temporary_directory directory_;
    day today_ = date_of("2026-11-20");
    int minute_ = 0;
    test::line_journal lines_;
    ledger::ledger ledger_{directory_.path() / "ledger.sqlite"};
};

record::call prompt(const std::string& hash, const std::string& task = "") {
    auto c = chat("qwen3:14b", {});
    c.prompt_hash = hash;
    if (!task.empty()) c.task = task;
    return c;
}

TEST_CASE("a repeated prompt is one row with what its repeats cost, also when its day is over") {
    days_of_calls calls;
    const auto first = calls.add(prompt(hash_a));
    calls.add(prompt(hash_b));
    calls.add(prompt(hash_a, "triage"));  // another task is another prompt
    calls.add(prompt(hash_a));
    const auto last = calls.add(prompt(hash_a));
    calls.add(chat("qwen3:14b", {}));  // no hash: cannot be compared
    auto load = prompt(hash_b);
    load.endpoint = "load";
    calls.add(load);
    const day date = calls.today();
    const auto check = [&](const ledger::ledger& ledger) {
        const auto rows = ledger.duplicates({}, 10).value();
        REQUIRE(rows.size() == 1);
        CHECK(rows[0].date == date);
        CHECK(rows[0].group == ledger::group{"n8n", "", "qwen3:14b", "/api/chat"});
        CHECK(rows[0].prompt_hash == hash_a);
        CHECK(rows[0].calls == 3);
        CHECK(rows[0].repeat_busy == 2s);
        CHECK(rows[0].repeat_tokens == 220);
        CHECK(rows[0].first == first);
        CHECK(rows[0].last == last);
        const auto repeated = ledger.repetitions(date).value();
        REQUIRE(repeated.size() == 2);
        CHECK(repeated[0].group == ledger::group{"n8n", "", "qwen3:14b", ""});
        CHECK(repeated[0].calls == 4);
        CHECK(repeated[0].repeats == 2);
        CHECK(repeated[0].busy == 2s);
        CHECK(repeated[1].group.task == "triage");
        CHECK(repeated[1].calls == 1);
        CHECK(repeated[1].repeats == 0);
    };
    check(calls.apply());
    calls.next_day();
    calls.add(prompt(hash_b));  // was there yesterday, but not today
    check(calls.apply());
}

TEST_CASE("repeated prompts come with the costliest first, of closed days and the open one") {
    days_of_calls calls;
    const auto add = [&](const std::string& hash, record::duration busy) {
        for (int i = 0; i < 2; ++i) {
            auto c = prompt(hash);
            c.eval_ms = busy;
            calls.add(c);
        }
    };
    add(hash_a, 3s);
    add("short", 5s);
    calls.next_day();
    const day second = calls.today();
    add(hash_a, 4s);
    calls.next_day();
    add(hash_b, 2s);
    add(hash_a, 9s);
    const auto& ledger = calls.apply(100'000);
    const auto busy = [](const std::vector<ledger::duplicate>& rows) {
        std::vector<record::duration> list;
        for (const auto& row : rows) list.push_back(row.repeat_busy);
        return list;
    };
    using list = std::vector<record::duration>;
    CHECK(busy(ledger.duplicates({}, 10).value()) == list{9s, 5s, 4s, 3s, 2s});
    CHECK(busy(ledger.duplicates({}, 2).value()) == list{9s, 5s});
    CHECK(busy(ledger.duplicates(second, 10).value()) == list{9s, 4s, 2s});
    CHECK(busy(ledger.duplicates(calls.today(), 1).value()) == list{9s});
    CHECK(busy(ledger.duplicates(calls.today().next(), 10).value()).empty());
    CHECK(ledger.duplicates({}, 2).value()[1].prompt_hash == "short");
}

record::call cold(const std::string& model, const std::string& options,
                  const std::string& evicted = "") {
    auto c = chat(model, {});
    c.id = uuid::make(wall_time(1s));
    c.cold_start = true;
    c.load_ms = 7s;
    c.options = options;
    if (!evicted.empty()) c.evicted_model = evicted;
    return c;
}

TEST_CASE("cold starts come newest first, with the wait for the load or for the first byte") {
    days_of_calls calls;
    const auto one = cold("qwen3:14b", R"({"num_ctx":4096})");
    calls.add(one);
    calls.add(chat("qwen3:14b", {}));
    auto two = cold("gemma", "{}", "qwen3:14b");
    two.load_ms.reset();
    two.first_byte_ms = 4s;
    calls.next_day();
    const auto time = calls.add(two);
    const auto& ledger = calls.apply();
    const auto rows = ledger.cold_starts(10).value();
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].time == time);
    CHECK(rows[0].id == two.id);
    CHECK(rows[0].group.model == "gemma");
    CHECK(rows[0].waited == 4s);
    CHECK(rows[0].evicted_model == "qwen3:14b");
    CHECK(rows[1].waited == 7s);
    CHECK(rows[1].options == R"({"num_ctx":4096})");
    CHECK(rows[1].evicted_model.empty());
    CHECK(ledger.cold_starts(1).value().size() == 1);
}

struct swapped {
    std::string evicted;
    std::string loaded;
    std::string cause;
    bool operator==(const swapped&) const = default;
};

std::vector<swapped> swaps_of(const ledger::ledger& ledger) {
    std::vector<swapped> list;
    for (const auto& row : ledger.swaps(100).value()) {
        list.push_back({row.evicted_model, row.loaded_model, row.cause});
    }
    return list;
}

TEST_CASE("a swap is a load that pushed out another model, or the same one with other options") {
    days_of_calls calls;
    const std::string small = R"({"num_ctx":4096})";
    const std::string large = R"({"num_ctx":8192})";
    calls.add(cold("qwen", small));  // nothing was there
    calls.add(cold("qwen", large));
    calls.add(cold("gemma", small, "qwen"));
    calls.add(cold("qwen", small, "gemma"));
    calls.add(cold("qwen", small));  // dropped for want of use: the same options again
    calls.add(cold("qwen", large, "qwen"));
    const std::vector<swapped> wanted{{"qwen", "qwen", "options"},
                                      {"gemma", "qwen", "model"},
                                      {"qwen", "gemma", "model"},
                                      {"qwen", "qwen", "options"}};
    CHECK(swaps_of(calls.apply()) == wanted);
    const auto rows = calls.apply().swaps(1).value();
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].service == "n8n");
    CHECK(rows[0].options == large);
    CHECK(rows[0].waited == 7s);
}

TEST_CASE("swaps are counted by models, of the days, the service and the model asked for") {
    days_of_calls calls;
    const day first = calls.today();
    for (int i = 0; i < 2; ++i) {
        calls.add(cold("gemma", "{}", "qwen"));
        calls.add(cold("qwen", "{}", "gemma"));
    }
    calls.next_day();
    auto other = cold("gemma", "{}", "qwen");
    other.service = "web";
    calls.add(other);
    calls.add(cold("phi", "{}", "gemma"));
    using counts = std::vector<std::pair<std::string, std::int64_t>>;
    const auto& ledger = calls.apply(GENERATE(std::size_t{1}, std::size_t{1'000'000}));
    const auto of = [&](const ledger::usage_query& query) {
        counts list;
        for (const auto& row : ledger.swap_counts(query).value()) {
            list.emplace_back(row.evicted_model + ">" + row.loaded_model, row.swaps);
        }
        return list;
    };
    CHECK(of({}) == counts{{"gemma>phi", 1}, {"gemma>qwen", 2}, {"qwen>gemma", 3}});
    CHECK(of({first, first, {}, {}, {}}) == counts{{"gemma>qwen", 2}, {"qwen>gemma", 2}});
    CHECK(of({first.next(), {}, {}, {}, {}}) == counts{{"gemma>phi", 1}, {"qwen>gemma", 1}});
    CHECK(of({{}, {}, "web", {}, {}}) == counts{{"qwen>gemma", 1}});
    CHECK(of({{}, {}, {}, "phi", {}}) == counts{{"gemma>phi", 1}});
    CHECK(of({{}, {}, {}, "qwen", {}}) == counts{{"gemma>qwen", 2}});
}

TEST_CASE("a model that was unloaded or pushed out is not swapped with itself") {
    const std::size_t batch_bytes = GENERATE(std::size_t{1}, std::size_t{1'000'000});
    days_of_calls calls;
    calls.add(cold("qwen", "{}"));
    auto unload = chat("qwen", {});
    unload.endpoint = "unload";
    calls.add(unload);
    calls.add(cold("qwen", R"({"num_ctx":8192})"));
    CHECK(swaps_of(calls.apply(batch_bytes)).empty());
    calls.add(cold("gemma", "{}", "nomic,qwen"));
    calls.add(cold("qwen", "{}"));
    const std::vector<swapped> wanted{{"nomic,qwen", "gemma", "model"}};
    CHECK(swaps_of(calls.apply(batch_bytes)) == wanted);
}

}  // namespace
