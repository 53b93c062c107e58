#include "health/observed.hpp"
#include "support/catch.hpp"

using namespace tallyfs;
using namespace tallyfs::health;
using namespace tallyfs::health::observed;

namespace {

/// Over its threshold of 200,050 dead rows of a million, since then.
table late_table(std::chrono::minutes since) {
    auto made = rows("orders", 1'000'000, 0);
    made.dead_rows = 250'000;
    made.due_since = noon - since;
    return made;
}

std::vector<finding> of_table(const table& t, const sample& now = server(),
                              const snapshot* before = nullptr) {
    auto full = database();
    full.tables = {t};
    return of("autovacuum_due", judged(full, now, before));
}

}  // namespace

TEST_CASE("autovacuum is late after three naptimes over the threshold") {
    CHECK(of_table(late_table(3min)).empty());
    const auto found = of_table(late_table(4min));
    REQUIRE(found.size() == 1);
    CHECK(found[0].key() == "autovacuum_due|app|public.orders");
    CHECK(found[0].title == "autovacuum late");
    CHECK(found[0].figures_text == "250k dead of 1.2M (20.0%)");
    CHECK(says(found[0], "triggers at 200k dead rows, for 240 s now"));
    CHECK(says(found[0], "0 of 3 autovacuum workers are busy"));
    CHECK(found[0].since == noon - 4min);
    CHECK(found[0].remedy.kind == "pg-table-options");
    CHECK(found[0].remedy.parameters.at("options") ==
          "autovacuum_vacuum_scale_factor=0.01,autovacuum_vacuum_threshold=10000,"
          "autovacuum_analyze_scale_factor=0.005,autovacuum_analyze_threshold=5000,"
          "autovacuum_vacuum_cost_delay=2,autovacuum_vacuum_cost_limit=5000");
    auto slow = server();
    slow.settings["autovacuum_naptime"] = "300";
    CHECK(of_table(late_table(14min), slow).empty());
    CHECK(of_table(late_table(16min), slow).size() == 1);
}

TEST_CASE("a table that is below its threshold is not late, whatever was") {
    auto t = late_table(4min);
    t.dead_rows = 200'000;
    CHECK(of_table(t).empty());
}

TEST_CASE("a vacuum that came in time is no lateness, even if the table is due again") {
    auto t = late_table(60min);
    t.last_autovacuum = noon - 40min;
    // Due at both snapshots, with a vacuum before the first one: due for 30 minutes at least.
    auto before = database(noon - 30min);
    CHECK(of_table(t, server(), &before).size() == 1);
    t.last_autovacuum = noon - 20min;
    CHECK(of_table(t, server(), &before).empty());
}

TEST_CASE("a vacuum that could remove nothing leaves the table late, and the holder is named") {
    auto t = late_table(60min);
    t.last_autovacuum = noon - 1min;
    auto now = server();
    now.prepared = {{"order-17", "app", "o", noon - 2h, 5000}};
    const auto found = of_table(t, now);
    REQUIRE(found.size() == 1);
    CHECK(says(found[0], "held back by prepared transaction order-17"));
    CHECK(found[0].remedy.kind.empty());
    now.prepared[0].prepared = noon - 30s;
    CHECK(of_table(t, now).empty());
    now.prepared[0] = {"order-17", "other", "o", noon - 2h, 5000};
    CHECK(of_table(t, now).empty());
}

TEST_CASE("options that a table has are not proposed again, and small tables need none") {
    auto t = late_table(4min);
    t.options = {"autovacuum_vacuum_scale_factor=0.010", "autovacuum_vacuum_threshold=10000",
                 "autovacuum_analyze_scale_factor=0.005", "autovacuum_analyze_threshold=5000"};
    auto now = server();
    now.settings["autovacuum_vacuum_cost_delay"] = "2";
    auto found = of_table(t, now);
    REQUIRE(found.size() == 1);
    CHECK(found[0].remedy.parameters.at("options") == "autovacuum_vacuum_cost_limit=5000");
    t.options.push_back("autovacuum_vacuum_cost_limit=5000");
    CHECK(of_table(t, now)[0].remedy.kind == "pg-vacuum");

    auto small = rows("small", 1000, 400);
    small.due_since = noon - 10min;
    found = of_table(small);
    REQUIRE(found.size() == 1);
    CHECK(found[0].remedy.kind == "pg-vacuum");
}

TEST_CASE("a vacuum that runs is told beside its lateness") {
    auto now = server();
    now.vacuums = {vacuuming(7, "public.orders")};
    const auto found = of_table(late_table(4min), now);
    REQUIRE(found.size() == 1);
    CHECK(says(found[0], "a vacuum of it runs: scanning heap, 34.0% scanned"));
}

TEST_CASE("inserted rows alone make a vacuum late as well, by a rule of their own") {
    auto full = database();
    full.tables = {rows("log", 1'000'000, 0)};
    full.tables[0].inserted_since_vacuum = 300'000;
    full.tables[0].due_since = noon - 4min;
    auto found = judged(full);
    REQUIRE(found.size() == 1);
    CHECK(found[0].key() == "insert_vacuum|app|public.log");
    CHECK(found[0].remedy.parameters.at("options").starts_with(
        "autovacuum_vacuum_insert_scale_factor=0.01,autovacuum_vacuum_insert_threshold=10000,"));
    full.tables[0].inserted_since_vacuum = 200'000;
    CHECK(judged(full).empty());
    full.tables[0].inserted_since_vacuum = 300'000;
    full.tables[0].options = {"autovacuum_vacuum_insert_threshold=-1"};
    CHECK(judged(full).empty());
}

TEST_CASE("a table with autovacuum off is a finding always, and is not late") {
    auto full = database();
    full.tables = {rows("staging", 10, 0), late_table(60min)};
    full.tables[0].options = {"autovacuum_enabled=false"};
    full.tables[1].options = {"autovacuum_enabled=false"};
    const auto found = judged(full);
    CHECK(of("autovacuum_due", found).empty());
    REQUIRE(of("autovacuum_off", found).size() == 2);
    CHECK(of("autovacuum_off", found)[1].remedy.parameters.at("options") ==
          "autovacuum_enabled=true");
    full.tables = {rows("staging", 10, 0)};
    full.tables[0].options = {"autovacuum_enabled=true"};
    CHECK(judged(full).empty());
}

TEST_CASE("autovacuum that is off for the server is one finding of the server") {
    auto now = server();
    now.settings["autovacuum"] = "off";
    const auto found = judged(now);
    REQUIRE(found.size() == 1);
    CHECK(found[0].key() == "autovacuum_off||server");
    auto full = database();
    full.tables = {late_table(60min)};
    CHECK(of("autovacuum_off", judged(full, now)).empty());
    now.is_standby = true;
    CHECK(judged(now).empty());
}

TEST_CASE("wraparound is judged by both counters, of databases and of tables with TOAST") {
    auto now = server();
    now.databases.resize(3);
    now.databases[0].name = "app";
    now.databases[0].xid_age = 199'999'999;
    now.databases[1].name = "old";
    now.databases[1].mxid_age = 500'000'000;
    now.databases[2].name = "young";
    auto found = judged(now);
    REQUIRE(found.size() == 1);
    CHECK(found[0].key() == "wraparound|old|database");
    CHECK(found[0].severity == severity::warning);
    CHECK(found[0].figures_text == "mxid age 500M (23.3%), 1.6G left");

    auto full = database();
    full.tables = {rows("a", 1, 0), rows("b", 1, 0), rows("c", 1, 0)};
    full.tables[0].xid_age = 250'000'000;
    full.tables[1].toast_xid_age = 600'000'000;
    found = judged(full, now);
    REQUIRE(found.size() == 2);
    CHECK(found[0].severity == severity::info);
    CHECK(found[0].remedy.kind.empty());
    CHECK(found[1].severity == severity::warning);
    CHECK(says(found[1], "TOAST"));
    CHECK(found[1].remedy.parameters ==
          std::map<std::string, std::string>{{"table", "public.b"}, {"freeze", "yes"}});
}

TEST_CASE("the server's own limits are an emergency, whatever is configured") {
    auto now = server();
    now.databases.resize(1);
    now.databases[0].name = "app";
    thresholds limits;
    const auto severity_at = [&](std::int32_t version, std::int64_t age) {
        now.version = version;
        now.databases[0].xid_age = age;
        return judge(server_view{now, {}}, limits).front();
    };
    limits.xid_age_critical = 2'147'483'647;
    constexpr std::int64_t end = 2'147'483'647;
    CHECK(severity_at(150'020, end - 40'000'001).severity == severity::warning);
    const auto found = severity_at(150'020, end - 40'000'000);
    CHECK(found.severity == severity::critical);
    CHECK(found.title == "writes stop soon: wraparound");
    CHECK(value(found, "left_until_writes_stop") == 37'000'000);
    CHECK(says(found, "in 37,000,000 xids nothing can be written; reads go on"));
    CHECK(severity_at(130'000, end - 40'000'000).severity == severity::warning);
    CHECK(severity_at(130'000, end - 11'000'000).severity == severity::critical);
}

TEST_CASE("the names of all rules are sorted") {
    CHECK(std::ranges::is_sorted(rule_names()));
    CHECK(std::ranges::binary_search(rule_names(), std::string_view("schema_drift")));
}
