#include "postgres/seen.hpp"

#include <tallyfs/health/autovacuum.hpp>

#include <cmath>
#include <sstream>

using namespace tallyfs;
using namespace tallyfs::postgres;
using namespace tallyfs::test;

TEST_CASE("effective thresholds of tables are those of the verified query") {
    NEEDS_POSTGRESQL();
    postgres_cluster server({"autovacuum_naptime=1h", "autovacuum_vacuum_threshold=77",
                             "autovacuum_analyze_scale_factor=0.03",
                             "autovacuum_freeze_max_age=150000000"});
    server.psql(
        "CREATE TABLE plain (n int); INSERT INTO plain SELECT generate_series(1, 5000);"
        "CREATE TABLE own (n int) WITH (autovacuum_vacuum_scale_factor=0.01,"
        " autovacuum_vacuum_insert_threshold=-1, autovacuum_freeze_max_age=200000000);"
        "INSERT INTO own SELECT generate_series(1, 7000); VACUUM ANALYZE;"
        "CREATE TABLE off (n int) WITH (autovacuum_enabled=off, autovacuum_freeze_max_age=100000,"
        " autovacuum_vacuum_insert_scale_factor=0.4); INSERT INTO off SELECT generate_series(1, "
        "90)");
    const auto on = connection::open(at(server), patience{});
    REQUIRE(on.has_value());
    const auto sample = take_sample(**on, wall_time{}, {});
    const auto full = take_snapshot(**on, wall_time{}, {});
    REQUIRE(sample.has_value());
    REQUIRE(full.has_value());
    std::istringstream lines(
        server.psql("SET search_path = pg_catalog;" + fixture("autovacuum_thresholds.sql")));
    int compared = 0;
    for (std::string line; std::getline(lines, line); ++compared) {
        const auto name = line.substr(0, line.find('|'));
        const auto t = std::find_if(full->tables.begin(), full->tables.end(),
                                    [&](const auto& one) { return one.full_name() == name; });
        REQUIRE(t != full->tables.end());
        const auto terms = health::terms_of(*t, sample->settings);
        std::ostringstream made;
        made << name << '|' << std::llround(std::max(t->row_estimate, 0.0)) << '|' << t->live_rows
             << '|' << t->dead_rows << '|' << std::llround(terms.vacuum_at) << '|';
        if (terms.insert_at) made << std::llround(*terms.insert_at);
        made << '|' << t->inserted_since_vacuum.value_or(-1) << '|' << (terms.enabled ? 't' : 'f')
             << '|' << std::llround(terms.freeze_age_max.value) << '|' << t->xid_age << '|'
             << t->mxid_age;
        CHECK(made.str() == line);
    }
    CHECK(compared == 3);
}
