#include "health/observed.hpp"
#include "support/catch.hpp"

using namespace tallyfs;
using namespace tallyfs::health;
using namespace tallyfs::health::observed;

namespace {

std::vector<finding> of_table(const table& t, const sample& now = server()) {
    auto full = database();
    full.tables = {t};
    return judged(full, now);
}

}  // namespace

TEST_CASE("dead rows are a finding from ten percent on, if there are enough") {
    CHECK(of_table(rows("empty", 0, 0)).empty());
    CHECK(of_table(rows("few", 1, 9'999)).empty());
    CHECK(of_table(rows("exactly ten", 90'000, 10'000)).empty());
    auto found = of_table(rows("orders", 89'000, 11'000));
    REQUIRE(found.size() == 1);
    CHECK(found[0].key() == "dead_ratio|app|public.orders");
    CHECK(found[0].severity == severity::warning);
    CHECK(found[0].figures_text == "11.0k dead of 100k (11.0%)");
    CHECK(found[0].remedy.kind == "pg-vacuum");
    CHECK(found[0].remedy.parameters ==
          std::map<std::string, std::string>{{"table", "public.orders"}, {"freeze", "no"}});
    CHECK(of_table(rows("exactly twenty", 80'000, 20'000))[0].severity == severity::warning);
    CHECK(of_table(rows("more", 79'000, 21'000))[0].severity == severity::critical);
    CHECK(of_table(rows("all dead", 0, 21'000))[0].severity == severity::critical);
}

TEST_CASE("a bad partition is found below a root that looks well") {
    auto full = database();
    for (int i = 0; i < 4; ++i) {
        full.tables.push_back(rows("p" + std::to_string(i), 1'000'000, 10'000));
        full.tables.back().root = "public.p";
    }
    CHECK(judged(full).empty());
    full.tables[2].dead_rows = 300'000;
    const auto found = judged(full);
    REQUIRE(found.size() == 1);
    CHECK(found[0].key() == "partitions|app|public.p");
    CHECK(found[0].severity == severity::critical);
    CHECK(value(found[0], "dead_percent") == Approx(7.62).epsilon(0.01));
    CHECK(value(found[0], "worst_dead_percent") == Approx(23.08).epsilon(0.01));
    CHECK(says(found[0], "worst: public.p2, 300k dead of 1.3M (23.1%)"));
    CHECK(found[0].evidence.rows[0][0] == "public.p2");
    CHECK(found[0].remedy.parameters.at("table") == "public.p2");
}

TEST_CASE("partitions that are all small are judged by their sum") {
    auto full = database();
    for (int i = 0; i < 4; ++i) {
        full.tables.push_back(rows("p" + std::to_string(i), 10'000, 3'000));
        full.tables.back().root = "public.p";
    }
    const auto found = judged(full);
    REQUIRE(found.size() == 1);
    CHECK(value(found[0], "dead_rows") == 12'000);
}

TEST_CASE("where something keeps dead rows, a vacuum is not what is asked for first") {
    auto t = rows("orders", 50'000, 50'000);
    auto now = server();
    now.sessions = {client(4711, "idle in transaction", 2h)};
    now.sessions[0].xmin_age = 5000;
    CHECK(of("dead_ratio", of_table(t, now))[0].remedy.kind == "pg-vacuum");
    t.last_autovacuum = noon - 3h;
    CHECK(of("dead_ratio", of_table(t, now))[0].remedy.kind == "pg-vacuum");
    CHECK(says(of("dead_ratio", of_table(t, now))[0], "some may be held back by session"));
    t.last_autovacuum = noon - 1min;
    auto found = of("dead_ratio", of_table(t, now));
    CHECK(found[0].remedy.kind.empty());
    CHECK(found[0].remedy.advice.ends_with("session pid 4711 of repl_agent@10.2.4.17"));
    now.sessions[0].database = "other";
    found = of("dead_ratio", of_table(t, now));
    CHECK(found[0].remedy.kind == "pg-vacuum");
    CHECK_FALSE(says(found[0], "held back"));
}

TEST_CASE("churn is a rate between two snapshots") {
    auto before = database(noon - 30min);
    before.tables = {rows("queue", 20'000, 0)};
    auto full = database();
    full.tables = before.tables;
    full.tables[0].updated = 11'000;
    full.tables[0].updated_hot = 1'100;
    CHECK(judged(full).empty());
    const auto found = judged(full, server(), &before);
    REQUIRE(found.size() == 1);
    CHECK(found[0].key() == "churn|app|public.queue");
    CHECK(found[0].severity == severity::info);
    CHECK(value(found[0], "churn_percent_per_hour") == Approx(110));
    CHECK(says(found[0], "110% an hour; 10.0% of the updates in place"));
    full.tables[0].updated = 9'999;
    CHECK(judged(full, server(), &before).empty());
    full.tables[0].updated = 11'000;
    full.tables[0].live_rows = 22'000;
    CHECK(judged(full, server(), &before).empty());
}

TEST_CASE("churn is not reckoned over a reset of the statistics") {
    auto before = database(noon - 30min);
    before.tables = {rows("queue", 20'000, 0)};
    auto full = database();
    full.tables = before.tables;
    full.tables[0].updated = 40'000;
    auto now = server();
    now.databases.resize(1);
    now.databases[0].name = "app";
    now.databases[0].reset = noon - 40min;
    CHECK(judged(full, now, &before).size() == 1);
    now.databases[0].reset = noon - 10min;
    CHECK(judged(full, now, &before).empty());
    before.tables[0].deleted = 1;
    now.databases[0].reset.reset();
    CHECK(judged(full, now, &before).empty());
}

TEST_CASE("of very many tables the worst are told, and the others are counted") {
    auto full = database();
    for (int i = 0; i < 400; ++i) {
        full.tables.push_back(rows("t" + std::to_string(i), 0, 20'000 + i));
    }
    const auto found = judged(full);
    REQUIRE(found.size() == 51);
    const auto& rest = found.front();
    CHECK(rest.key() == "dead_ratio|app|(others)");
    CHECK(rest.figures_text == "350 more, beside the worst 50");
    CHECK(rest.evidence.rows_total == 350);
    CHECK(rest.evidence.rows.size() == evidence_rows_max);
    CHECK(std::ranges::none_of(found, [](auto& one) { return one.subject == "public.t0"; }));
    CHECK(std::ranges::any_of(found, [](auto& one) { return one.subject == "public.t399"; }));
}

TEST_CASE("tables of a standby are judged by age only, and mended on its primary") {
    auto t = rows("orders", 0, 50'000);
    t.options = {"autovacuum_enabled=off"};
    t.xid_age = 600'000'000;
    auto now = server();
    now.is_standby = true;
    const auto found = of_table(t, now);
    REQUIRE(found.size() == 1);
    CHECK(found[0].rule == "wraparound");
    CHECK(found[0].remedy.kind.empty());
    CHECK(found[0].remedy.advice.ends_with("(on the primary)"));
}

TEST_CASE("findings are the same for the same arguments, and each key is there once") {
    auto full = database();
    full.tables = {rows("b", 0, 20'000), rows("a", 0, 20'000), rows("a", 0, 30'000)};
    const auto once = judged(full);
    CHECK(once == judged(full));
    REQUIRE(once.size() == 2);
    CHECK(once[0].subject == "public.a");
}
