#include "support/catch.hpp"

#include <tallyfs/policy/budget.hpp>

#include <random>

using namespace tallyfs;
using namespace tallyfs::policy;
using namespace std::chrono_literals;

namespace {

const day monday = *day::parse("2026-11-16");
constexpr budget_facts call{.principal = "uid:1001", .service = "agent", .model = "qwen3:8b"};

budget_book book_of(std::initializer_list<std::string_view> lines) {
    std::vector<budget> budgets;
    for (const auto line : lines) {
        auto read = parse_budget("b" + std::to_string(budgets.size()), line);
        REQUIRE(read);
        budgets.push_back(std::move(*read));
    }
    auto built = budget_book::build(std::move(budgets));
    REQUIRE(built);
    return std::move(*built);
}

budget_moment at(std::chrono::milliseconds after, day today = monday) {
    return {.now = steady_time(1000s + after), .today = today, .until_tomorrow = 3600s};
}

/// One call from its beginning to its end; whether it was admitted.
bool one_call(budget_book& book, usage used, budget_moment moment = at(0ms)) {
    auto given = book.admit(call, moment);
    if (given.refused) return false;
    (void)book.finish(std::move(given.ticket), used, moment);
    return true;
}

}  // namespace

TEST_CASE("tokens of a day are refused at the limit and not before") {
    auto book = book_of({"principal=uid:1001 tokens_per_day=100"});
    CHECK(one_call(book, {99, {}}));
    CHECK(one_call(book, {1, {}}));
    const auto refused = book.admit(call, at(0ms)).refused;
    REQUIRE(refused);
    CHECK(refused->level.budget == "b0");
    CHECK(refused->level.measure == measure::tokens_per_day);
    CHECK(refused->level.used == 100);
    CHECK(refused->level.limit == 100);
    CHECK(refused->retry_after == 3600s);
    CHECK(refused->reason() == "budget \"b0\" is used up: 100 of 100 tokens_per_day");
    CHECK_FALSE(book.admit({"uid:1002", "agent", "qwen3:8b"}, at(0ms)).refused);
    CHECK(one_call(book, {}, at(0ms, monday.next())));
}

TEST_CASE("seconds of a day are refused at the limit") {
    auto book = book_of({"model=qwen3:* seconds_per_day=10"});
    CHECK(one_call(book, {0, 9'999'999us}));
    CHECK(one_call(book, {0, 1us}));
    CHECK_FALSE(one_call(book, {}));
    CHECK_FALSE(book.admit({"uid:1001", "agent", "llama3"}, at(0ms)).refused);
}

TEST_CASE("a call that was admitted may overshoot, and the next one is refused") {
    auto book = book_of({"tokens_per_day=100"});
    CHECK(one_call(book, {5000, {}}));
    CHECK_FALSE(one_call(book, {}));
}

TEST_CASE("calls at once are given back when they end") {
    auto book = book_of({"principal=uid:1001 calls_at_once=2"});
    auto first = book.admit(call, at(0ms));
    auto second = book.admit(call, at(0ms));
    CHECK_FALSE(first.refused);
    CHECK_FALSE(second.refused);
    const auto third = book.admit(call, at(0ms));
    REQUIRE(third.refused);
    CHECK(third.refused->level.measure == measure::calls_at_once);
    CHECK(third.refused->retry_after == retry_after_busy);
    (void)book.finish(std::move(first.ticket), {}, at(0ms));
    CHECK_FALSE(book.admit(call, at(0ms)).refused);
    CHECK(book.admit(call, at(0ms)).refused);
}

TEST_CASE("a unit of a user draws on the user's budget") {
    auto book = book_of({"principal=uid:1001 calls_at_once=1"});
    const auto first = book.admit({"unit:user@1001.service/a.service", "a", "m"}, at(0ms));
    CHECK_FALSE(first.refused);
    CHECK(book.admit(call, at(0ms)).refused);
}

TEST_CASE("a rate allows a burst and then one call an interval") {
    auto book = book_of({"calls_per_minute=3"});
    for (int i = 0; i < 3; ++i) CHECK(one_call(book, {}));
    const auto refused = book.admit(call, at(0ms)).refused;
    REQUIRE(refused);
    CHECK(refused->level.measure == measure::calls_a_minute);
    CHECK(refused->retry_after == 20s);
    CHECK_FALSE(one_call(book, {}, at(19'999ms)));
    CHECK(one_call(book, {}, at(20'000ms)));
    CHECK_FALSE(one_call(book, {}, at(20'001ms)));
    CHECK(one_call(book, {}, at(600s)));
    CHECK(one_call(book, {}, at(600s)));
    CHECK(one_call(book, {}, at(600s)));
    CHECK_FALSE(one_call(book, {}, at(600s)));
}

TEST_CASE("a refused call takes nothing from any budget") {
    auto book = book_of({"calls_per_minute=1", "principal=uid:1001 calls_at_once=0"});
    CHECK(book.admit(call, at(0ms)).refused);
    CHECK(book.state()[0].calls_open == 0);
    CHECK_FALSE(book.admit({"uid:2", "", ""}, at(0ms)).refused);
    CHECK(book.state()[1].refused_today == 1);
}

TEST_CASE("a warning comes once a day, at 80 %") {
    auto book = book_of({"tokens_per_day=10 seconds_per_day=10"});
    const auto use = [&](usage used, day today) {
        return book.finish(std::move(book.admit(call, at(0ms, today)).ticket), used,
                           at(0ms, today));
    };
    CHECK(use({7, 1s}, monday).empty());
    const auto warned = use({1, 1s}, monday);
    REQUIRE(warned.size() == 1);
    CHECK(warned[0].measure == measure::tokens_per_day);
    CHECK(warned[0].used == 8);
    CHECK(use({1, 1s}, monday).empty());
    REQUIRE(use({0, 5s}, monday).size() == 1);
    CHECK(use({9, 0s}, monday.next()).size() == 1);
}

TEST_CASE("days turn forwards only") {
    auto book = book_of({"tokens_per_day=10"});
    CHECK(one_call(book, {10, {}}, at(0ms, monday.next())));
    CHECK_FALSE(one_call(book, {}, at(0ms, monday)));
    CHECK(book.today() == monday.next());
    CHECK(one_call(book, {}, at(0ms, monday.next().next())));
}

TEST_CASE("a raise holds for its day") {
    auto book = book_of({"tokens_per_day=100"});
    CHECK(one_call(book, {100, {}}));
    CHECK_FALSE(one_call(book, {}));
    CHECK(book.raise("b0", {.percent = 150}, monday));
    CHECK(one_call(book, {49, {}}));
    CHECK(one_call(book, {1, {}}));
    CHECK_FALSE(one_call(book, {}));
    CHECK(book.raise("b0", {.percent = 100, .more_tokens = 51}, monday));
    CHECK(book.state()[0].levels[0].limit == 151);
    CHECK(one_call(book, {100, {}}));
    CHECK_FALSE(book.raise("b1", {.percent = 150}, monday));
    CHECK_FALSE(book.raise("b0", {.percent = 99}, monday));
    CHECK_FALSE(book.raise("b0", {.percent = 150, .more_tokens = -1}, monday));
    CHECK(one_call(book, {100, {}}, at(0ms, monday.next())));
    CHECK_FALSE(one_call(book, {}, at(0ms, monday.next())));
    CHECK_FALSE(book.raise("b0", {.percent = 150}, monday));
}

TEST_CASE("what was used before the start counts, without a second warning") {
    auto book = book_of({"principal=uid:1001 tokens_per_day=100"});
    book.seed(call, {90, {}}, monday);
    book.seed({"uid:1002", "", ""}, {90, {}}, monday);
    CHECK(book.state()[0].used.tokens == 90);
    auto given = book.admit(call, at(0ms));
    CHECK(book.finish(std::move(given.ticket), {10, {}}, at(0ms)).empty());
    CHECK_FALSE(one_call(book, {}));
    book.seed(call, {-1000, {}}, monday);
    CHECK_FALSE(one_call(book, {}));
}

TEST_CASE("what was used on another day counts for none") {
    auto book = book_of({"principal=uid:1001 tokens_per_day=100"});
    book.seed(call, {40, {}}, monday.next());
    book.seed(call, {60, {}}, monday);
    CHECK(book.state()[0].used.tokens == 40);
}

TEST_CASE("whoever is refused in the last second of a day waits for a second") {
    auto book = book_of({"tokens_per_day=1"});
    CHECK(one_call(book, {1, {}}));
    auto late = at(0ms);
    late.until_tomorrow = 0s;
    const auto refused = book.admit(call, late).refused;
    REQUIRE(refused);
    CHECK(refused->retry_after == 1s);
}

TEST_CASE("budgets are as many as can be looked at for each call") {
    std::vector<budget> many;
    for (std::size_t i = 0; i < budgets_max; ++i) {
        many.push_back(*parse_budget("b" + std::to_string(i), "calls_at_once=1"));
    }
    CHECK(budget_book::build(many));
    many.push_back(*parse_budget("more", "calls_at_once=1"));
    CHECK_FALSE(budget_book::build(many));
}

TEST_CASE("other budgets keep what those of their names have counted") {
    auto book = book_of({"tokens_per_day=100 calls_at_once=1", "calls_at_once=1"});
    auto open = book.admit(call, at(0ms));
    REQUIRE(book.replace({*parse_budget("b0", "tokens_per_day=20 calls_at_once=1"),
                          *parse_budget("new", "calls_at_once=1")}));
    CHECK(book.admit(call, at(0ms)).refused);
    (void)book.finish(std::move(open.ticket), {20, {}}, at(0ms));
    CHECK(book.state()[0].calls_open == 0);
    CHECK(book.state()[1].calls_open == 0);
    CHECK(book.state()[1].used.tokens == 0);
    CHECK_FALSE(one_call(book, {}));
    CHECK_FALSE(book.replace(
        {*parse_budget("x", "calls_at_once=1"), *parse_budget("x", "calls_at_once=1")}));
    CHECK(book.state()[0].name == "b0");
}

TEST_CASE("sums stay right where they cannot be") {
    auto book = book_of({"tokens_per_day=1000000000000000"});
    constexpr auto largest = std::numeric_limits<std::int64_t>::max();
    CHECK(one_call(book, {largest, std::chrono::microseconds(largest)}));
    CHECK(book.raise("b0", {.percent = raise_percent_max}, monday));
    CHECK_FALSE(one_call(book, {largest, {}}));
    CHECK(book.state()[0].used.tokens == largest);
}

TEST_CASE("in any order, never more calls at once than the smallest limit that matches") {
    std::mt19937 random(20261121);
    for (int round = 0; round < 200; ++round) {
        auto book = book_of(
            {"principal=uid:1001 calls_at_once=3", "model=m* calls_at_once=2", "calls_at_once=4"});
        std::vector<std::pair<budget_ticket, std::array<bool, 2>>> open;
        for (int step = 0; step < 200; ++step) {
            if (!open.empty() && random() % 2 == 0) {
                const auto at_index = static_cast<std::ptrdiff_t>(random() % open.size());
                (void)book.finish(std::move(open[static_cast<std::size_t>(at_index)].first), {},
                                  at(0ms));
                open.erase(open.begin() + at_index);
                continue;
            }
            const bool first_user = random() % 2 == 0;
            const bool model = random() % 2 == 0;
            auto given =
                book.admit({first_user ? "uid:1001" : "uid:5", "", model ? "m" : "x"}, at(0ms));
            const auto open_where = [&](std::size_t which) {
                return std::ranges::count_if(open, [&](auto& o) { return o.second[which]; });
            };
            const bool room = open.size() < 4 && (!first_user || open_where(0) < 3) &&
                              (!model || open_where(1) < 2);
            REQUIRE(given.refused.has_value() != room);
            if (room) open.emplace_back(std::move(given.ticket), std::array{first_user, model});
        }
    }
}
