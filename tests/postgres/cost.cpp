#include "postgres/look.hpp"
#include "postgres/server.hpp"

#include <iostream>

using namespace tallyfs;
using namespace tallyfs::postgres;
using namespace tallyfs::test;

namespace {

/// Milliseconds of the server's processors for each of `times` calls.
template <class Look>
double cost_ms(const postgres_cluster& server, int times, const Look& look) {
    const auto before = server.processor_time();
    for (int i = 0; i < times; ++i) REQUIRE(look().has_value());
    return static_cast<double>((server.processor_time() - before).count()) / times;
}

}  // namespace

TEST_CASE("looking at 1,000 tables costs the server less than 1 % of a core") {
    NEEDS_POSTGRESQL();
    postgres_cluster server({"autovacuum=off", "shared_preload_libraries=pg_stat_statements"});
    server.psql("CREATE EXTENSION pg_stat_statements");
    server.psql(R"(DO $$ BEGIN FOR i IN 1..1000 LOOP
        EXECUTE format('CREATE TABLE table_%s (id int PRIMARY KEY, name text NOT NULL,
            price numeric CHECK (price > 0), at timestamptz DEFAULT now(), note text)', i);
        EXECUTE format('CREATE INDEX ON table_%s (at)', i);
        EXECUTE format('INSERT INTO table_%s SELECT n, md5(n::text), n
            FROM generate_series(1, 50) n', i);
        IF i % 100 = 0 THEN COMMIT; END IF;
        END LOOP; END $$)");
    server.psql("VACUUM ANALYZE");
    const auto on = connection::open(at(server), patience{});
    REQUIRE(on.has_value());
    const auto now = system_clock_source().wall();
    // What a new session has to read once.
    REQUIRE(take_sample(**on, now, {}).has_value());
    const double sample = cost_ms(server, 100, [&] { return take_sample(**on, now, {}); });
    const double waits = cost_ms(server, 500, [&] { return look_at_waits(**on); });
    const double whole = cost_ms(server, 3, [&] { return take_snapshot(**on, now, {}); });
    const auto seen = take_snapshot(**on, now, {});
    REQUIRE(seen.has_value());
    CHECK(seen->tables.size() == 1'000);
    CHECK(seen->missing.empty());
    CHECK(seen->schema.size() > 10'000);

    const double percent = (sample / 10'000 + waits / 1'000 + whole / 1'800'000) * 100;
    std::cout << "1,000 tables, milliseconds of the server's processors: a look " << sample
              << ", the waits " << waits << ", a snapshot " << whole << "; with a look every 10 s,"
              << " the waits every second and a snapshot every 30 min " << percent
              << " % of a core\n";
    CHECK(percent < 1.0);
}
