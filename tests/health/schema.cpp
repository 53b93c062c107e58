// A schema as text, what differs from the registered state, and that state once it is replaced.
#include "support/catch.hpp"

#include <tallyfs/base/digest.hpp>
#include <tallyfs/health/schema.hpp>

#include <algorithm>

using namespace tallyfs;
using namespace tallyfs::health;

namespace {

const auto then = *parse_rfc3339("2026-11-20T10:00:00Z");
const auto later = *parse_rfc3339("2026-11-21T08:30:00Z");

const std::vector<schema_item> orders{
    {"column", "public.orders.id", "1 bigint not null"},
    {"column", "public.orders.total", "2 numeric(10,2)"},
    {"relation", "public.orders", "r"},
    {"view", "public.big", " SELECT id\n   FROM orders\n  WHERE total > 100;"}};

registered_schema registered(std::vector<schema_item> items = orders) {
    registered_schema made;
    made.database = "prod/orders-cl/app";
    made.since = then;
    made.why = "seen first";
    made.fingerprint = fingerprint_of(items);
    made.items = std::move(items);
    return made;
}

snapshot seen(std::vector<schema_item> items, std::vector<std::string> applied = {}) {
    snapshot made;
    made.taken = later;
    made.database = "app";
    std::ranges::sort(items);
    made.schema_fingerprint = fingerprint_of(items);
    made.schema = std::move(items);
    made.applied_migrations = std::move(applied);
    return made;
}

auto with(std::vector<schema_item> items, const schema_item& more) {
    items.push_back(more);
    std::ranges::sort(items);
    return items;
}

}  // namespace

TEST_CASE("a schema is text with one item a block, and its fingerprint is that of its lines") {
    CHECK(schema_text({}).empty());
    CHECK(schema_text(orders).starts_with("-- column public.orders.id\n1 bigint not null\n\n"));
    CHECK(schema_text(orders).ends_with(
        "-- view public.big\n SELECT id\n   FROM orders\n  WHERE total > 100;\n\n"));
    CHECK(fingerprint_of(std::span(orders).first(2)) ==
          sha256_hex("column|public.orders.id|1 bigint not null\n"
                     "column|public.orders.total|2 numeric(10,2)"));
}

TEST_CASE("a difference shows what was added, removed and changed, and nothing else") {
    auto now = orders;
    now[1].definition = "2 numeric(12,2)";
    now[3].definition = " SELECT id\n   FROM orders\n  WHERE total > 200;";
    now.erase(now.begin());
    now.push_back({"index", "public.orders_total", "CREATE INDEX …"});
    const auto snapshot = seen(now);
    CHECK(drift_diff(registered(), snapshot) ==
          "--- registered 2026-11-20T10:00:00.000000Z (seen first)\n"
          "+++ now 2026-11-21T08:30:00.000000Z\n"
          "@@ column public.orders.id @@\n-1 bigint not null\n"
          "@@ column public.orders.total @@\n-2 numeric(10,2)\n+2 numeric(12,2)\n"
          "@@ index public.orders_total @@\n+CREATE INDEX …\n"
          "@@ view public.big @@\n  SELECT id\n    FROM orders\n-  WHERE total > 100;\n"
          "+  WHERE total > 200;\n");
    CHECK(drift_diff(registered(), seen(orders)).empty());
    const auto short_one = drift_diff(registered(), snapshot, 100);
    CHECK(short_one.ends_with("-1 bigint not null\n@@ 3 more items not shown @@\n"));
}

TEST_CASE("of a long definition only the lines around the change are shown") {
    std::string body;
    for (int i = 0; i < 9; ++i) body += "line " + std::to_string(i) + "\n";
    auto changed = body;
    changed.replace(changed.find("line 4"), 6, "line x\nline y");
    const auto text =
        drift_diff(registered({{"function", "f()", body}}), seen({{"function", "f()", changed}}));
    CHECK(
        text.ends_with("@@ function f() @@\n line 2\n line 3\n-line 4\n+line x\n+line y\n"
                       " line 5\n line 6\n"));
}

TEST_CASE("a schema that is not the registered one is a finding, with counts and names") {
    CHECK_FALSE(drift_finding(registered(), seen(orders)));
    auto unreadable = seen({});
    unreadable.schema_fingerprint.clear();
    CHECK_FALSE(drift_finding(registered(), unreadable));
    const auto found =
        drift_finding(registered(), seen(with(orders, {"relation", "public.extra", "r"})));
    REQUIRE(found);
    CHECK(found->rule == "schema_drift");
    CHECK(found->database == "app");
    CHECK(found->figures_text == "1 item added, 0 removed, 0 changed");
    CHECK(found->title.size() <= 40);
    CHECK(found->evidence.rows ==
          std::vector<std::vector<std::string>>{{"added", "relation", "public.extra"}});
    std::vector<schema_item> many;
    for (int i = 100; i < 200; ++i) many.push_back({"relation", "r" + std::to_string(i), "r"});
    const auto large = drift_finding(registered(), seen(many));
    CHECK(large->evidence.rows.size() == evidence_rows_max);
    CHECK(large->evidence.rows_total == 104);
}

TEST_CASE("what a migration changed is registered, and what had drifted before it still has") {
    const auto drifted = with(orders, {"relation", "public.by_hand", "r"});
    auto migrated = with(drifted, {"relation", "public.by_migration", "r"});
    migrated.erase(migrated.begin());
    const auto state = after_migrations(registered(), drifted, seen(migrated, {"1"}));
    CHECK(std::ranges::is_sorted(state.items));
    CHECK(state.applied == std::vector<std::string>{"1"});
    CHECK(state.since == later);
    const auto left = drift_diff(state, seen(migrated));
    CHECK(left.find("@@ relation public.by_hand @@\n+r\n") != std::string::npos);
    CHECK(left.find("by_migration") == std::string::npos);
    CHECK(left.find("orders.id") == std::string::npos);
    const auto clean = after_migrations(registered(), orders, seen(migrated));
    CHECK(clean.fingerprint == seen(migrated).schema_fingerprint);
}

TEST_CASE("a registered state is read as it was written, and nothing else is") {
    auto state = registered();
    state.applied = {"1", "2"};
    state.checksums = {{"1", "aa"}};
    state.drifted = true;
    const auto text = to_json(state);
    CHECK(parse_registered_schema(text) == state);
    for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
             {"\"v\":1", "\"v\":2"},
             {"\"items\":[[\"column\"", "\"items\":[[1"},
             {"\"items\":[[\"column\"", "\"items\":[[\"zebra\""},
             {"\"since\":\"2026", "\"since\":\"x"},
             {"\"why\"", "\"y\""},
             {"{", "["}}) {
        INFO(from);
        auto wrong = text;
        wrong.replace(wrong.find(from), from.size(), to);
        CHECK_FALSE(parse_registered_schema(wrong));
    }
    CHECK_FALSE(parse_registered_schema(""));
    state.items[0].definition = "default 'caf\xe9'";
    CHECK(parse_registered_schema(to_json(state))->items[0].definition ==
          "default 'caf\xef\xbf\xbd'");
}
