#include "audit/audited_server.hpp"
#include "support/catch.hpp"

using namespace tallyfs;
using namespace tallyfs::test;

namespace {

audit::setup_input complete() {
    audit::setup_input in;
    in.cluster = "prod/orders-cl";
    in.server = *audited_server().server;
    audit::role_facts look;
    look.name = "look";
    look.settings.everywhere["pgaudit.log"] = "function";
    in.server->roles.push_back(look);
    in.look_role = "look";
    return in;
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a server that lacks nothing gets no statement") {
    const auto script = audit::setup_sql({complete()});
    CHECK(has(script, "Nothing is missing."));
    CHECK_FALSE(has(script, ";\n"));
    CHECK_FALSE(has(script, "gset"));
}

TEST_CASE("libraries that are preloaded stay, each quoted by itself") {
    auto in = complete();
    in.server->preloaded = false;
    in.server->settings["shared_preload_libraries"] = "a, \"B, c\",o'd";
    CHECK(has(audit::setup_sql({in}),
              "ALTER SYSTEM SET shared_preload_libraries = 'a', 'B, c', 'o''d', 'pgaudit';\n"));
    in.server->settings.erase("shared_preload_libraries");
    in.server->missing = {"settings; GRANT pg_monitor TO \"look\""};
    const auto script = audit::setup_sql({in});
    CHECK_FALSE(has(script, "SET shared_preload_libraries"));
    CHECK(has(script, "GRANT pg_monitor TO \"look\";"));
}

TEST_CASE("the log becomes one in which nothing can be forged, beside what it is now") {
    auto in = complete();
    in.server->settings["log_destination"] = "stderr";
    in.server->settings["logging_collector"] = "off";
    auto script = audit::setup_sql({in});
    CHECK(has(script, "ALTER SYSTEM SET log_destination = 'stderr,jsonlog';"));
    CHECK(has(script, "ALTER SYSTEM SET logging_collector = on;"));
    CHECK(has(script, "pg_reload_conf()"));
    in.server->version = 140'001;
    script = audit::setup_sql({in});
    CHECK(has(script, "ALTER SYSTEM SET log_destination = 'stderr,csvlog';"));
    in.server->settings["log_destination"] = "csvlog";
    CHECK_FALSE(has(audit::setup_sql({in}), "log_destination ="));
}

TEST_CASE("names of roles and databases are quoted, and stay out of psql's commands") {
    auto in = complete();
    auto& role = in.server->roles.front();
    role.name = "x\"; DROP TABLE t; --\n\\! id";
    role.settings.everywhere["pgaudit.log"] = "none";
    in.server->databases_without_extension = {"a'b\"c\\d = :e", "two\n\\! id"};
    const auto script = audit::setup_sql({in});
    CHECK(has(script, "ALTER ROLE \"x\"\"; DROP TABLE t; --\n\\! id\" SET pgaudit.log = "));
    CHECK(has(script, "\\connect -reuse-previous=on \"dbname='a\\'b\"\"c\\\\d = :e'\"\n"));
    CHECK(has(script, "two?\\! id"));
    CHECK_FALSE(has(script, "dbname='two"));
    in.server_problem = "no\n\\! id";
    in.server.reset();
    CHECK_FALSE(has(audit::setup_sql({in}), "\n\\!"));
}

TEST_CASE("what a provider's server lacks is said in its own commands, as comments") {
    auto in = complete();
    in.server->preloaded = false;
    in.server->is_managed = true;
    in.server->settings["shared_preload_libraries"] = "pg_stat_statements, $(id)";
    in.server->settings["log_destination"] = "stderr";
    in.server->settings["log_min_messages"] = "fatal";
    for (const auto& [provider, command] :
         {std::pair{"rds", "aws rds modify-db-parameter-group"},
          std::pair{"cloudsql", "gcloud sql instances patch"},
          std::pair{"azure", "az postgres flexible-server parameter set"}}) {
        in.server->provider = provider;
        const auto script = audit::setup_sql({in});
        INFO(script);
        CHECK(has(script, std::string("--   ") + command));
        CHECK(has(script, "log_min_messages"));
        CHECK_FALSE(has(script, "ALTER SYSTEM"));
        CHECK_FALSE(has(script, "pg_reload_conf"));
        CHECK_FALSE(has(script, "$(id)"));
    }
    in.server->provider = "rds";
    CHECK(has(audit::setup_sql({in}), "\"pg_stat_statements,pgaudit\\\""));
    in.server = *audited_server().server;
    in.server->is_managed = true;
    in.server->provider = "cloudsql";
    CHECK_FALSE(has(audit::setup_sql({in}), "gcloud"));
}

TEST_CASE("a log without errors, and without catalogs, is mended for the server and for a role") {
    auto in = complete();
    in.server->settings["log_min_messages"] = "log";
    in.server->settings["pgaudit.log_catalog"] = "off";
    in.server->roles.front().settings.everywhere["log_min_messages"] = "log";
    auto script = audit::setup_sql({in});
    CHECK(has(script, "ALTER SYSTEM SET log_min_messages = 'warning';"));
    CHECK(has(script, "ALTER ROLE \"jd\" SET log_min_messages = 'warning';"));
    CHECK(has(script, "ALTER ROLE \"jd\" SET pgaudit.log_catalog = 'on';"));
    in.server->settings["log_min_messages"] = "error";
    in.server->roles.front().settings.everywhere.clear();
    CHECK_FALSE(has(audit::setup_sql({in}), "log_min_messages"));
    // Whoever lacks everything lacks nothing afterwards.
    in.server->settings["log_min_messages"] = "warning";
    in.server->roles.front().settings.everywhere = {
        {"pgaudit.log", "none"},        {"pgaudit.log_level", "notice"},
        {"log_min_messages", "log"},    {"pgaudit.log_relation", "off"},
        {"pgaudit.log_rows", "off"},    {"pgaudit.log_statement", "off"},
        {"pgaudit.log_catalog", "off"},
    };
    script = audit::setup_sql({in});
    std::size_t statements = 0;
    for (auto at = script.find("ALTER ROLE \"jd\""); at != script.npos;
         at = script.find("ALTER ROLE \"jd\"", at + 1)) {
        ++statements;
    }
    CHECK(statements == 7);
}

TEST_CASE("a superuser is named, as no statement helps") {
    auto in = complete();
    in.server->roles.front().superuser = true;
    in.server->roles.front().can_switch_off = "is a superuser";
    CHECK(has(audit::setup_sql({in}), "-- No statement here helps against jd"));
}

TEST_CASE("the self-test's text has at most 80 columns, and loses nothing of a long advice") {
    auto seen = audited_server();
    seen.cluster = std::string(100, 'c');
    seen.server_problem = std::string(200, 'w') + "end";
    seen.server.reset();
    auto text = audit::self_test_text({audit::self_test(seen)});
    jd_of(seen = audited_server()).settings.everywhere["pgaudit.log"] = "no\x1bne\n\xff";
    text += audit::self_test_text({audit::self_test(seen), audit::self_test(audited_server())});
    text += audit::self_test_text({});
    INFO(text);
    std::size_t begin = 0;
    std::size_t letters = 0;
    for (auto end = text.find('\n'); end != std::string::npos;
         begin = end + 1, end = text.find('\n', begin)) {
        const auto line = text.substr(begin, end - begin);
        CHECK(line.size() <= 80);
        CHECK(line.find('\x1b') == std::string::npos);
        CHECK((line.empty() || line.back() != ' '));
        letters += static_cast<std::size_t>(std::ranges::count(line, 'w'));
    }
    CHECK(letters >= 200);
    CHECK(has(text, "BLIND     prod/orders-cl"));
    CHECK(has(text, "ALIVE     prod/orders-cl"));
    CHECK(has(text, "-> ALTER ROLE \"jd\" SET pgaudit.log"));
    CHECK(has(text, "No server is audited."));
}
