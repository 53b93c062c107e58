#include "health/observed.hpp"
#include "support/catch.hpp"

#include <tallyfs/health/autovacuum.hpp>

using namespace tallyfs;
using namespace tallyfs::health;
using namespace tallyfs::health::observed;

TEST_CASE("a table is due at the threshold and 0.2 of the estimated rows, and not before") {
    auto t = rows("t", 999, 0);
    t.row_estimate = 100;
    const auto terms = terms_of(t, {});
    CHECK(terms.vacuum_at == Approx(70));
    CHECK(terms.analyze_at == Approx(60));
    t.dead_rows = 70;
    CHECK_FALSE(terms.vacuum_due(t));
    t.dead_rows = 71;
    CHECK(terms.vacuum_due(t));
    t.changed_since_analyze = 60;
    CHECK_FALSE(terms.analyze_due(t));
    t.changed_since_analyze = 61;
    CHECK(terms.analyze_due(t));
}

TEST_CASE("a table that was never vacuumed counts as empty") {
    auto t = rows("t", 1'000'000, 60);
    t.row_estimate = -1;
    const auto terms = terms_of(t, {});
    CHECK(terms.vacuum_at == 50);
    CHECK(terms.vacuum_due(t));
    t.dead_rows = 50;
    CHECK_FALSE(terms.vacuum_due(t));
}

TEST_CASE("a table's options come before the server's settings") {
    const server_settings settings{{"autovacuum_vacuum_scale_factor", "0.4"},
                                   {"autovacuum_vacuum_threshold", "1000"},
                                   {"autovacuum_analyze_threshold", "not a number"}};
    auto t = rows("t", 1000, 0);
    t.options = {"fillfactor=90", "autovacuum_vacuum_scale_factor=0.01",
                 "toast.autovacuum_vacuum_threshold=7", "autovacuum_analyze_scale_factor=-1"};
    const auto terms = terms_of(t, settings);
    CHECK(terms.vacuum_scale_factor.from_table);
    CHECK_FALSE(terms.vacuum_threshold.from_table);
    CHECK(terms.vacuum_at == Approx(1010));
    CHECK_FALSE(terms.analyze_scale_factor.from_table);
    CHECK(terms.analyze_at == Approx(150));
}

TEST_CASE("inserted rows bring a vacuum unless that is switched off or not known to the version") {
    auto t = rows("t", 0, 0);
    t.row_estimate = 10'000;
    t.inserted_since_vacuum = 3001;
    CHECK(terms_of(t, {}).insert_at == Approx(3000));
    CHECK(terms_of(t, {}).insert_due(t));
    t.inserted_since_vacuum = 3000;
    CHECK_FALSE(terms_of(t, {}).insert_due(t));
    t.inserted_since_vacuum = 1'000'000;
    t.options = {"autovacuum_vacuum_insert_threshold=-1"};
    CHECK_FALSE(terms_of(t, {}).insert_at);
    CHECK_FALSE(terms_of(t, {}).insert_due(t));
    t.options = {"autovacuum_vacuum_insert_threshold=0"};
    CHECK(terms_of(t, {{"autovacuum_vacuum_insert_threshold", "-1"}}).insert_due(t));
    t.inserted_since_vacuum.reset();
    CHECK_FALSE(terms_of(t, {}).insert_at);
}

TEST_CASE("what is switched off is due only against wraparound") {
    auto t = rows("t", 100, 100'000);
    t.xid_age = 200'000'000;
    CHECK(terms_of(t, {}).enabled);
    for (const auto* off : {"off", "OFF", "false", "f", "no", "0"}) {
        t.options = {std::string("autovacuum_enabled=") + off};
        const auto terms = terms_of(t, {});
        CHECK_FALSE(terms.enabled);
        CHECK(terms.enabled_from_table);
        CHECK_FALSE(terms.vacuum_due(t));
        CHECK_FALSE(terms.freeze_due(t));
    }
    t.options = {"autovacuum_enabled=true"};
    CHECK(terms_of(t, {}).enabled);
    CHECK(terms_of(t, {}).enabled_from_table);
    for (const auto* name : {"autovacuum", "track_counts"}) {
        const auto terms = terms_of(t, {{name, "off"}});
        CHECK_FALSE(terms.enabled);
        CHECK_FALSE(terms.enabled_from_table);
        CHECK_FALSE(terms.vacuum_due(t));
        t.xid_age = 200'000'001;
        CHECK(terms.freeze_due(t));
    }
}

TEST_CASE("a table can only lower the age at which it is vacuumed by force") {
    auto t = rows("t", 1, 0);
    t.options = {"autovacuum_freeze_max_age=1000000000",
                 "autovacuum_multixact_freeze_max_age=100000"};
    const auto terms = terms_of(t, {});
    CHECK(terms.freeze_age_max.value == 200'000'000);
    CHECK_FALSE(terms.freeze_age_max.from_table);
    CHECK(terms.mxid_freeze_age_max.value == 100'000);
    CHECK(terms.mxid_freeze_age_max.from_table);
    t.mxid_age = 100'000;
    CHECK_FALSE(terms.freeze_due(t));
    t.mxid_age = 100'001;
    CHECK(terms.freeze_due(t));
    t.mxid_age = 0;
    t.toast_xid_age = 200'000'001;
    CHECK(terms.freeze_due(t));
}

TEST_CASE("a table is due since the first of the snapshots without a break") {
    const auto late = rows("late", 100, 1000);
    const auto fine = rows("fine", 100, 10);
    auto first = database(noon - 1h);
    first.tables = {late, fine};
    carry_over(nullptr, first, {});
    CHECK(first.tables[0].due_since == noon - 1h);
    CHECK_FALSE(first.tables[1].due_since);

    auto second = database(noon - 30min);
    second.tables = {fine, late};
    second.tables[0].dead_rows = 1000;
    carry_over(&first, second, {});
    CHECK(second.tables[0].due_since == noon - 30min);
    CHECK(second.tables[1].due_since == noon - 1h);

    auto third = database();
    third.tables = {late, rows("another with the same name", 100, 1000)};
    third.tables[0].dead_rows = 0;
    carry_over(&second, third, {});
    CHECK_FALSE(third.tables[0].due_since);
    CHECK(third.tables[1].due_since == noon);
}

TEST_CASE("every threshold has a definition with a default in its range") {
    const thresholds defaults;
    std::string_view before;
    for (const auto& one : threshold_definitions()) {
        CHECK(before < one.name);
        before = one.name;
        CHECK(defaults.*one.value >= one.min);
        CHECK(defaults.*one.value <= one.max);
        CHECK_FALSE(one.meaning.empty());
    }
    CHECK(threshold_definitions().size() * sizeof(std::int64_t) == sizeof(thresholds));
}
