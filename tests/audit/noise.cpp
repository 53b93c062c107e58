#include "audit/made_event.hpp"
#include "support/catch.hpp"

#include <tallyfs/audit/noise.hpp>

#include <map>

using namespace tallyfs;
using namespace tallyfs::audit;
using namespace tallyfs::audit::made;

namespace {

std::string dropped_as(record::audit_event event, const noise& filter = noise(),
                       const rule_settings& settings = {}) {
    judge(event, people(), settings);
    return std::string(filter.reason_of(event));
}

}  // namespace

TEST_CASE("of the captured lines only looking, session talk and health checks are dropped") {
    std::map<std::string, std::size_t> dropped;
    std::vector<std::string> kept;
    for (const auto& event : captured()) {
        const auto reason = dropped_as(event);
        if (!reason.empty()) {
            ++dropped[reason];
            continue;
        }
        kept.push_back(event.kind + " " + event.class_name + " " + event.command);
        CHECK_FALSE(event.object.starts_with("pg_catalog."));
    }
    CHECK(dropped ==
          std::map<std::string, std::size_t>{{"catalog", 19}, {"session", 9}, {"health check", 5}});
    std::map<std::string, std::size_t> classes;
    for (const auto& one : kept) ++classes[one];
    // All that changes something or failed is there: the DELETE whose comment talks of catalogs,
    // DDL and TRUNCATE too.
    CHECK(classes["statement WRITE INSERT"] == 4);
    CHECK(classes["statement WRITE DELETE"] == 4);
    CHECK(classes["statement WRITE UPDATE"] == 2);
    CHECK(classes["statement WRITE TRUNCATE TABLE"] == 1);
    CHECK(classes["statement DDL CREATE TABLE"] == 2);
    CHECK(classes["statement DDL DROP TABLE"] == 2);
    CHECK(classes["error  "] == 3);
    CHECK(classes["statement FUNCTION DO"] == 1);
    CHECK(classes["statement FUNCTION EXECUTE"] == 1);
    CHECK(classes["statement MISC EXECUTE"] == 1);
    CHECK(classes["statement MISC FETCH"] == 1);
    CHECK(classes["statement READ COPY"] == 1);
    CHECK(classes["statement READ PREPARE"] == 1);
    CHECK(classes["statement READ DECLARE CURSOR"] == 1);
}

TEST_CASE("no text makes a change noise") {
    const std::string text =
        "delete from orders /* pg_catalog DBeaver information_schema SELECT 1 */";
    for (const auto* class_name : {"WRITE", "DDL", "ROLE", "", "SOMETHING"}) {
        for (const auto* command : {"SET", "SELECT", "BEGIN", ""}) {
            for (const auto* object : {"pg_catalog.pg_class", "information_schema.t", ""}) {
                CHECK(dropped_as(statement(class_name, command, object, text)).empty());
                CHECK(dropped_as(statement(class_name, command, object, "SELECT ?")).empty());
            }
        }
    }
    auto failed = error("42P01", "SELECT ?");
    failed.class_name = "READ";
    failed.command = "SELECT";
    CHECK(dropped_as(failed).empty());
    for (const auto* kind : {"error", "settings", "gap", "forged", "unreadable", ""}) {
        auto event = statement("MISC", "SET", "", "set a = ?");
        event.kind = kind;
        CHECK(dropped_as(event).empty());
    }
}

TEST_CASE("reads of catalogs are noise by their object alone") {
    CHECK(dropped_as(statement("READ", "SELECT", "pg_catalog.pg_class")) == "catalog");
    CHECK(dropped_as(statement("READ", "SELECT", "information_schema.tables")) == "catalog");
    CHECK(dropped_as(statement("READ", "SELECT", "pg_toast.pg_toast_1")) == "catalog");
    CHECK(dropped_as(statement("MISC", "", "pg_catalog.pg_settings")) == "catalog");
    for (const auto* object : {"public.orders", "pg_catalog", "pg_catalogs.t", "my.pg_catalog.t",
                               "xpg_catalog.t", "\"pg_catalog.x\".t", ""}) {
        CAPTURE(object);
        CHECK(
            dropped_as(statement("READ", "SELECT", object, "select a from pg_catalog.t")).empty());
    }
    CHECK(dropped_as(statement("MISC", "LOCK TABLE", "pg_catalog.pg_class")).empty());
    CHECK(dropped_as(statement("FUNCTION", "EXECUTE", "pg_catalog.f")).empty());
    // Somebody granted pgaudit.role a right on it, to hear of it.
    auto wanted = statement("READ", "SELECT", "pg_catalog.pg_authid");
    wanted.type = "object";
    CHECK(dropped_as(wanted).empty());
    // pgAudit gives this one as a read of the view.
    CHECK(dropped_as(statement("READ", "SELECT", "pg_catalog.pg_settings",
                               "update pg_settings set setting=? where name=?"))
              .empty());
}

TEST_CASE("session talk is noise, unless it changes who works or what is logged") {
    for (const auto* command :
         {"SET", "SHOW", "BEGIN", "START TRANSACTION", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE",
          "DEALLOCATE", "DISCARD ALL", "RESET", "CLOSE CURSOR"}) {
        CHECK(dropped_as(statement("MISC", command, "", "set a = ?")) == "session");
        CHECK(dropped_as(statement("MISC_SET", command, "", "set a = ?")) == "session");
    }
    for (const auto* command : {"FETCH", "EXECUTE", "LOCK TABLE", "VACUUM", "PREPARE TRANSACTION",
                                "COMMIT PREPARED", "DISCARD TEMP", "LISTEN", "EXPLAIN", ""}) {
        CHECK(dropped_as(statement("MISC", command, "", "set a = ?")).empty());
    }
    for (const auto* text :
         {"set role admin", "SET SESSION AUTHORIZATION admin", "reset role", "set local role a",
          "set session_replication_role = replica", "set pgaudit.log = ?",
          "set a = ?; set pgaudit.log = ?", "", "set a = ? ..."}) {
        CAPTURE(text);
        CHECK(dropped_as(statement("MISC", "SET", "", text)).empty());
    }
}

TEST_CASE("a health check is one exactly") {
    for (const auto* text :
         {"SELECT 1", "select 1;", "SELECT ?", "SELECT version()", "SELECT current_schema()",
          "SELECT current_schema(), session_user", "SELECT current_schema(),session_user;",
          "select  current_database ( )", "SELECT 'x' -- a comment", "SELECT current_user"}) {
        CAPTURE(text);
        CHECK(dropped_as(statement("READ", "SELECT", "", text, 1)) == "health check");
    }
    for (const auto* text :
         {"SELECT 1, secret", "SELECT 1 FROM t", "SELECT pg_terminate_backend(1)", "SELECT",
          "SELECT 1; delete from t", "SELECT version() x", "SELECT my.version()", "",
          "SELECT version(), current_database()", "SELECT 1 -- \nFROM t", "SELECT 'x\\', y",
          "SELECT ? ...", "SELECT version", "SELECT set_config(?, ?, ?)"}) {
        CAPTURE(text);
        CHECK(dropped_as(statement("READ", "SELECT", "", text, 1)).empty());
    }
    CHECK(dropped_as(statement("READ", "SELECT", "public.t", "SELECT 1")).empty());
    CHECK(dropped_as(statement("READ", "COPY", "", "SELECT 1")).empty());
}

TEST_CASE("noise at night is noise, and everything else that breaks a rule is kept") {
    rule_settings night;
    night.hours = business_hours::parse("Mon-Fri 20:00-21:00 UTC").hours;
    CHECK(dropped_as(statement("READ", "SELECT", "pg_catalog.pg_class"), noise(), night) ==
          "catalog");
    auto unknown = statement("READ", "SELECT", "pg_catalog.pg_class");
    unknown.user = "nobody_knows";
    CHECK(dropped_as(unknown).empty());
}

TEST_CASE("a person's rule drops what all of its fields match") {
    const auto parsed = parse_noise_rule("grafana", "user=gr* class=READ object=metrics.*");
    REQUIRE(parsed.problem.empty());
    const noise filter({parsed.rule});
    auto event = statement("READ", "SELECT", "metrics.cpu");
    event.user = "human_x";
    CHECK(dropped_as(event, filter).empty());
    event.user = "grafana";
    judge(event, accounts({}, {"grafana"}), {});
    CHECK(filter.reason_of(event) == "grafana");
    event.object = "public.metrics.cpu";
    CHECK(filter.reason_of(event).empty());
    event.object = "metrics.cpu";
    event.class_name = "MISC";
    CHECK(filter.reason_of(event).empty());
}

TEST_CASE("no rule of a person drops what is always kept") {
    noise_rule all;
    all.name = "everything";
    all.user = "*";
    const noise filter({all});
    CHECK(dropped_as(statement("READ", "SELECT", "public.t"), filter) == "everything");
    for (const auto& event :
         {statement("WRITE", "DELETE", "public.t"), statement("DDL", "DROP TABLE", "public.t"),
          statement("ROLE", "GRANT"), statement("READ", "COPY", "", "copy t to stdout"),
          statement("MISC", "SET", "", "set pgaudit.log=?"), error("42501"), error("42601")}) {
        CHECK(dropped_as(event, filter).empty());
    }
    // Of programs a change breaks no rule, and is kept for what it is.
    for (const auto* class_name : {"WRITE", "", "SOMETHING"}) {
        auto by_program = statement(class_name, "DELETE", "public.t");
        by_program.user = "app_svc";
        CHECK(broken_by(by_program).empty());
        CHECK(dropped_as(by_program, filter).empty());
    }
    noise_rule exact;
    exact.name = "exact";
    exact.statement = "SELECT a FROM t";
    CHECK(dropped_as(statement("READ", "SELECT", "public.t", "SELECT a FROM t"), noise({exact})) ==
          "exact");
    CHECK(dropped_as(statement("READ", "SELECT", "public.t", "SELECT a FROM t2"), noise({exact}))
              .empty());
}

TEST_CASE("a noise rule is read back as it was written") {
    for (const auto* text :
         {"user=grafana",
          "user=a* database=b application=\"DBeaver 23 - Main <x>\" class=MISC "
          "command=EXECUTE object=\"a b\".t",
          "# a comment\nclass=FUNCTION # not class\n\tstatement=\"select \\\"a\\\" # \\\\ b\"\n"}) {
        const auto parsed = parse_noise_rule("mine", text);
        CAPTURE(text, parsed.problem);
        if (std::string_view(text).find("\"a b\".t") != std::string_view::npos) {
            CHECK(parsed.problem.find("quotes") != std::string::npos);
            continue;
        }
        REQUIRE(parsed.problem.empty());
        const auto again = parse_noise_rule("mine", to_text(parsed.rule));
        CHECK(again.problem.empty());
        CHECK(to_text(again.rule) == to_text(parsed.rule));
    }
    const auto parsed = parse_noise_rule("mine", "statement=\"select \\\"a\\\" # b\" user=x#y");
    CHECK(parsed.rule.statement == "select \"a\" # b");
    CHECK(parsed.rule.user == "x#y");
}

TEST_CASE("a mistake in a noise rule is told with what to write") {
    const auto problem = [](std::string_view text) { return parse_noise_rule("a", text).problem; };
    CHECK(problem("usr=x").find("did you mean user?") != std::string::npos);
    CHECK(problem("class=WRITE").find("never noise") != std::string::npos);
    CHECK(problem("class=RAED").find("did you mean READ?") != std::string::npos);
    CHECK(problem("DBeaver").find("user=grafana") != std::string::npos);
    CHECK(problem("user=a user=b").find("twice") != std::string::npos);
    for (const auto* text : {"", " \n", "# only a comment", "user=", "user=*", "user=a\"b",
                             "user=\"a", "class=read*", "user=\"a\"b", "\"user\"=a", "user=a\x01",
                             "user=\xff", "user=\"a\nb\"", "=a", "user=\xe2\x80\xae"}) {
        CAPTURE(text);
        CHECK_FALSE(problem(text).empty());
    }
    CHECK_FALSE(problem("user=" + std::string(9'000, 'a')).empty());
    CHECK_FALSE(problem("user=" + std::string(2'000, 'a')).empty());
    for (const auto* name : {"", "catalog", "session", "health check", "a/b", ".a", "-a", "a\n"}) {
        CAPTURE(name);
        CHECK_FALSE(parse_noise_rule(name, "user=a").problem.empty());
    }
}
