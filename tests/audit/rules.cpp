#include "audit/made_event.hpp"
#include "support/catch.hpp"

using namespace tallyfs;
using namespace tallyfs::audit;
using namespace tallyfs::audit::made;

using rules = std::vector<std::string>;

TEST_CASE("every rule has a name that is read back, and a title") {
    for (const auto one : all_rules()) {
        rule read{};
        CHECK(parse_rule(to_string(one), read));
        CHECK(read == one);
        CHECK_FALSE(title_of(one).empty());
    }
    rule read{};
    CHECK_FALSE(parse_rule("person_dml", read));
    CHECK(to_string(rule::blind) == "blind");
}

TEST_CASE("a person's change of data breaks a rule, and a program's does not") {
    for (const auto* command : {"INSERT", "UPDATE", "DELETE", "MERGE"}) {
        auto event = statement("WRITE", command, "public.orders", "", 1);
        CHECK(broken_by(event) == rules{"person-dml"});
        event.user = "app_svc";
        CHECK(broken_by(event).empty());
        event.user = "nobody_knows";
        CHECK(broken_by(event) == rules{"person-dml", "unknown-account"});
        event.user = "";
        CHECK(broken_by(event) == rules{"person-dml"});
    }
    CHECK(broken_by(statement("READ", "SELECT", "public.orders")).empty());
    // They run nothing: what they run has an event of its own.
    CHECK(broken_by(statement("WRITE", "PREPARE", "", "PREPARE p AS DELETE FROM t")).empty());
    CHECK(broken_by(statement("WRITE", "EXPLAIN", "", "EXPLAIN ANALYZE DELETE FROM t")).empty());
}

TEST_CASE("many rows at once, and what logs no rows, are bulk") {
    rule_settings settings;
    settings.bulk_rows = 100;
    const rules both{"person-dml", "bulk-delete"};
    CHECK(broken_by(statement("WRITE", "DELETE", "public.t", "", 100), settings) == both);
    CHECK(broken_by(statement("WRITE", "UPDATE", "public.t", "", 101), settings) == both);
    CHECK(broken_by(statement("WRITE", "DELETE", "public.t", "", 99), settings) ==
          rules{"person-dml"});
    CHECK(broken_by(statement("WRITE", "DELETE", "public.t"), settings) == rules{"person-dml"});
    CHECK(broken_by(statement("WRITE", "INSERT", "public.t", "INSERT INTO t", 9'999), settings) ==
          rules{"person-dml"});
    // PostgreSQL 15 logs a MERGE under the name of its first action.
    CHECK(broken_by(statement("WRITE", "INSERT", "public.t", "merge into t using", 100),
                    settings) == both);
    CHECK(broken_by(statement("WRITE", "TRUNCATE TABLE", "", "truncate t", 0), settings) == both);
    CHECK(broken_by(statement("WRITE", "COPY", "", "copy t from stdin", 0), settings) == both);
    CHECK(broken_by(statement("READ", "COPY", "", "copy t to stdout", 0), settings) ==
          rules{"bulk-delete"});
    auto by_program = statement("WRITE", "TRUNCATE TABLE", "", "truncate t", 0);
    by_program.user = "svc_etl";
    CHECK(broken_by(by_program, settings).empty());
}

TEST_CASE("temporary tables are a session's own") {
    for (const auto* object : {"pg_temp.t", "pg_temp_3.t", "pg_temp_12.t"}) {
        CHECK(broken_by(statement("DDL", "CREATE TABLE", object)).empty());
        CHECK(broken_by(statement("WRITE", "DELETE", object, "", 9'999)).empty());
    }
    for (const auto* object : {"public.pg_temp", "pg_temperature.t", "pg_temp_x.t", "pg_temp_.t",
                               "pg_temp_3x.t", "pg_temp", "pg_temp_3"}) {
        CHECK(broken_by(statement("DDL", "CREATE TABLE", object)) == rules{"ddl"});
    }
}

TEST_CASE("schema, roles, denials, forgery and gaps are judged whoever it was") {
    for (const auto* user : {"jd", "app_svc"}) {
        auto ddl = statement("DDL", "DROP TABLE", "public.t");
        auto role = statement("ROLE", "GRANT", "", "GRANT a TO b");
        auto denied = error("42501");
        auto login = error("28P01");
        auto forged = error("00000");
        forged.kind = "forged";
        auto gap = error("");
        gap.kind = "gap";
        auto settings = error("");
        settings.kind = "settings";
        for (auto* event : {&ddl, &role, &denied, &login, &forged, &gap, &settings})
            event->user = user;
        CHECK(broken_by(ddl) == rules{"ddl"});
        CHECK(broken_by(role) == rules{"role-change"});
        CHECK(broken_by(denied) == rules{"denied"});
        CHECK(broken_by(login) == rules{"denied"});
        CHECK(broken_by(forged) == rules{"forged"});
        CHECK(broken_by(gap) == rules{"lines-missing"});
        gap.kind = "unreadable";
        CHECK(broken_by(gap) == rules{"lines-missing"});
        CHECK(broken_by(settings) == rules{"audit-settings"});
    }
    CHECK(broken_by(error("42601")).empty());
    CHECK(broken_by(error("")).empty());
    // Anybody can fail to log in under any name.
    auto made_up = error("28000");
    made_up.user = "made up";
    CHECK(broken_by(made_up) == rules{"denied"});
    made_up.sqlstate = "42501";
    CHECK(broken_by(made_up) == rules{"denied", "unknown-account"});
}

TEST_CASE("what a person does outside business hours breaks a rule, also what fails") {
    rule_settings settings;
    settings.hours = business_hours::parse("Mon-Fri 08:00-18:00 UTC").hours;
    auto event = statement("READ", "SELECT", "public.t");
    CHECK(broken_by(event, settings).empty());
    event.logged = noon + 9h;
    CHECK(broken_by(event, settings) == rules{"outside-hours"});
    event.user = "app_svc";
    CHECK(broken_by(event, settings).empty());
    auto failed = error("42P01", "select a");
    failed.logged = noon + 9h;
    CHECK(broken_by(failed, settings) == rules{"outside-hours"});
    auto login = error("28P01", "");
    login.logged = noon + 9h;
    CHECK(broken_by(login, settings) == rules{"denied"});
}

TEST_CASE("judging again says the same, and fills in who it was") {
    auto event = statement("WRITE", "DELETE", "public.t");
    event.rules = {"an old one"};
    judge(event, people(), {});
    CHECK(event.account == "person");
    CHECK(event.rules == rules{"person-dml"});
    event.user = "";
    judge(event, people(), {});
    CHECK(event.account.empty());
    event.user = "app_svc";
    judge(event, people(), {});
    CHECK(event.account == "service");
    CHECK(event.rules.empty());
}

TEST_CASE("the captured lines break the rules that they should") {
    std::map<std::string, std::vector<std::size_t>> lines;
    const auto all = captured();
    for (const auto& event : all)
        for (const auto& name : broken_by(event)) lines[name].push_back(event.number);
    const auto of = [&](const std::string& name) {
        std::vector<std::string> made;
        for (const auto number : lines[name]) {
            const auto& event = all[number - 1];
            const auto& what = event.kind == "error" ? event.sqlstate : event.command;
            made.push_back(event.user.substr(0, 8) + " " + what + " " + event.object);
        }
        return made;
    };
    CHECK(of("person-dml") ==
          rules{"john_doe INSERT public.orders", "john_doe INSERT public.orders",
                "john_doe INSERT public.orders", "john_doe DELETE public.orders",
                "john_doe DELETE public.orders", "john_doe UPDATE public.orders",
                "john_doe DELETE public.orders", "john_doe DELETE public.orders",
                "john_doe TRUNCATE TABLE ", "john_doe INSERT public.customers"});
    CHECK(of("bulk-delete") ==
          rules{"john_doe DELETE public.orders", "john_doe COPY ", "john_doe TRUNCATE TABLE "});
    CHECK(of("ddl") == rules{"john_doe CREATE TABLE public.hot_fix",
                             "john_doe DROP TABLE public.hot_fix",
                             "john_doe CREATE TABLE public.important_table",
                             "john_doe DROP TABLE public.important_table"});
    CHECK(of("denied") == rules{"john_doe 42501 ", "human2 42501 ", "evil\n202 28P01 "});
    CHECK(lines.size() == 4);
}

TEST_CASE("who came before the server asks who it is has no account that could be unknown") {
    auto early = statement("", "");
    early.kind = "error";
    early.user = "made-up";
    early.severity = "FATAL";
    for (const auto* const state : {"57P03", "08P01", "28000"}) {
        INFO(state);
        early.sqlstate = state;
        const auto broken = broken_by(early);
        CHECK(std::ranges::find(broken, "unknown-account") == broken.end());
    }
    // The database is looked for after the log-in.
    early.sqlstate = "3D000";
    CHECK(broken_by(early) == rules{"unknown-account"});
}
