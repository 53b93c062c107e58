#include "retention/kept_state.hpp"

namespace {

using namespace tallyfs;
using test::date_of;
using test::describe;
using test::sums_in;
namespace fs = std::filesystem;

constexpr int days_deleted = 3;
const std::string first_kept = "2026-11-23.jsonl";

/// Whatever happened before: no sum is doubled or lost, and the deletion is finished.
void check_finished(const test::kept_state& state, std::vector<std::string> recorded) {
    std::string lived;
    {
        const auto run = state.open();
        CHECK(sums_in(describe(run->ledger)) == state.sums);
        run->sweeper.sweep();
        CHECK(run->sweeper.problem().empty());
        CHECK(run->segments().front() == first_kept);
        CHECK(run->ledger.rolled_days().size() == days_deleted);
        CHECK(sums_in(describe(run->ledger)) == state.sums);
        recorded.insert(recorded.end(), run->recorded.begin(), run->recorded.end());
        lived = describe(run->ledger);
    }
    for (const auto* date : {"2026-11-20", "2026-11-21", "2026-11-22"}) {
        CHECK(std::ranges::any_of(recorded, [&](const auto& one) {
            return one.starts_with(std::string("calls.deleted ") + date);
        }));
    }
    state.remove_ledger();
    CHECK(describe(state.open()->ledger) == lived);
}

TEST_CASE("killed before any step, the next start finishes it") {
    const bool ledger_survives = GENERATE(true, false);
    int steps = 1;
    for (int step = 0; step < steps; ++step) {
        const test::kept_state state(5, 40);
        std::vector<std::string> recorded;
        {
            const auto run = state.open();
            run->disk.steps = 0;
            run->disk.fatal_step = step;
            try {
                run->sweeper.sweep();
            } catch (const test::step_disk::killed&) {
                steps = step + 2;
            }
            recorded = run->recorded;
        }
        if (!ledger_survives) state.remove_ledger();
        INFO("killed before step " << step << ", with its ledger: " << ledger_survives);
        check_finished(state, recorded);
    }
    CHECK(steps > 10 * days_deleted);
}

TEST_CASE("whatever step fails is said, and the next sweep finishes it") {
    int steps = 1;
    for (int step = 0; step < steps; ++step) {
        const test::kept_state state(5, 40);
        auto run = state.open();
        run->disk.steps = 0;
        run->disk.failing_step = step;
        run->sweeper.sweep();
        steps = run->disk.steps > step ? step + 2 : steps;
        INFO("step " << step << " failed: " << run->sweeper.problem());
        CHECK(sums_in(describe(run->ledger)) == state.sums);
        run->disk.failing_step = -1;
        run->sweeper.sweep();
        CHECK(run->sweeper.problem().empty());
        const auto recorded = run->recorded;
        run.reset();
        check_finished(state, recorded);
    }
    CHECK(steps > 10 * days_deleted);
}

TEST_CASE("a deletion that was begun is finished though the setting was taken back") {
    const test::kept_state state;
    {
        const auto run = state.open();
        run->records = false;
        run->sweeper.sweep();
        CHECK(run->sweeper.problem() ==
              "the calls of 2026-11-20 are not deleted: it cannot be recorded in the actions");
        REQUIRE(fs::exists(state.home() / "rollups" / "2026-11-20.jsonl"));
        REQUIRE(fs::exists(state.home() / "calls" / "2026-11-20.jsonl"));
    }
    const auto run = state.open(0);
    run->sweeper.sweep();
    CHECK(run->segments().front() == "2026-11-21.jsonl");
    CHECK(sums_in(describe(run->ledger)) == state.sums);
}

TEST_CASE("a ledger that a power cut took back forgets the deleted days again") {
    const test::kept_state state;
    state.open().reset();
    fs::copy_file(state.home() / "ledger.sqlite", state.directory.path() / "before");
    std::string lived;
    {
        const auto run = state.open();
        run->sweeper.sweep();
        lived = describe(run->ledger);
    }
    state.remove_ledger();
    fs::copy_file(state.directory.path() / "before", state.home() / "ledger.sqlite");
    const auto run = state.open();
    CHECK(run->reset.empty());
    run->sweeper.sweep();
    CHECK(describe(run->ledger) == lived);
}

TEST_CASE("a day of which its rollup tells something else stays") {
    const test::kept_state state;
    {
        const auto run = state.open();
        auto kept = run->ledger.roll_up(date_of("2026-11-20"), state.clock.wall()).value();
        ++kept.calls.lines;
        ++kept.quarters.front().sums.calls;
        REQUIRE(run->rollups.write(kept));
    }
    const auto run = state.open();
    run->sweeper.sweep();
    CHECK(run->segments().front() == "2026-11-20.jsonl");
    CHECK(run->sweeper.problem().find("the ledger has other calls than ") != std::string::npos);
}

TEST_CASE("a day whose segments hold more than the ledger counted stays") {
    const test::kept_state state;
    state.open().reset();
    std::ofstream(state.home() / "calls" / "2026-11-21.jsonl", std::ios::app)
        << "{\"v\":1,\"somebody\":\"added this\"}\n";
    const auto run = state.open();
    run->sweeper.sweep();
    CHECK(run->segments().front() == "2026-11-21.jsonl");
    CHECK(run->sweeper.problem().starts_with(
        "the calls of 2026-11-21 are not deleted: the ledger counted "));
    CHECK_FALSE(fs::exists(state.home() / "rollups" / "2026-11-21.jsonl"));
}

}  // namespace
