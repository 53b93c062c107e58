#include "retention/kept_state.hpp"

namespace {

using namespace tallyfs;
using test::date_of;
using test::describe;
using test::sums_in;
using strings = std::vector<std::string>;

const strings recent{"2026-11-23.jsonl", "2026-11-23.2.jsonl", "2026-11-24.jsonl",
                     "2026-11-25.jsonl"};

TEST_CASE("days that are too old go whole, and every sum stays") {
    const test::kept_state state;
    const auto run = state.open();
    CHECK(run->segments().front() == "2026-11-20.jsonl");
    run->sweeper.sweep();
    CHECK(run->sweeper.problem().empty());
    CHECK(run->segments() == recent);
    CHECK(sums_in(describe(run->ledger)) == state.sums);
    CHECK(run->ledger.rolled_days() ==
          std::vector{date_of("2026-11-20"), date_of("2026-11-21"), date_of("2026-11-22")});
    REQUIRE(run->recorded.size() == 3);
    CHECK(run->recorded.front().starts_with(
        R"(calls.deleted 2026-11-20 {"day":"2026-11-20","lines":)"));
    CHECK(run->recorded.front().ends_with(R"("kept_days":2})"));
}

TEST_CASE("what points to deleted calls goes with them") {
    const test::kept_state state;
    const auto run = state.open();
    const auto oldest = run->calls.segments().front();
    const auto line = state.lines.segments().begin()->second;
    record::call first;
    REQUIRE(record::parse_call(line.substr(0, line.find('\n') + 1), first));
    REQUIRE(run->ledger.locate(first.id, run->calls.directory()).value());
    const auto rows = run->ledger.cold_starts(10'000).value().size();
    run->sweeper.sweep();
    CHECK_FALSE(run->ledger.locate(first.id, run->calls.directory()).value());
    CHECK(run->ledger.cold_starts(10'000).value().size() < rows);
    const auto kept_from = date_of("2026-11-23");
    for (const auto& row : run->ledger.duplicates({}, 10'000).value()) CHECK(row.date >= kept_from);
    CHECK_FALSE(std::filesystem::exists(oldest.path));
}

TEST_CASE("a ledger made anew from rollups and lines is the one that lived through it") {
    const test::kept_state state(6, 80);
    std::string lived;
    {
        const auto run = state.open();
        run->sweeper.sweep();
        lived = describe(run->ledger);
    }
    const auto same = state.open();
    CHECK(same->reset.empty());
    CHECK(describe(same->ledger) == lived);
    state.remove_ledger();
    const auto anew = state.open();
    CHECK(describe(anew->ledger) == lived);
    CHECK(anew->rollups.problems().empty());
}

TEST_CASE("deleted day by day or all at once, the ledger is the same") {
    test::kept_state state(6, 60);
    const auto copy = state.directory.path() / "copy";
    std::filesystem::copy(state.home(), copy, std::filesystem::copy_options::recursive);
    const auto last = state.clock.wall();
    for (int back = 3; back >= 0; --back) {
        state.clock.step_to(last - std::chrono::days(back));
        state.open()->sweeper.sweep();
    }
    const auto day_by_day = describe(state.open()->ledger);
    std::filesystem::remove_all(state.home());
    std::filesystem::rename(copy, state.home());
    state.open()->sweeper.sweep();
    state.remove_ledger();
    CHECK(describe(state.open()->ledger) == day_by_day);
}

TEST_CASE("days without a later call are closed and deleted, and calls go on behind them") {
    test::kept_state state(3, 40);
    state.clock.advance(std::chrono::days(30));
    const auto go_on = [&](test::state_run& run) {
        record::call c;
        c.id = uuid::make(state.clock.wall());
        c.service = "later";
        c.endpoint = "/api/chat";
        c.time = state.clock.wall();
        REQUIRE(
            run.calls.append([&](std::string& out, wall_time) { record::append_line(out, c); }));
        run.catch_up();
    };
    {
        const auto run = state.open();
        run->sweeper.sweep();
        CHECK(run->sweeper.problem().empty());
        CHECK(run->segments() == strings{"2026-12-23.jsonl"});
        CHECK(sums_in(describe(run->ledger)) == state.sums);
    }
    {
        const auto run = state.open();
        CHECK(run->reset.empty());
        go_on(*run);
    }
    const auto lived = describe(state.open()->ledger);
    state.remove_ledger();
    CHECK(describe(state.open()->ledger) == lived);
}

TEST_CASE("which models were loaded at the end of a deleted day is known behind it") {
    test::kept_state state(1, 1);
    const auto add = [&](const char* date, const char* options) {
        record::call c;
        c.time = date_of(date).date() + std::chrono::hours(23);
        c.id = uuid::make(c.time);
        c.service = "n8n";
        c.endpoint = "/api/chat";
        c.model = "qwen3:14b";
        c.cold_start = true;
        c.options = options;
        std::string line;
        record::append_line(line, c);
        std::ofstream(state.home() / "calls" / (std::string(date) + ".jsonl"), std::ios::app)
            << line;
    };
    add("2026-11-20", R"({"num_ctx":4096})");
    add("2026-11-25", R"({"num_ctx":4096})");  // loaded again, with nothing else
    add("2026-11-26", R"({"num_ctx":8192})");
    state.clock.step_to(date_of("2026-11-26").date() + std::chrono::hours(23));
    std::string lived;
    {
        const auto run = state.open();
        run->sweeper.sweep();
        REQUIRE(run->segments() == strings{"2026-11-25.jsonl", "2026-11-26.jsonl"});
        CHECK(run->ledger.swaps(10).value().size() == 1);
        lived = describe(run->ledger);
    }
    state.remove_ledger();
    CHECK(describe(state.open()->ledger) == lived);
}

TEST_CASE("today and yesterday stay whatever the clock says") {
    test::kept_state state;
    const auto run = state.open();
    state.clock.advance(std::chrono::days(-3));  // a clock that stepped back
    run->sweeper.sweep();
    CHECK(run->segments().front() == "2026-11-20.jsonl");
    CHECK_FALSE(run->calls.remove_day(date_of("2026-11-25")));
}

TEST_CASE("nothing is deleted by default, and odd numbers of days are refused") {
    const test::kept_state state;
    const auto run = state.open(0);
    run->sweeper.sweep();
    CHECK(run->segments().front() == "2026-11-20.jsonl");
    CHECK(run->recorded.empty());
    const auto setting = run->sweeper.definitions().front();
    CHECK(setting.default_value == "0");
    for (const auto* good : {"0", "2", "36500"}) CHECK(setting.judge(good).value == good);
    for (const auto* bad : {"1", "-1", "36501", "", "two", "2 days"}) {
        CHECK_FALSE(setting.judge(bad).reason.empty());
    }
}

TEST_CASE("a file that is open when its day is deleted can be read on") {
    const test::kept_state state;
    const auto run = state.open();
    std::ifstream open(run->calls.segments().front().path);
    run->sweeper.sweep();
    std::stringstream read;
    read << open.rdbuf();
    CHECK(read.str() == state.lines.segments().begin()->second);
}

}  // namespace
