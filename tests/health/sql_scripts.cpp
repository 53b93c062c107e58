// Where the statements of a script begin and end, and which names stand in it.
#include "support/catch.hpp"

#include <tallyfs/health/sql_script.hpp>

#include <algorithm>

using namespace tallyfs::health;

namespace {

std::vector<std::string> texts_of(std::string_view sql) {
    std::vector<std::string> made;
    for (const auto& one : statements_of(sql)) made.emplace_back(one.text);
    return made;
}
using texts = std::vector<std::string>;

bool names(std::string_view sql, const sql_name& name) {
    const auto all = names_in(sql);
    return std::ranges::find(all, name) != all.end();
}

}  // namespace

TEST_CASE("a script is parted at its semicolons, and empty statements are none") {
    CHECK(texts_of("").empty());
    CHECK(texts_of(" ; ;\n-- only a remark;\n/* and; another */").empty());
    CHECK(texts_of("select 1;\n\n select 2 ;select 3") ==
          texts{"select 1", "select 2", "select 3"});
    const std::string_view sql = "-- first\n\nselect 1;\n  select\n2;\n";
    const auto found = statements_of(sql);
    REQUIRE(found.size() == 2);
    CHECK(found[0].line == 3);
    CHECK(found[1].line == 4);
    CHECK(found[1].text == "select\n2");
}

TEST_CASE("a semicolon in a literal, a comment, brackets or a body does not part statements") {
    for (const std::string one :
         {"select 'a;b', 'it''s;'", "select e'a\\';b'", "select \"a;b\"\"c;\"", "select $$a;b$$",
          "select $body$ a; $$ b; $body$", "select /* a; /* b; */ c; */ 1", "select 1 -- a;\n, 2",
          "create rule r as on insert to t do also (select 1; select 2)",
          "create or replace function f() returns int begin atomic select case when true then 1 "
          "end; select 2; end",
          "select $1, a$b$c, 1e5, U&'\\0041;'"}) {
        INFO(one);
        CHECK(texts_of(one + "; select 2") == texts{one, "select 2"});
    }
}

TEST_CASE(
    "a backslash escapes in an E string alone, and a begin outside of a routine opens nothing") {
    CHECK(texts_of("select 'a\\'; select 2") == texts{"select 'a\\'", "select 2"});
    CHECK(texts_of("begin; select 1; end; select 2").size() == 4);
    CHECK(texts_of("create function f() returns int as $$begin return 1; end$$ language plpgsql; "
                   "select 2")
              .size() == 2);
}

TEST_CASE("what is never closed reaches to the end") {
    for (const std::string one : {"select 'a; select 2", "select $a$; select $b$", "/* ; select 2",
                                  "select \"a; b", "select (1; select 2", "select e'\\"}) {
        INFO(one);
        CHECK(statements_of(one).size() <= 1);
    }
}

TEST_CASE(
    "a statement that begins or ends a transaction is known, and one about a savepoint is not") {
    for (const auto* one : {"BEGIN", "begin isolation level serializable", "COMMIT AND CHAIN",
                            "end", "abort work", "rollback", "Rollback Work", "start transaction",
                            "/* x */ commit", "prepare transaction 'a'", "commit prepared 'a'"}) {
        INFO(one);
        CHECK(controls_transaction(one));
    }
    for (const auto* one :
         {"select 'commit'", "rollback to a", "rollback work to savepoint a", "savepoint a",
          "prepare x as select 1", "release a", "\"commit\"", "comment on table t is 'x'", ""}) {
        INFO(one);
        CHECK_FALSE(controls_transaction(one));
    }
}

TEST_CASE("names are those that the server would look for, and words in literals are none") {
    const auto* const sql =
        "ALTER TABLE Sales.\"Or\"\"ders\" ADD x int; -- hidden\n"
        "select t.id, 'literal', $$body$$ from Plain t where \"MiXed\" = 1";
    CHECK(names(sql, {"sales", "Or\"ders"}));
    CHECK(names(sql, {"t", "id"}));
    CHECK(names(sql, {"", "plain"}));
    CHECK(names(sql, {"", "MiXed"}));
    CHECK_FALSE(names(sql, {"", "id"}));
    for (const auto* no : {"literal", "body", "hidden", "mixed"}) CHECK_FALSE(names(sql, {"", no}));
    std::string many;
    for (int i = 0; i < 5000; ++i) many += "n" + std::to_string(i) + " ";
    CHECK(names_in(many).size() == sql_names_max);
}
