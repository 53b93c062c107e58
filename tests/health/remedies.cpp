// Remedies as SQL: what would run, what takes it back, and which parameters make none.
#include "support/catch.hpp"

#include <tallyfs/health/remedy.hpp>

using namespace tallyfs;
using namespace tallyfs::health;

namespace {

wall_time at(const char* text) {
    return *parse_rfc3339(text);
}

snapshot with_table(table_options options) {
    snapshot full;
    full.taken = at("2026-11-20T09:30:00Z");
    table one;
    one.schema = "public";
    one.name = "orders";
    one.live_rows = 900;
    one.dead_rows = 100;
    one.options = std::move(options);
    full.tables = {one};
    return full;
}

std::string problem_of(std::string_view kind, const remedy_parameters& all) {
    return plan_of(kind, all).problem;
}

}  // namespace

TEST_CASE("a table's name is read as people and snapshots write it, and written back") {
    CHECK(parse_table_name("public.Orders") == table_name{"public", "Orders"});
    CHECK(parse_table_name("\"my.schema\".\"a\"\"b\"") == table_name{"my.schema", "a\"b"});
    for (const auto& name : {table_name{"public", "orders"}, table_name{"a.b", "c\"d.e"}}) {
        CHECK(parse_table_name(name.text()) == name);
    }
    for (const auto* text :
         {"", "orders", ".orders", "public.", "a.b.c", "\"a.b", "\"a\"b.c", "a.\"b\"c", "a.b\n",
          "a.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}) {
        INFO(text);
        CHECK_FALSE(parse_table_name(text));
    }
}

TEST_CASE("a vacuum is one statement without a way back") {
    const auto plan = plan_of("pg-vacuum", {{"table", "public.orders"}});
    CHECK(plan.problem.empty());
    CHECK(plan.forward.text() == "VACUUM \"public\".\"orders\";\n");
    CHECK_FALSE(plan.undo);
    CHECK(plan.title == "Vacuum public.orders");
    CHECK(plan_of("pg-vacuum", {{"table", "a.\"B;--\""}, {"freeze", "yes"}, {"analyze", "yes"}})
              .forward.text() == "VACUUM (FREEZE, ANALYZE) \"a\".\"B;--\";\n");
    CHECK_FALSE(problem_of("pg-vacuum", {{"table", "orders"}}).empty());
    CHECK_FALSE(problem_of("pg-vacuum", {{"table", "a.b"}, {"freeze", "perhaps"}}).empty());
    CHECK(problem_of("pg-vacuum", {{"table", "a.b"}, {"frieze", "yes"}}).find("freeze") !=
          std::string::npos);
    CHECK_FALSE(problem_of("pg-vakuum", {{"table", "a.b"}}).empty());
}

TEST_CASE("options of a table are changed only from what they were, and put back in their order") {
    const remedy_parameters all{
        {"table", "public.orders"},
        {"options", "autovacuum_vacuum_scale_factor=0.01,autovacuum_vacuum_threshold=10000"},
        {"before", "autovacuum_vacuum_scale_factor=0.050,fillfactor=70"}};
    const auto plan = plan_of("pg-table-options", all);
    REQUIRE(plan.problem.empty());
    CHECK(plan.forward.in_transaction);
    CHECK(plan.forward.statements_text() ==
          "ALTER TABLE \"public\".\"orders\"\n    SET (autovacuum_vacuum_scale_factor = 0.01, "
          "autovacuum_vacuum_threshold = 10000);\n");
    CHECK(plan.forward.text().find("ARRAY['autovacuum_vacuum_scale_factor=0.050', "
                                   "'fillfactor=70']") != std::string::npos);
    REQUIRE(plan.undo);
    CHECK(plan.undo->statements_text() ==
          "ALTER TABLE \"public\".\"orders\"\n    SET (autovacuum_vacuum_scale_factor = '0.050', "
          "fillfactor = '70'),\n    RESET (autovacuum_vacuum_threshold);\n");
    const auto change = options_change_of(all);
    REQUIRE(change);
    CHECK(change->after == table_options{"fillfactor=70", "autovacuum_vacuum_scale_factor=0.01",
                                         "autovacuum_vacuum_threshold=10000"});
    CHECK(plan.undo->text().find("ARRAY['fillfactor=70', ") != std::string::npos);
}

TEST_CASE("what was not set before is only reset") {
    const auto plan = plan_of("pg-table-options", {{"table", "public.orders"},
                                                   {"options", "autovacuum_enabled=true"},
                                                   {"before", "fillfactor=70"}});
    REQUIRE(plan.undo);
    CHECK(plan.undo->statements_text() ==
          "ALTER TABLE \"public\".\"orders\"\n    RESET (autovacuum_enabled);\n");
}

TEST_CASE("only known storage parameters with values that they take are set") {
    const auto told = [](const char* options) {
        return problem_of("pg-table-options",
                          {{"table", "a.b"}, {"options", options}, {"before", ""}});
    };
    CHECK(told("autovacuum_vacuum_scale_factor=0.01").empty());
    CHECK(told("autovacuum_vacuum_insert_threshold=-1").empty());
    for (const auto* options :
         {"", "autovacuum_vacuum_scale_factor",
          "autovacuum_vacuum_scale_factor=", "autovacuum_vacuum_scale_factor=0.01);DROP TABLE x",
          "autovacuum_vacuum_threshold=1e4", "autovacuum_vacuum_threshold=0.5",
          "autovacuum_vacuum_threshold=007", "autovacuum_vacuum_threshold=-1",
          "autovacuum_vacuum_cost_limit=10001", "autovacuum_enabled=maybe", "security_barrier=true",
          "fillfactor=nan", "fillfactor=70,fillfactor=80"}) {
        INFO(options);
        CHECK_FALSE(told(options).empty());
    }
    CHECK(told("autovacuum_vacum_threshold=5").find("autovacuum_vacuum_threshold") !=
          std::string::npos);
    CHECK_FALSE(problem_of("pg-table-options", {{"table", "a.b"},
                                                {"options", "fillfactor=80"},
                                                {"before", "x=1'; DROP TABLE y"}})
                    .empty());
    CHECK(problem_of("pg-table-options", {{"table", "a.b"}, {"options", "fillfactor=80"}})
              .find("not known") != std::string::npos);
}

TEST_CASE("a name that would end the block around it does not") {
    const auto plan = plan_of(
        "pg-table-options",
        {{"table", "a.x$tallyfs$; DROP TABLE y"}, {"options", "fillfactor=80"}, {"before", ""}});
    REQUIRE(plan.problem.empty());
    CHECK(plan.forward.checks[0].starts_with("DO 'BEGIN"));
}

TEST_CASE("sessions are ended by pid, start and transaction, never by pid alone") {
    const auto plan = plan_of("pg-terminate", {{"sessions",
                                                "41@2026-11-20T09:00:00.000001Z/"
                                                "2026-11-20T09:05:00Z,42@2026-11-20T09:00:00Z"}});
    REQUIRE(plan.problem.empty());
    CHECK(plan.forward.text() ==
          "SELECT pid, pg_catalog.pg_terminate_backend(pid)\n"
          "    FROM pg_catalog.pg_stat_activity\n"
          "    WHERE pid <> pg_catalog.pg_backend_pid() AND ("
          "(pid, backend_start, xact_start) IN (\n"
          "  (41, '2026-11-20T09:00:00.000001Z', '2026-11-20T09:05:00.000000Z'))\n"
          "  OR (pid, backend_start) IN (\n"
          "  (42, '2026-11-20T09:00:00.000000Z')));\n");
    CHECK(plan.title == "End 2 sessions");
    for (const auto* sessions :
         {"", "41", "41@", "41@yesterday", "0@2026-11-20T09:00:00Z", "-1@2026-11-20T09:00:00Z",
          "x@2026-11-20T09:00:00Z", "41@2026-11-20T09:00:00Z/"}) {
        INFO(sessions);
        CHECK_FALSE(problem_of("pg-terminate", {{"sessions", sessions}}).empty());
    }
}

TEST_CASE("the plan of as many sessions as may be asked for fits into a request") {
    sample now;
    remedy_parameters all;
    std::string list;
    for (int i = 0; i < 45; ++i) {
        session one;
        one.pid = 4'194'000 + i;
        one.backend_start = at("2026-11-20T09:00:00.123456Z");
        one.transaction_start = at("2026-11-20T09:05:00.123456Z");
        now.sessions.push_back(one);
        const auto name = i < 12 ? "sessions" : "sessions" + std::to_string(i / 12 + 1);
        auto& value = all[name];
        value += (value.empty() ? "" : ",") + std::to_string(one.pid) + "@" +
                 to_rfc3339(*one.backend_start);
    }
    complete("pg-terminate", all, now, nullptr);
    const auto sessions = sessions_of(all);
    REQUIRE(sessions);
    CHECK(sessions->size() == sessions_max);
    CHECK(sessions->front().transaction_start == now.sessions.front().transaction_start);
    for (const auto& [name, value] : all) CHECK(value.size() <= 512);
    const auto plan = plan_of("pg-terminate", all);
    CHECK(plan.problem.empty());
    CHECK(plan.forward.text().size() < 2'900);
}

TEST_CASE("a slot and a prepared transaction are named as literals") {
    const auto slot = plan_of("pg-drop-slot", {{"slot", "it's"}});
    CHECK(slot.forward.text().find("NOT active AND slot_name = 'it''s';") != std::string::npos);
    CHECK_FALSE(problem_of("pg-drop-slot", {}).empty());

    remedy_parameters all{{"gid", "a'b"}, {"action", "rollback"}};
    CHECK(problem_of("pg-resolve-prepared", all).find("any more") != std::string::npos);
    sample now;
    now.prepared.push_back({"a'b", "app", "app", at("2026-11-20T09:00:00Z"), 12});
    complete("pg-resolve-prepared", all, now, nullptr);
    const auto plan = plan_of("pg-resolve-prepared", all);
    CHECK(plan.forward.statements_text() == "ROLLBACK PREPARED 'a''b';\n");
    CHECK(plan.forward.text().find("prepared = '2026-11-20T09:00:00.000000Z'") !=
          std::string::npos);
    all["action"] = "commit";
    CHECK(plan_of("pg-resolve-prepared", all).forward.statements_text() ==
          "COMMIT PREPARED 'a''b';\n");
    all["action"] = "forget";
    CHECK_FALSE(problem_of("pg-resolve-prepared", all).empty());
}

TEST_CASE("recommended numbers are only those that are not in force yet") {
    sample now;
    now.settings = {{"autovacuum_vacuum_scale_factor", "0.2"},
                    {"autovacuum_vacuum_threshold", "50"},
                    {"autovacuum_analyze_scale_factor", "0.1"},
                    {"autovacuum_analyze_threshold", "50"},
                    {"autovacuum_vacuum_cost_delay", "2"},
                    {"autovacuum_vacuum_cost_limit", "-1"},
                    {"vacuum_cost_limit", "200"}};
    const auto full = with_table({"autovacuum_analyze_threshold=5000", "fillfactor=90"});
    finding found;
    found.remedy.kind = "pg-table-options";
    found.remedy.parameters = {{"table", "public.orders"}};
    complete(found, now, &full);
    CHECK(found.remedy.sql ==
          "ALTER TABLE \"public\".\"orders\"\n    SET (autovacuum_vacuum_scale_factor = 0.01, "
          "autovacuum_vacuum_threshold = 10000, autovacuum_analyze_scale_factor = 0.005, "
          "autovacuum_vacuum_cost_limit = 5000);\n");
    CHECK(found.remedy.undo ==
          "ALTER TABLE \"public\".\"orders\"\n    RESET (autovacuum_vacuum_scale_factor, "
          "autovacuum_vacuum_threshold, autovacuum_analyze_scale_factor, "
          "autovacuum_vacuum_cost_limit);\n");
    CHECK(found.remedy.parameters["before"] == "autovacuum_analyze_threshold=5000,fillfactor=90");
}

TEST_CASE("a finding whose remedy has no plan is left with its advice") {
    finding found;
    found.remedy = {"look at it", "pg-table-options", {{"table", "public.gone"}}, "", ""};
    const auto full = with_table({});
    complete(found, {}, &full);
    CHECK(found.remedy == remedy{"look at it", "", {}, "", ""});
}

TEST_CASE("a table whose name holds a dot is found by the name that a finding has") {
    auto full = with_table({});
    full.tables[0].schema = "my.schema";
    remedy_parameters all{{"table", "my.schema.orders"}};
    complete("pg-vacuum", all, {}, &full);
    CHECK(plan_of("pg-vacuum", all).forward.text() == "VACUUM \"my.schema\".\"orders\";\n");
}

TEST_CASE("what a remedy is about is measured from the newest looks") {
    const auto full = with_table({});
    const auto table = measure("pg-vacuum", {{"table", "public.orders"}}, nullptr, &full);
    REQUIRE(table);
    CHECK(table->taken == full.taken);
    CHECK(table->figures[0] == figure{"dead_rows", 100});
    CHECK(table->figures[2] == figure{"dead_percent", 10});
    CHECK_FALSE(measure("pg-vacuum", {{"table", "public.orders"}}, nullptr, nullptr));

    sample now;
    session one;
    one.pid = 41;
    one.backend_start = at("2026-11-20T09:00:00Z");
    now.sessions = {one};
    const remedy_parameters all{{"sessions", "41@2026-11-20T09:00:00Z,42@2026-11-20T09:00:00Z"}};
    CHECK(measure("pg-terminate", all, &now, nullptr)->figures[0] == figure{"sessions_left", 1});
    CHECK(measure("pg-drop-slot", {{"slot", "x"}}, &now, nullptr)->figures[0] ==
          figure{"slots_left", 0});
}
