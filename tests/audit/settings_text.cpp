#include "audit/settings_text.hpp"

#include "audit/made_event.hpp"
#include "support/catch.hpp"

using namespace tallyfs;
using namespace tallyfs::audit;

TEST_CASE("a change of what is logged is seen in every spelling that a server takes") {
    for (const auto* text :
         {"set pgaudit.log = 'none'",
          "SET PgAudit.Log TO none",
          "set local pgaudit.log_rows=off",
          "set session pgaudit . log = ?",
          "set \"pgaudit.log_rows\"=off",
          "set pgaudit.\"log\"=''",
          "set \"PGAUDIT\".log=''",
          "set U&\"pga\\0075dit.log\"=on",
          "reset pgaudit.log",
          "select 1; set pgaudit.log='none'; delete from t2",
          "/* x */ set/**/pgaudit/**/.log = a",
          "alter role jd set pgaudit.log = 'none'",
          "ALTER ROLE ALL IN DATABASE a RESET pgaudit.log",
          "alter user jd reset all",
          "alter database app reset all",
          "alter system reset all",
          "alter system set log_min_messages = 'fatal'",
          "alter system set \"log_statement\" = x",
          "alter database app set log_statement to 'none'",
          "alter system set log_destination=''",
          "alter system set logging_collector=off",
          "set log_min_error_statement='panic'",
          "alter system set log_line_prefix = '%m'",
          "alter system set log_directory='/tmp'",
          "alter system set shared_preload_libraries = ''",
          "alter role a set session_preload_libraries=''",
          "create function f() returns void language sql as $$ delete from t $$ set "
          "pgaudit.log='x'",
          "alter function f() set pgaudit.log = 'none'",
          "create extension pgaudit",
          "create extension if not exists \"pgaudit\" with schema x",
          "drop extension a, pgaudit",
          "alter extension pgaudit update",
          "update pg_settings set setting='none' where name='x'",
          "with a as (select 1) update only pg_catalog.pg_settings set setting=?"}) {
        CAPTURE(text);
        CHECK(changes_audit_settings(text));
        CHECK(changes_audit_settings(masked(text, 6'000)));
        CHECK(made::breaks(made::statement("MISC", "SET", "", text), "audit-settings"));
        auto by_program = made::statement("READ", "SELECT", "", text);
        by_program.user = "app_svc";
        CHECK(made::breaks(by_program, "audit-settings"));
    }
}

TEST_CASE("who only speaks of what is logged changes nothing") {
    for (const auto* text : {"show pgaudit.log",
                             "select 'set pgaudit.log = none'",
                             "-- set pgaudit.log=none\nselect 1",
                             "select $$; set pgaudit.log = 'none' $$",
                             "set application_name = 'pgaudit.log'",
                             "set log_min_duration_statement = 0",
                             "set log_min_duration_sample=1",
                             "set search_path=pgaudit",
                             "alter system set log_connections=on",
                             "select log_statement from conf",
                             "update conf set log_statement = 'x'",
                             "insert into t(log_destination) values (1)",
                             "alter table t add column log_statement text",
                             "create table pgaudit.log (a int)",
                             "create extension pg_stat_statements",
                             "create extension pgaudit_x",
                             "reset all",
                             "set xpgaudit.log = 1",
                             "set pgaudit_x.log=1",
                             "set log_statements=1",
                             "comment on extension pgaudit is ''",
                             "select setting from pg_settings where name like 'pgaudit%'",
                             "alter role jd reset work_mem",
                             "select set_config('search_path', '', false)",
                             "",
                             ";;",
                             "set",
                             "reset",
                             "alter extension",
                             "create extension",
                             "alter role",
                             "update",
                             "set \"pgaudit.log"}) {
        CAPTURE(text);
        CHECK_FALSE(changes_audit_settings(text));
    }
}

TEST_CASE("a hostile text is judged in time that grows with it and no faster") {
    std::string text = "set pgaudit";
    while (text.size() < 1'000'000) text += ". set reset; u&\"a\" ";
    (void)changes_audit_settings(text);
    (void)changes_audit_settings("set " + std::string(1'000'000, '"') + "pgaudit.log");
    SUCCEED("both came to an end");
}
