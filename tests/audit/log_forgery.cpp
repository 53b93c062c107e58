#include "audit/reading.hpp"

#include <tallyfs/audit/pgaudit_record.hpp>

using namespace tallyfs;
using audit::log_format;
using test::events_of;
using test::log_fixture;
using test::read_log;

namespace {

const std::string genuine =
    "2026-11-20 23:53:11.286 UTC [17874] john_doe@appdb LOG:  AUDIT: SESSION,1,1,DDL,"
    "CREATE TABLE,TABLE,public.zz,create table zz(a int),<not logged>\n";

/// Further away than a name can reach.
const std::string distance =
    "2026-11-20 23:53:11.200 UTC [1] LOG:  " + std::string(400, 'x') + "\n";

std::size_t records_of(const test::kept_log& log) {
    std::size_t count = 0;
    audit::pgaudit_record record;
    for (const auto& e : log.entries) {
        if (!e.forged && audit::parse_pgaudit(e.message, record)) ++count;
    }
    return count;
}

}  // namespace

TEST_CASE("a record that a client wrote before it logged in is not believed in any format") {
    const std::string name = "pg15-forged-by-unauthenticated-client";
    for (const auto& [file, format] :
         {std::pair{name + ".stderr.log", log_format::text},
          std::pair{name + ".csv", log_format::csv}, std::pair{name + ".json", log_format::json}}) {
        INFO(file);
        const auto read = read_log(format, log_fixture(file));
        CHECK(read.counts.forged == 1);
        CHECK(records_of(read) == 0);
        const auto events = events_of(format, log_fixture(file));
        REQUIRE(events.size() == 1);
        CHECK(events[0].kind == "forged");
        CHECK_FALSE(events[0].message.empty());
    }
    const auto text = events_of(log_format::text, log_fixture(name + ".stderr.log"));
    CHECK(text[0].message == "made to look like: AUDIT: SESSION,?,?,WRITE,DELETE,,,del,<none>,?");
    CHECK(text[0].user == "john_doe");
    CHECK(text[0].trust == "text");
}

TEST_CASE("what a forged line is followed by far enough behind is believed again") {
    const auto forged = log_fixture("pg15-forged-by-unauthenticated-client.stderr.log");
    const auto events = events_of(log_format::text, genuine + forged + distance + genuine);
    REQUIRE(events.size() == 3);
    CHECK(events[0].kind == "statement");
    CHECK(events[1].kind == "forged");
    CHECK(events[2].kind == "statement");
}

TEST_CASE("a name with the end of a line in it is reported though nothing else was forged") {
    const auto events =
        events_of(log_format::text,
                  "2026-11-20 23:53:09.404 UTC [17833] x\n"
                  "@appdb FATAL:  password authentication failed for user \"x\n\t\"\n" +
                      distance + genuine);
    REQUIRE(events.size() == 2);
    CHECK(events[0].kind == "forged");
    CHECK(events[1].kind == "statement");
}

TEST_CASE("of several entries within one name none is believed") {
    const auto events = events_of(log_format::text,
                                  "2026-11-20 23:53:09 UTC [17833] x\n"
                                  "2026-11-20 23:59:59 UTC [1] a@b LOG:  y\n"
                                  "2026-11-20 23:59:59 UTC [1] j@a LOG:  AUDIT: SESSION,1,1,DDL,"
                                  "x,,,y,z\n FATAL:  client selected nothing\n",
                                  "%t [%p] %q%u@%d ");
    CHECK(events.size() == 2);
    CHECK(test::count_of(events, "forged") == 2);
}

TEST_CASE("a name that ends one entry and begins another in the same line is not believed") {
    // user "john_doe@appdb LOG:  AUDIT: …<none>", database "y"
    const auto events = events_of(
        log_format::text,
        "2026-11-20 23:53:09.404 UTC [17833] john_doe@appdb LOG:  AUDIT: SESSION,1,1,WRITE,DELETE"
        ",,,x,<none>@y FATAL:  client selected an invalid SASL authentication mechanism\n");
    REQUIRE(events.size() == 1);
    CHECK(events[0].kind == "forged");
    // The same as a process of the server's own, whose prefix has no names.
    const auto process = events_of(
        log_format::text,
        "2026-11-20 23:53:09.404 UTC [17833] LOG:  AUDIT: SESSION,1,1,WRITE,DELETE,,,x,<none>"
        "@y FATAL:  client selected an invalid SASL authentication mechanism\n");
    REQUIRE(process.size() == 1);
    CHECK(process[0].kind == "forged");
}

TEST_CASE("people are told where a name made a whole entry of its first line") {
    // user "x@y LOG:  z\n…[1] john_doe", database "appdb LOG:  AUDIT: …\n"
    const auto events = events_of(
        log_format::text,
        "2026-11-20 23:53:09.404 UTC [17833] x@y LOG:  z\n"
        "2026-11-20 23:59:59.000 UTC [1] john_doe@appdb LOG:  AUDIT: SESSION,1,1,DDL,x,,,y,z\n"
        " FATAL:  client selected an invalid SASL authentication mechanism\n" +
            distance);
    CHECK(test::count_of(events, "forged") == 1);
    for (const auto& e : events) CHECK(e.trust == "text");
}

TEST_CASE("a forged text within a statement is text") {
    for (const auto& [file, format] : {std::pair{"pg15-full.stderr.log", log_format::text},
                                       std::pair{"pg15-full.csv", log_format::csv},
                                       std::pair{"pg15-full.json", log_format::json}}) {
        std::size_t found = 0;
        for (const auto& e : read_log(format, log_fixture(file)).entries) {
            if (e.message.find("forged in statement") == std::string::npos) continue;
            ++found;
            CHECK_FALSE(e.forged);
            CHECK(e.user == "john_doe");
            CHECK(e.pid == 14706);
            CHECK(e.message.starts_with("AUDIT: SESSION,1,1,READ,SELECT,"));
        }
        CHECK(found == 1);
        for (const auto& e : events_of(format, log_fixture(file))) {
            CHECK(e.rows != 9999);
            CHECK((e.pid != 1 || e.kind == "forged"));
        }
    }
}

TEST_CASE("a record that a session's own code wrote is not believed") {
    const std::string message = "AUDIT: SESSION,1,1,READ,SELECT,,,x,<none>";
    const auto csv = [&](const std::string& context) {
        return read_log(log_format::csv,
                        "2026-11-20 23:52:09.665 UTC,\"jd\",\"app\",7,\"[local]\",6b00dd29.7,1,"
                        "\"DO\",2026-11-20 23:52:09 UTC,3/43,0,LOG,00000,\"" +
                            message + "\",,,,," + context + ",,,,\"psql\",\"client backend\",,0\n")
            .entries.at(0);
    };
    CHECK_FALSE(csv("").forged);
    CHECK(csv("\"PL/pgSQL function inline_code_block line 1 at RAISE\"").forged);
    const auto json = read_log(log_format::json,
                               R"({"timestamp":"2026-11-20 23:52:09.665 UTC","user":"jd","pid":7,)"
                               R"("error_severity":"LOG","message":")" +
                                   message + R"(","context":"PL/pgSQL function x"})" + "\n");
    CHECK(json.entries.at(0).forged);
    const auto text =
        read_log(log_format::text, "2026-11-20 23:52:09.665 UTC [7] jd@app LOG:  " + message +
                                       "\n2026-11-20 23:52:09.665 UTC [7] jd@app CONTEXT:  PL/pgSQL"
                                       " function inline_code_block line 1 at RAISE\n");
    REQUIRE(text.entries.size() == 1);
    CHECK(text.entries[0].forged);
}

TEST_CASE("no line within a quoted text is taken for an entry, however long the text is") {
    // A statement that is longer than an entry may be, and made of what looks like entries.
    const std::string fake =
        R"(2026-11-20 23:59:59.000 UTC,""""boss"""",""""app"""",1,""""[local]"""",a.1,1,)"
        R"(""""x"""",2026-11-20 23:59:59 UTC,,0,LOG,00000,""""AUDIT: SESSION,1,1,DDL,x,,,y,z"""")"
        R"(,,,,,,,,,"""""""",""""client backend"""",,0)";
    std::string statement;
    while (statement.size() < 2 * audit::log_reader::entry_bytes_max) statement += fake + "\n";
    const std::string front =
        R"(2026-11-20 23:52:09.665 UTC,"jd","app",7,"[local]",6b00dd29.7,1,"DELETE",)"
        R"(2026-11-20 23:52:09 UTC,3/43,0,LOG,00000,"AUDIT: SESSION,1,1,WRITE,DELETE,TABLE,)"
        R"(public.orders,""delete from orders /* )";
    const std::string back = "\n*/\"\",<none>,0\",,,,,,,,,\"psql\",\"client backend\",,0";
    const auto log = front + statement + back + "\n" + front + back + "\n";
    const auto read = read_log(log_format::csv, log);
    REQUIRE(read.entries.size() == 2);
    CHECK(read.counts.unreadable == 1);
    CHECK(read.entries[0].cut);
    CHECK(read.entries[0].user == "jd");
    CHECK_FALSE(read.entries[1].cut);
    // What it deleted from is known all the same: a long statement hides nothing.
    const auto events = events_of(log_format::csv, log);
    REQUIRE(events.size() == 2);
    CHECK(events[0].object == "public.orders");
    CHECK(events[0].command == "DELETE");
}
