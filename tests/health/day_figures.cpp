#include "support/catch.hpp"

#include <tallyfs/health/day_figures.hpp>

using namespace tallyfs;
using namespace tallyfs::health;
using namespace std::chrono_literals;

namespace {

const wall_time noon = *parse_rfc3339("2026-11-20T12:00:00Z");

table made_table(std::uint32_t oid, std::string name) {
    table made;
    made.oid = oid;
    made.schema = "public";
    made.name = std::move(name);
    return made;
}

snapshot with(wall_time time, std::vector<table> tables) {
    snapshot made;
    made.taken = time;
    made.tables = std::move(tables);
    made.tables_total = static_cast<std::int64_t>(made.tables.size());
    return made;
}

snapshot with(std::vector<statement> statements) {
    snapshot made;
    made.statements = std::move(statements);
    return made;
}

statement ran(std::int64_t id, std::int64_t calls, double total_ms) {
    statement made;
    made.id = id;
    made.user = "app";
    made.query = "SELECT $1";
    made.calls = calls;
    made.total_ms = total_ms;
    return made;
}

}  // namespace

TEST_CASE("a table's line adds up the day, and a table without a change has none") {
    auto orders = made_table(1, "orders");
    orders.inserted = 1000;
    orders.dead_rows = 50;
    const auto idle = made_table(2, "idle");
    const auto first = with(noon, {orders, idle});
    orders.inserted = 1100;
    orders.updated = 30;
    orders.dead_rows = 80;
    const auto second = with(noon + 30min, {orders, idle});
    orders.inserted = 1150;
    orders.dead_rows = 0;
    orders.last_autovacuum = noon + 40min;
    const auto third = with(noon + 60min, {orders, idle});

    CHECK(tables_of_day("", first, nullptr) == tables_day_header());
    const auto file = tables_of_day(tables_of_day("", second, &first), third, &second);
    const auto lines = parse_tables_day(file);
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].name == "orders");
    CHECK(lines[0].inserted_today == 150);
    CHECK(lines[0].updated_today == 30);
    CHECK(lines[0].inserted_total == 1150);
    CHECK(lines[0].dead_rows == 0);
    CHECK(lines[0].dead_rows_max == 80);
    CHECK(lines[0].autovacuums_today == 1);
    CHECK(lines[0].vacuums_today == 0);
    CHECK(lines[0].last_autovacuum == noon + 40min);
    CHECK(lines[0].seen == noon + 60min);
}

TEST_CASE("a table with a line goes on after a restart, when the snapshot before is forgotten") {
    auto orders = made_table(1, "orders");
    const auto first = with(noon, {orders});
    orders.inserted = 10;
    const auto second = with(noon + 30min, {orders});
    const auto file = tables_of_day("", second, &first);
    orders.inserted = 25;
    const auto lines = parse_tables_day(tables_of_day(file, with(noon + 60min, {orders}), nullptr));
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].inserted_today == 25);
}

TEST_CASE("a table's counters that were reset count from zero") {
    auto orders = made_table(1, "orders");
    orders.inserted = 1000;
    orders.last_vacuum = noon - 1h;
    const auto first = with(noon, {orders});
    orders.inserted = 7;
    orders.last_vacuum.reset();
    const auto lines = parse_tables_day(tables_of_day("", with(noon + 1h, {orders}), &first));
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].inserted_today == 7);
    CHECK(lines[0].vacuums_today == 0);
}

TEST_CASE("a table that is new counts from zero, and one that was left out before does not") {
    auto fresh = made_table(9, "fresh");
    fresh.inserted = 5;
    auto before = with(noon, {made_table(1, "orders")});
    const auto now = with(noon + 30min, {made_table(1, "orders"), fresh});
    CHECK(parse_tables_day(tables_of_day("", now, &before)).at(0).inserted_today == 5);
    before.tables_total = 7'000;
    CHECK(parse_tables_day(tables_of_day("", now, &before)).at(0).inserted_today == 0);
    before = with(noon, {});
    before.missing = {"pg_class: permission denied"};
    CHECK(parse_tables_day(tables_of_day("", now, &before)).empty());
}

TEST_CASE("the line of a table that was dropped stays, behind those that are there") {
    auto gone = made_table(1, "gone");
    const auto first = with(noon, {gone, made_table(2, "stays")});
    gone.deleted = 500;
    const auto file = tables_of_day("", with(noon + 30min, {gone, made_table(2, "stays")}), &first);
    auto stays = made_table(2, "stays");
    const auto before = with(noon + 30min, {stays});
    stays.inserted = 1;
    const auto lines = parse_tables_day(tables_of_day(file, with(noon + 60min, {stays}), &before));
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].name == "stays");
    CHECK(lines[1].name == "gone");
    CHECK(lines[1].deleted_today == 500);
}

TEST_CASE("names that would break a line are written and read on one line") {
    auto hostile = made_table(1, "a\"b,c\r\nd");
    hostile.root = "=cmd()";
    const auto first = with(noon, {hostile});
    hostile.inserted = 1;
    auto file = tables_of_day("", with(noon + 30min, {hostile}), &first);
    CHECK(std::count(file.begin(), file.end(), '\n') == 2);
    hostile.inserted = 3;
    file = tables_of_day(file, with(noon + 60min, {hostile}), nullptr);
    const auto lines = parse_tables_day(file);
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].name == "a\"b,c  d");
    CHECK(lines[0].inserted_today == 3);
    CHECK(file.find("'=cmd()") != std::string::npos);
    CHECK(file.find("''=cmd()") == std::string::npos);
}

TEST_CASE("a day with more tables than a file holds drops those that are gone") {
    std::vector<table> tables(snapshot::tables_max);
    std::string file;
    for (std::uint32_t generation = 0; generation < 3; ++generation) {
        for (std::uint32_t at = 0; at < tables.size(); ++at) {
            tables[at] = made_table(generation * 10'000 + at, "t");
        }
        const auto before = with(noon, {made_table(99'999, "other")});
        file = tables_of_day(file, with(noon + generation * 30min, tables), &before);
    }
    const auto lines = parse_tables_day(file);
    CHECK(lines.size() == table_lines_max);
    CHECK(lines[0].oid >= 20'000);
}

TEST_CASE("statements are added up by what they did between snapshots, the slowest first") {
    const auto first = with({ran(1, 100, 5000), ran(2, 10, 10)});
    const auto second = with({ran(1, 103, 5030.5), ran(2, 20, 900), ran(3, 1, 2)});
    CHECK(statements_of_day("", first, nullptr) == statements_day_header());
    const auto file = statements_of_day("", second, &first);
    const auto third = with({ran(1, 4, 7), ran(2, 20, 900)});  // 1 was reset
    const auto lines = parse_statements_day(statements_of_day(file, third, &second));
    REQUIRE(lines.size() == 3);
    CHECK(lines[0].id == 2);
    CHECK(lines[0].calls == 10);
    CHECK(lines[0].total_ms == Approx(890));
    CHECK(lines[1].id == 1);
    CHECK(lines[1].calls == 7);
    CHECK(lines[1].total_ms == Approx(37.5));
    CHECK(lines[2].id == 3);
}

TEST_CASE("statements that could not be read before, or were beyond the list, are not new") {
    const auto now = with({ran(1, 1000, 5000)});
    const auto hidden = with(std::vector<statement>{});
    CHECK(parse_statements_day(statements_of_day("", now, &hidden)).empty());
    std::vector<statement> many;
    for (std::int64_t id = 100; id < 200; ++id) many.push_back(ran(id, 1, 1));
    CHECK(parse_statements_day(statements_of_day("", now,
                                                 [&] {
                                                     static const auto full = with(many);
                                                     return &full;
                                                 }()))
              .empty());
}

TEST_CASE("of statements the 50 that took most time stay") {
    std::vector<statement> many;
    for (std::int64_t id = 1; id <= 80; ++id) many.push_back(ran(id, 1, static_cast<double>(id)));
    const auto before = with({ran(999, 1, 1)});
    const auto lines = parse_statements_day(statements_of_day("", with(many), &before));
    REQUIRE(lines.size() == statement_lines_max);
    CHECK(lines.front().id == 80);
    CHECK(lines.back().id == 31);
}
