#include "health/read_csv.hpp"
#include "health/shown_server.hpp"
#include "support/catch.hpp"

#include <tallyfs/health/report.hpp>

using namespace tallyfs;
using namespace tallyfs::health;
using namespace std::chrono_literals;
using test::read_csv;
using test::shown_server;

namespace {

table some_table(std::uint32_t oid, std::string name, double rows, std::int64_t dead) {
    table t;
    t.oid = oid;
    t.schema = "public";
    t.name = std::move(name);
    t.row_estimate = rows;
    t.live_rows = static_cast<std::int64_t>(rows);
    t.dead_rows = dead;
    t.inserted_since_vacuum = 0;
    return t;
}

}  // namespace

TEST_CASE("a table shows its effective thresholds and where each comes from") {
    auto server = shown_server();
    test::sample_of(server).settings = {{"autovacuum_vacuum_threshold", "60"}};
    auto own = some_table(1, "own", 1000, 100);
    own.options = {"autovacuum_vacuum_scale_factor=0.01", "fillfactor=90"};
    auto stock = some_table(2, "stock", 1000, 100);
    stock.due_since = std::nullopt;
    stock.inserted_since_vacuum = 1200;
    stock.changed_since_analyze = 10;
    auto never = some_table(3, "never", -1, 61);
    never.live_rows = 0;
    test::snapshot_of(server).tables = {stock, own, never};
    const auto rows = read_csv(tables_csv(server, server.databases[0]));
    REQUIRE(rows.size() == 3);

    CHECK(rows[0].at("table") == "public.own");  // 100 are more than 70
    CHECK(rows[0].at("due_by") == "dead rows");
    CHECK(rows[0].at("vacuum_at_dead_rows") == "70");
    CHECK(rows[0].at("vacuum_threshold_rows") == "60");
    CHECK(rows[0].at("vacuum_threshold_from") == "server");
    CHECK(rows[0].at("vacuum_scale_factor") == "0.01");
    CHECK(rows[0].at("vacuum_scale_factor_from") == "table");
    CHECK(rows[0].at("dead_rows_left") == "0");
    CHECK(rows[0].at("options") == "autovacuum_vacuum_scale_factor=0.01 fillfactor=90");

    CHECK(rows[1].at("table") == "public.never");  // 61 are more than 60
    CHECK(rows[1].at("due_by") == "dead rows");
    CHECK(rows[1].at("estimated_rows") == "-1");
    CHECK(rows[1].at("dead_percent") == "100.00");

    CHECK(rows[2].at("table") == "public.stock");
    CHECK(rows[2].at("due_by").empty());
    CHECK(rows[2].at("vacuum_at_dead_rows") == "260");
    CHECK(rows[2].at("dead_rows_left") == "161");  // autovacuum comes at more than 260
    CHECK(rows[2].at("vacuum_at_inserted_rows") == "1200");
    CHECK(rows[2].at("inserted_rows_left") == "1");
    CHECK(rows[2].at("analyze_at_changed_rows") == "150");
    CHECK(rows[2].at("changed_rows_left") == "141");
    CHECK(rows[2].at("autovacuum_enabled") == "yes");
    CHECK(rows[2].at("trend_dead_rows").empty());
}

TEST_CASE("a table's trend is what happened since the snapshot before") {
    auto server = shown_server();
    auto now = some_table(7, "orders", 10'000, 1050);
    now.updated = 500;
    now.deleted = 100;
    now.bytes = 9000;
    test::snapshot_of(server).tables = {now, some_table(8, "new", 0, 0)};
    auto before = std::make_shared<snapshot>();
    before->taken = server.databases[0].full->taken - 30min;
    auto then = some_table(7, "orders_before_it_was_renamed", 10'000, 550);
    then.bytes = 8000;
    before->tables = {then};
    server.databases[0].full_before = before;
    const auto rows = read_csv(tables_csv(server, server.databases[0]));
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].at("table") == "public.orders");
    CHECK(rows[0].at("trend_dead_rows") == "500");
    CHECK(rows[0].at("trend_bytes") == "1000");
    CHECK(rows[0].at("trend_changed_rows_per_hour") == "1200");
    CHECK(rows[0].at("dead_rows_left") == "1001");  // of 50 + 0.2 x 10,000
    CHECK(rows[0].at("seconds_left_at_trend") == "3603");
    CHECK(rows[1].at("trend_dead_rows").empty());

    // Statistics that were reset tell no rate.
    auto reset = std::make_shared<snapshot>(*before);
    reset->tables[0].updated = 1'000'000;
    server.databases[0].full_before = reset;
    CHECK(read_csv(tables_csv(server, server.databases[0]))[0]
              .at("trend_changed_rows_per_hour")
              .empty());
}

TEST_CASE("statements and roles are rows, limits that are none are empty") {
    auto server = shown_server();
    auto& full = test::snapshot_of(server);
    full.statements.push_back({-42, "web", "SELECT ?", 4, 300, 75, 10, 0, 0, 0, std::nullopt});
    full.statements.push_back({43, "web", "UPDATE t", 0, 100, 0, 0, 0, 0, 0, 900});
    full.roles.push_back({"app",
                          true,
                          false,
                          false,
                          false,
                          false,
                          false,
                          -1,
                          std::nullopt,
                          {"readers", "writers"},
                          {"search_path=app"}});
    const auto queries = read_csv(queries_csv(server.databases[0]));
    REQUIRE(queries.size() == 2);
    CHECK(queries[0].at("query_id") == "-42");
    CHECK(queries[0].at("share_percent") == "75.0");
    CHECK(queries[0].at("rows_per_call") == "2.50");
    CHECK(queries[0].at("wal_bytes").empty());
    CHECK(queries[1].at("rows_per_call").empty());
    CHECK(queries[1].at("wal_bytes") == "900");
    const auto roles = read_csv(roles_csv(server.databases[0]));
    REQUIRE(roles.size() == 1);
    CHECK(roles[0].at("can_login") == "yes");
    CHECK(roles[0].at("connections_max").empty());
    CHECK(roles[0].at("member_of") == "readers writers");
}

TEST_CASE("the schema of a database is shown, and why it is not") {
    auto server = shown_server();
    CHECK(schema_sql(server.databases[0]).starts_with("-- Nothing has been created"));
    auto& full = test::snapshot_of(server);
    full.schema = {{"view", "public.v", "SELECT 1"}};
    CHECK(schema_sql(server.databases[0]).find("public.v") != std::string::npos);
    full.schema.clear();
    full.schema_fingerprint.clear();
    CHECK(schema_sql(server.databases[0]).find("could not be read") != std::string::npos);
}
