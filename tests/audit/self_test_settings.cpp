#include "audit/audited_server.hpp"
#include "support/catch.hpp"

using namespace tallyfs;
using namespace tallyfs::test;

namespace {

std::string what_of(const audit::self_test_input& seen) {
    const auto report = audit::self_test(seen);
    return report.findings.empty() ? "" : report.findings.front().what;
}

/// With this as pgaudit.log of jd's role.
std::string with_log(const std::string& list) {
    auto seen = audited_server();
    jd_of(seen).settings.everywhere["pgaudit.log"] = list;
    return found(seen);
}

}  // namespace

TEST_CASE("a server whose audit works is alive, and what was tried is said") {
    const auto report = audit::self_test(audited_server());
    CHECK(found(report) == "");
    CHECK(report.verdict == audit::verdict::alive);
    CHECK(report.passed.size() >= 7);
    CHECK(report.cluster == "prod/orders-cl");
    CHECK(report.at == now_);
}

TEST_CASE("without pgAudit preloaded the server is blind, whatever roles are set to") {
    auto seen = audited_server();
    seen.server->preloaded = false;
    jd_of(seen).settings.everywhere["pgaudit.log"] = "all";
    CHECK(found(seen) == "blind preload");
    CHECK(what_of(seen).find("jd") != std::string::npos);
    CHECK(audit::self_test(seen).verdict == audit::verdict::blind);
}

TEST_CASE("a database without the extension is a weakness, at a provider it is blindness") {
    auto seen = audited_server();
    seen.server->databases_without_extension = {"orders"};
    CHECK(found(seen) == "weak extension");
    seen.server->is_managed = true;
    seen.server->provider = "cloudsql";
    CHECK(found(seen) == "blind extension");
    seen = audited_server();
    seen.server->databases_not_seen = {"secret: GRANT CONNECT is missing"};
    CHECK(found(seen) == "weak extension");
}

TEST_CASE("classes that a person's role does not log are blindness, reading is a weakness") {
    CHECK(with_log("all") == "");
    CHECK(with_log("READ, Write ,ddl,role") == "");
    CHECK(with_log("all, -misc, -function") == "");
    CHECK(with_log("write, ddl, role") == "weak role-settings");
    CHECK(with_log("read, ddl, role") == "blind role-settings");
    CHECK(with_log("read, write, role") == "blind role-settings");
    CHECK(with_log("read, write, ddl") == "blind role-settings");
    CHECK(with_log("all, -write") == "blind role-settings");
    CHECK(with_log("none") == "blind role-settings");
    CHECK(with_log("") == "blind role-settings");
    // The server passes over a list with a word that it does not know.
    CHECK(with_log("read, write, ddl, role, everything") == "blind role-settings");
}

TEST_CASE("what a role has goes before the server's, and what it has in a database before that") {
    auto seen = audited_server();
    seen.server->settings["pgaudit.log"] = "none";
    CHECK(found(seen) == "blind role-settings");
    jd_of(seen).settings.everywhere["pgaudit.log"] = "all";
    CHECK(found(seen) == "");
    jd_of(seen).settings.in_databases["postgres"]["pgaudit.log"] = "none";
    CHECK(found(seen) == "blind role-settings");
    CHECK(what_of(seen).find("in the database postgres") != std::string::npos);
    // Where every database has settings of its own, those of none count for nothing.
    jd_of(seen).settings.everywhere["pgaudit.log"] = "none";
    jd_of(seen).settings.in_databases["postgres"]["pgaudit.log"] = "all";
    CHECK(found(seen) == "blind role-settings");
    jd_of(seen).settings.in_databases["orders"]["pgaudit.log"] = "all";
    CHECK(found(seen) == "");
}

TEST_CASE("what is missing everywhere is not said again of each database") {
    auto seen = audited_server();
    jd_of(seen).settings.everywhere["pgaudit.log"] = "none";
    jd_of(seen).settings.in_databases["postgres"]["pgaudit.log_rows"] = "on";
    CHECK(found(seen) == "blind role-settings");
    jd_of(seen).settings.in_databases["postgres"]["pgaudit.log"] = "ddl";
    CHECK(found(seen) == "blind role-settings, blind role-settings");
}

TEST_CASE("settings of services are nobody's business here") {
    auto seen = audited_server();
    CHECK(seen.server->roles.back().settings.everywhere.at("pgaudit.log") == "none");
    CHECK(found(seen) == "");
    seen.server->roles.back().person = true;
    CHECK(found(seen) == "blind role-settings");
}

TEST_CASE("a server's value that is hidden is said to be unknown, and only where it matters") {
    auto seen = audited_server();
    seen.server->settings.erase("pgaudit.log");
    CHECK(found(seen) == "weak role-settings");
    jd_of(seen).settings.everywhere["pgaudit.log"] = "all";
    CHECK(found(seen) == "");
}

TEST_CASE("a group's setting that is not inherited is told apart from one that is not needed") {
    auto seen = audited_server();
    jd_of(seen).not_inherited = {"dba: pgaudit.log"};
    CHECK(found(seen) == "");
    jd_of(seen).settings.everywhere["pgaudit.log"] = "none";
    CHECK(found(seen) == "blind group-role");
    CHECK(what_of(seen).find("dba: pgaudit.log") != std::string::npos);
}

TEST_CASE(
    "a group's setting that is not inherited is blindness also where the server's is hidden") {
    auto seen = audited_server();
    seen.server->settings.erase("pgaudit.log");
    jd_of(seen).settings.everywhere.erase("pgaudit.log");
    CHECK(found(seen) == "weak role-settings");
    jd_of(seen).not_inherited = {"dba: pgaudit.log"};
    CHECK(found(seen) == "blind group-role");
}

TEST_CASE("without log_relation, what is lost depends on the other classes") {
    const auto without_relation = [](const std::string& list, std::int32_t version) {
        auto seen = audited_server();
        seen.server->version = version;
        jd_of(seen).settings.everywhere = {{"pgaudit.log", list}, {"pgaudit.log_relation", "off"}};
        return found(seen);
    };
    CHECK(without_relation("write, ddl, role", 140'005) ==
          "blind log-relation, weak role-settings");
    CHECK(without_relation("read, write, ddl, role", 140'005) == "weak log-relation");
    // MERGE is of class MISC then.
    CHECK(without_relation("read, write, ddl, role", 150'005) == "blind log-relation");
    CHECK(without_relation("all", 150'005) == "weak log-relation");
    auto seen = audited_server();
    for (const char* const text : {"on", "TRUE", "t", "yes", "1"}) {
        jd_of(seen).settings.everywhere["pgaudit.log_relation"] = text;
        CHECK(found(seen) == "");
    }
}

TEST_CASE("a level that keeps pgAudit's lines out of the log is blindness") {
    const auto with_levels = [](const std::string& level, const std::string& least) {
        auto seen = audited_server();
        seen.server->settings["pgaudit.log_level"] = level;
        seen.server->settings["log_min_messages"] = least;
        return found(seen);
    };
    for (const std::string least : {"debug5", "info", "warning", "error"}) {
        CHECK(with_levels("log", least) == "");
    }
    CHECK(with_levels("log", "fatal") == "blind log-level");
    CHECK(with_levels("log", "PANIC") == "blind log-level");
    CHECK(with_levels("notice", "warning") == "blind log-level");
    CHECK(with_levels("warning", "warning") == "");
    CHECK(with_levels("warning", "log") == "blind log-level");
    CHECK(with_levels("debug1", "debug2") == "");
    auto seen = audited_server();
    jd_of(seen).settings.everywhere["log_min_messages"] = "fatal";
    CHECK(found(seen) == "blind log-level");
    CHECK(audit::self_test(seen).findings.front().advice ==
          "ALTER ROLE \"jd\" SET log_min_messages = 'warning';");
}

TEST_CASE(
    "a level that keeps errors out of the log is a weakness: what was denied leaves no line") {
    for (const char* const least : {"log", "LOG"}) {
        auto seen = audited_server();
        seen.server->settings["log_min_messages"] = least;
        CHECK(found(seen) == "weak log-level");
        CHECK(what_of(seen).find("denied") != std::string::npos);
        jd_of(seen).settings.everywhere["log_min_messages"] = "error";
        CHECK(found(seen) == "");
    }
    auto seen = audited_server();
    jd_of(seen).settings.everywhere["log_min_messages"] = "log";
    CHECK(found(seen) == "weak log-level");
    CHECK(audit::self_test(seen).findings.front().advice ==
          "ALTER ROLE \"jd\" SET log_min_messages = 'warning';");
}

TEST_CASE("a catalog that nobody sees read or changed is a weakness") {
    auto seen = audited_server();
    seen.server->settings["pgaudit.log_catalog"] = "off";
    CHECK(found(seen) == "weak log-catalog");
    CHECK(audit::self_test(seen).findings.front().advice ==
          "ALTER ROLE \"jd\" SET pgaudit.log_catalog = 'on';");
    // A group's setting has nothing to do with it.
    jd_of(seen).not_inherited = {"dba: pgaudit.log"};
    CHECK(found(seen) == "weak log-catalog");
    jd_of(seen).settings.everywhere["pgaudit.log_catalog"] = "yes";
    CHECK(found(seen) == "");
    jd_of(seen).settings.everywhere = {{"pgaudit.log", "ddl"}, {"pgaudit.log_catalog", "off"}};
    CHECK(found(seen) == "blind group-role");
}

TEST_CASE("lines without rows or without their statement are a weakness") {
    auto seen = audited_server();
    seen.server->settings["pgaudit.log_rows"] = "off";
    CHECK(found(seen) == "weak log-rows");
    seen.server->settings.erase("pgaudit.log_rows");  // an older pgAudit has none
    CHECK(found(seen) == "");
    seen.server->settings["pgaudit.log_statement"] = "off";
    CHECK(found(seen) == "weak statement-text");
}

TEST_CASE("a person that can switch off what is logged of it is always said") {
    auto seen = audited_server();
    jd_of(seen).superuser = true;
    CHECK(found(seen) == "weak superuser");
    jd_of(seen).superuser = false;
    jd_of(seen).can_switch_off = "can become postgres, a superuser";
    CHECK(found(seen) == "weak superuser");
    CHECK(what_of(seen).find("as jd can become postgres") != std::string::npos);
    jd_of(seen).person = false;
    CHECK(found(seen) == "");
}

TEST_CASE("what many people lack is one finding with some of their names") {
    auto seen = audited_server();
    for (int i = 10; i < 90; ++i) {
        audit::role_facts role;
        role.name = "p" + std::to_string(i);
        role.person = true;
        role.settings.everywhere["pgaudit.log"] = "none";
        seen.server->roles.push_back(role);
    }
    CHECK(found(seen) == "blind role-settings");
    CHECK(what_of(seen).find("p10, p11, p12, p13, p14 and 75 more") != std::string::npos);
}

TEST_CASE("what is hidden from our role is a weakness that names what shows it") {
    auto seen = audited_server();
    seen.server->missing = {"what sessions of other roles do; GRANT pg_monitor TO \"t\""};
    CHECK(found(seen) == "weak facts");
    CHECK(what_of(seen).find("GRANT pg_monitor") != std::string::npos);
}
