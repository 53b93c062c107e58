#include "audit/making.hpp"

using namespace tallyfs;
using audit::event_maker;
using test::made_of;
using test::some_entry;

namespace {

record::audit_event error_of(std::string_view sqlstate, std::string_view message,
                             bool whole = false) {
    event_maker maker("prod/orders-cl");
    maker.keep_whole(whole);
    auto e = some_entry();
    e.severity = "ERROR";
    e.sqlstate = sqlstate;
    e.message = message;
    e.statement = "delete from orders where name = 'Ann'";
    const auto events = made_of(maker, e);
    REQUIRE(events.size() == 1);
    CHECK(events[0].kind == "error");
    return events[0];
}

}  // namespace

TEST_CASE("a record of pgAudit becomes an event with its statement masked") {
    event_maker maker("prod/orders-cl");
    auto e = some_entry();
    e.message =
        "AUDIT: SESSION,7,2,WRITE,DELETE,TABLE,public.orders,"
        "\"delete from orders where name = 'Ann, 7' and id = $1\",\"5,x\",2901";
    const auto events = made_of(maker, e);
    REQUIRE(events.size() == 1);
    const auto& event = events[0];
    CHECK(event.kind == "statement");
    CHECK(event.cluster == "prod/orders-cl");
    CHECK(event.trust == "structured");
    CHECK(event.logged == e.logged);
    CHECK(event.user == "jd");
    CHECK(event.database == "app");
    CHECK(event.pid == 14679);
    CHECK(event.remote == "127.0.0.1:37478");
    CHECK(event.session == "6b00dd29.3957");
    CHECK(event.line == 1);
    CHECK(event.application == "psql");
    CHECK(event.type == "session");
    CHECK(event.statement_id == 7);
    CHECK(event.substatement_id == 2);
    CHECK(event.class_name == "WRITE");
    CHECK(event.command == "DELETE");
    CHECK(event.object_type == "TABLE");
    CHECK(event.object == "public.orders");
    CHECK(event.rows == 2901);
    CHECK(event.statement == "delete from orders where name = ? and id = $1");
    CHECK(event.parameters.empty());
    CHECK(event.key.size() == 16);

    maker.keep_whole(true);
    const auto whole = made_of(maker, e);
    REQUIRE(whole.size() == 1);
    CHECK(whole[0].statement == "delete from orders where name = 'Ann, 7' and id = $1");
    CHECK(whole[0].parameters == "5,x");
}

TEST_CASE("a record of pgAudit in a form that is not known is an event, and not silence") {
    for (const std::string_view message :
         {"AUDIT: SESSION,1,1,TRUNCATE,DELETE,TABLE,public.orders,delete from orders,<none>",
          "AUDIT: SESSION,1,1,WRITE,DELETE,TABLE,public.orders,delete from orders,<none>,3,new",
          "AUDIT: STATEMENT,1,1,WRITE,DELETE,,,x,<none>", "AUDIT: ", "AUDIT: {\"class\": 1}"}) {
        event_maker maker("c");
        auto e = some_entry();
        e.message = message;
        const auto events = made_of(maker, e);
        REQUIRE(events.size() == 1);
        CHECK(events[0].kind == "unreadable");
        CHECK(events[0].user == "jd");
        CHECK(events[0].class_name.empty());
        CHECK(events[0].message.starts_with("a record of pgAudit that is not understood: AUDIT:"));
    }
    event_maker maker("c");
    auto e = some_entry();
    e.message = "AUDIT: NEW,delete from orders where name = 'Ann'";
    CHECK(made_of(maker, e)[0].message.ends_with("name = ?"));
    maker.keep_whole(true);
    CHECK(made_of(maker, e)[0].message.ends_with("name = 'Ann'"));
    e.message = "AUDITED: no record of pgAudit";
    CHECK(made_of(maker, e).empty());
}

TEST_CASE("a statement that was logged before is that of the same statement in its session") {
    event_maker maker("c");
    auto e = some_entry();
    const auto statement_of = [&](std::string_view session, std::int64_t line,
                                  std::string_view message) {
        e.session = session;
        e.line = line;
        e.message = message;
        const auto events = made_of(maker, e);
        REQUIRE_FALSE(events.empty());
        return events.back().statement;
    };
    const std::string_view once = ",READ,SELECT,TABLE,a.b,<previously logged>,<previously logged>";
    CHECK(statement_of("6b00dd29.1", 1,
                       "AUDIT: SESSION,2,1,READ,SELECT,TABLE,a.a,select a,<none>") == "select a");
    CHECK(statement_of("6b00dd29.2", 1,
                       "AUDIT: SESSION,2,1,READ,SELECT,TABLE,a.a,select b,<none>") == "select b");
    const auto again = [&](int statement, int substatement) {
        return "AUDIT: SESSION," + std::to_string(statement) + "," + std::to_string(substatement) +
               std::string(once);
    };
    CHECK(statement_of("6b00dd29.1", 2, again(2, 1)) == "select a");
    CHECK(statement_of("6b00dd29.2", 2, again(2, 1)) == "select b");
    CHECK(statement_of("6b00dd29.1", 3, again(3, 1)).empty());
    CHECK(statement_of("6b00dd29.3", 1, again(2, 1)).empty());
    CHECK(statement_of("6b00dd29.1", 4,
                       "AUDIT: SESSION,2,2,READ,SELECT,TABLE,a.a,select c,<none>") == "select c");
    CHECK(statement_of("6b00dd29.1", 5, again(2, 1)) == "select a");
    CHECK(statement_of("6b00dd29.1", 6, again(2, 2)) == "select c");
}

TEST_CASE("an error keeps names and no values") {
    CHECK(error_of("42501", "permission denied for table orders").message ==
          "permission denied for table orders");
    CHECK(error_of("42501", "x").statement == "delete from orders where name = ?");
    CHECK(error_of("42P01", "relation \"orderz\" does not exist").message ==
          "relation \"orderz\" does not exist");
    CHECK(error_of("28P01", "password authentication failed for user \"jd\"").message ==
          "password authentication failed for user \"jd\"");
    CHECK(error_of("22P02", "invalid input syntax for type integer: \"Ann\"").message ==
          "invalid input syntax for type integer: \"?\"");
    CHECK(error_of("22P02", "invalid input syntax for type integer: \"a\" Ann \"b\"").message ==
          "invalid input syntax for type integer: \"?\"");
    CHECK(error_of("22P02", "invalid: \"Ann").message == "invalid: \"?\"");
    CHECK(error_of("42601", "syntax error at or near \"'Ann'\"").message ==
          "syntax error at or near \"?\"");
    CHECK(error_of("P0001", "no credit for 'Ann' of 4711").message == "no credit for ? of ?");
    CHECK(error_of("P0001", "no credit for 'Ann' of 4711", true).message ==
          "no credit for 'Ann' of 4711");
    CHECK(error_of("42501", "x", true).statement == "delete from orders where name = 'Ann'");
}

TEST_CASE("errors are those of clients") {
    const auto count = [](auto change) {
        event_maker maker("c");
        auto e = some_entry();
        e.severity = "FATAL";
        e.sqlstate = "57P01";
        e.message = "x";
        change(e);
        return made_of(maker, e).size();
    };
    CHECK(count([](auto&) {}) == 1);
    CHECK(count([](auto& e) { e.backend_type = "autovacuum worker"; }) == 0);
    CHECK(count([](auto& e) { e.severity = "WARNING"; }) == 0);
    CHECK(count([](auto& e) { e.severity = "LOG"; }) == 0);
    CHECK(count([](auto& e) { e.severity = "FEHLER"; }) == 1);
    CHECK(count([](auto& e) {
              e.severity = "WARNUNG";
              e.sqlstate = "01000";
          }) == 0);
    CHECK(count([](auto& e) { e.severity = "PANIC"; }) == 1);
}

TEST_CASE("a change of what is logged is an event, and one that a session made up is forged") {
    const auto made = [](std::string_view message, bool by_server = true) {
        event_maker maker("c");
        auto e = some_entry();
        e.message = message;
        if (by_server) {
            e.user = e.database = "";
            e.backend_type = "postmaster";
        }
        return made_of(maker, e);
    };
    const auto changed = made("parameter \"pgaudit.log\" changed to \"none\"");
    REQUIRE(changed.size() == 1);
    CHECK(changed[0].kind == "settings");
    CHECK(changed[0].object == "pgaudit.log");
    CHECK(changed[0].message == "parameter \"pgaudit.log\" changed to \"none\"");
    CHECK(made("parameter \"log_min_messages\" removed from configuration file, reset to default")
              .size() == 1);
    CHECK(made("parameter \"shared_preload_libraries\" cannot be changed without restarting the "
               "server")
              .size() == 1);
    CHECK(made("parameter \"work_mem\" changed to \"4MB\"").empty());
    CHECK(made("parameter \"pgaudit.log\" is fine").empty());
    CHECK(made("received SIGHUP, reloading configuration files").empty());
    const auto invented = made("parameter \"pgaudit.log\" changed to \"none\"", false);
    REQUIRE(invented.size() == 1);
    CHECK(invented[0].kind == "forged");
}

TEST_CASE("a key is the same for the same entry, and for no other") {
    auto e = some_entry();
    const auto key = audit::key_of("c", e);
    CHECK(key.size() == 16);
    CHECK(audit::key_of("c", e) == key);
    CHECK(audit::key_of("c", e, "id") == key);
    e.raw = "other bytes";
    CHECK(audit::key_of("c", e) == key);
    CHECK(audit::key_of("d", e) != key);
    e.line = 2;
    CHECK(audit::key_of("c", e) != key);
    e.line = 0;
    const auto by_bytes = audit::key_of("c", e);
    CHECK(audit::key_of("c", e, "id") != by_bytes);
    CHECK(audit::key_of("c", e, "id") != audit::key_of("c", e, "id2"));
    e.raw = "more bytes";
    CHECK(audit::key_of("c", e) != by_bytes);
    // A forged line of text cannot take the place of another one.
    e.line = 1;
    e.forged = true;
    e.trust = audit::trust::text;
    CHECK(audit::key_of("c", e) != key);
}
