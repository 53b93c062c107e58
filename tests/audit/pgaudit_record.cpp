#include "support/catch.hpp"

#include <tallyfs/audit/pgaudit_record.hpp>

using namespace tallyfs;
using audit::parse_pgaudit;
using audit::pgaudit_record;

namespace {

bool is_record(std::string_view message) {
    pgaudit_record into;
    return parse_pgaudit(message, into);
}

}  // namespace

TEST_CASE("a record of pgAudit is taken apart") {
    pgaudit_record r;
    REQUIRE(
        parse_pgaudit("AUDIT: SESSION,7,2,WRITE,DELETE,TABLE,public.orders,"
                      "\"delete from \"\"orders\"\"\n where id = $1\",\"5,\"\"x\"\"\",2901",
                      r));
    CHECK_FALSE(r.by_object);
    CHECK(r.statement_id == 7);
    CHECK(r.substatement_id == 2);
    CHECK(r.class_name == "WRITE");
    CHECK(r.command == "DELETE");
    CHECK(r.object_type == "TABLE");
    CHECK(r.object == "public.orders");
    CHECK(r.statement == "delete from \"orders\"\n where id = $1");
    CHECK(r.parameters == "5,\"x\"");
    CHECK(r.rows == 2901);

    REQUIRE(
        parse_pgaudit("AUDIT: OBJECT,1,1,READ,SELECT,TABLE,public.customers,"
                      "select ssn from customers,<not logged>",
                      r));
    CHECK(r.by_object);
    CHECK(r.statement == "select ssn from customers");
    CHECK(r.parameters.empty());
    CHECK_FALSE(r.rows);
}

TEST_CASE("the words that stand for nothing are nothing") {
    pgaudit_record r;
    REQUIRE(parse_pgaudit("AUDIT: SESSION,1,1,MISC,???,,,<not logged>,<not logged>", r));
    CHECK(r.command.empty());
    CHECK(r.statement.empty());
    CHECK(r.parameters.empty());
    CHECK_FALSE(r.statement_logged_before);
    REQUIRE(
        parse_pgaudit("AUDIT: SESSION,1,1,MISC_SET,SET,,,<previously logged>,"
                      "<previously logged>,0",
                      r));
    CHECK(r.class_name == "MISC_SET");
    CHECK(r.statement.empty());
    CHECK(r.parameters.empty());
    CHECK(r.statement_logged_before);
    REQUIRE(
        parse_pgaudit("AUDIT: SESSION,1,1,ROLE,ALTER ROLE,,,alter role a password <REDACTED>,"
                      "<none>",
                      r));
    CHECK(r.statement == "alter role a password <REDACTED>");
    CHECK(r.parameters.empty());
    CHECK_FALSE(r.statement_logged_before);
}

TEST_CASE("what is not exactly a record is none") {
    CHECK(is_record("AUDIT: SESSION,1,1,READ,SELECT,,,select,<none>,1"));
    for (const std::string_view message :
         {"",
          "AUDIT: ",
          "audit: SESSION,1,1,READ,SELECT,,,select,<none>",
          " AUDIT: SESSION,1,1,READ,SELECT,,,select,<none>",
          "AUDIT: SESSIONS,1,1,READ,SELECT,,,select,<none>",
          "AUDIT: SESSION,0,1,READ,SELECT,,,select,<none>",
          "AUDIT: SESSION,1,-1,READ,SELECT,,,select,<none>",
          "AUDIT: SESSION,+1,1,READ,SELECT,,,select,<none>",
          "AUDIT: SESSION,01,1,READ,SELECT,,,select,<none>",
          "AUDIT: SESSION,1 ,1,READ,SELECT,,,select,<none>",
          "AUDIT: SESSION,9223372036854775808,1,READ,SELECT,,,select,<none>",
          "AUDIT: SESSION,1,1,OTHER,SELECT,,,select,<none>",
          "AUDIT: SESSION,1,1,READ,SELECT,,,select",
          "AUDIT: SESSION,1,1,READ,SELECT,,,select,<none>,",
          "AUDIT: SESSION,1,1,READ,SELECT,,,select,<none>,-1",
          "AUDIT: SESSION,1,1,READ,SELECT,,,select,<none>,-0",
          "AUDIT: SESSION,1,1,READ,SELECT,,,select,<none>,9223372036854775808",
          "AUDIT: SESSION,1,1,READ,SELECT,,,select,<none>,1,2",
          "AUDIT: SESSION,1,1,READ,SELECT,,,select,<none>,1\n",
          "AUDIT: SESSION,1,1,READ,SELECT,,,\"select,<none>",
          "AUDIT: SESSION,1,1,READ,SELECT,,,\"a,b\"x,<none>",
          "AUDIT: SESSION,1,1,READ,SELECT,,,\"select\",<none>",
          "AUDIT: SESSION,1,1,READ,SELECT,,,sel\"ect,<none>",
          "AUDIT: SESSION,1,1,READ,SELECT,,,sel\nect,<none>"}) {
        INFO(message);
        CHECK_FALSE(is_record(message));
    }
    CHECK(is_record("AUDIT: SESSION,9223372036854775807,1,READ,SELECT,,,select,<none>"));
}

TEST_CASE("a record that is used again keeps nothing of the one before") {
    pgaudit_record r;
    REQUIRE(parse_pgaudit("AUDIT: OBJECT,1,1,READ,SELECT,TABLE,a.b,\"x,\"\"y\"\"\",\"p,q\",3", r));
    REQUIRE(parse_pgaudit("AUDIT: SESSION,2,1,MISC,BEGIN,,,begin,<not logged>", r));
    CHECK_FALSE(r.by_object);
    CHECK(r.object.empty());
    CHECK(r.parameters.empty());
    CHECK_FALSE(r.rows);
}

TEST_CASE("a record whose end is missing is read only where that is known") {
    const std::string_view cut =
        "AUDIT: SESSION,7,2,WRITE,DELETE,TABLE,public.orders,\"delete /* a";
    pgaudit_record r;
    CHECK_FALSE(parse_pgaudit(cut, r));
    REQUIRE(parse_pgaudit(cut, r, true));
    CHECK(r.command == "DELETE");
    CHECK(r.object == "public.orders");
    CHECK(r.statement == "delete /* a");
    CHECK_FALSE(parse_pgaudit("AUDIT: SESSION,7,2,WRITE,DELETE,TABLE", r, true));
}
