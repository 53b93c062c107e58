#include "audit/reading.hpp"

#include <stdexcept>

using namespace tallyfs;
using audit::log_format;
using test::events_of;
using test::read_log;

namespace {

test::kept_entry only_entry(const char* prefix, std::string_view line) {
    const auto read = read_log(log_format::text, line, prefix);
    INFO(prefix << " reads " << line);
    REQUIRE(read.entries.size() == 1);
    return read.entries[0];
}

}  // namespace

TEST_CASE("a prefix without a time or a process is refused") {
    CHECK_THROWS_AS(audit::text_prefix("[%p] "), std::invalid_argument);
    CHECK_THROWS_AS(audit::text_prefix("%m %u@%d "), std::invalid_argument);
    CHECK_THROWS_AS(audit::text_prefix("%%m %%p"), std::invalid_argument);
    CHECK_THROWS_AS(audit::text_prefix(std::string(1'000, 'x') + "%m %p"), std::invalid_argument);
    CHECK_NOTHROW(audit::text_prefix("%n %c "));
    CHECK_NOTHROW(audit::text_prefix("%-30t %10p "));
    CHECK(audit::text_prefix("%m [%p] ").is_guarded());
    CHECK_FALSE(audit::text_prefix("%m [%p] %q%u ").is_guarded());
    CHECK_FALSE(audit::text_prefix("%m [%p] %d ").is_guarded());
}

TEST_CASE("every escape of a prefix is understood") {
    const auto e = only_entry(
        "%m [%p] l=%l s=%c u=%u d=%d a=%a r=%r b=%b e=%e P=%P v=%v x=%x Q=%Q i=%i st=%s 100%% ",
        "2026-11-20 23:52:09.665 UTC [77] l=5 s=6b00dd29.4d u=jd d=app a=psql - x r=10.0.0.7(4711)"
        " b=client backend e=42501 P= v=3/43 x=0 Q=-512 i=ALTER TABLE st=2026-11-20 23:52:09 UTC"
        " 100% ERROR:  must be owner of table orders\n");
    CHECK(to_rfc3339(e.logged) == "2026-11-20T23:52:09.665000Z");
    CHECK(e.pid == 77);
    CHECK(e.line == 5);
    CHECK(e.session == "6b00dd29.4d");
    CHECK(e.user == "jd");
    CHECK(e.database == "app");
    CHECK(e.application == "psql - x");
    CHECK(e.remote == "10.0.0.7:4711");
    CHECK(e.backend_type == "client backend");
    CHECK(e.sqlstate == "42501");
    CHECK(e.severity == "ERROR");
    CHECK(e.message == "must be owner of table orders");
    CHECK(e.trust == audit::trust::text);
}

TEST_CASE("times are read as the prefix writes them, in the zone that they name") {
    const auto at = [](const char* prefix, const std::string& time) {
        return to_rfc3339(only_entry(prefix, time + " 7 LOG:  x\n").logged);
    };
    CHECK(at("%t %p ", "2026-11-20 23:52:09 UTC") == "2026-11-20T23:52:09.000000Z");
    CHECK(at("%m %p ", "2026-11-20 23:52:09.001 CET") == "2026-11-20T22:52:09.001000Z");
    CHECK(at("%m %p ", "2026-07-20 23:52:09.001 CEST") == "2026-07-20T21:52:09.001000Z");
    CHECK(at("%m %p ", "2026-11-20 23:52:09.001 EST") == "2026-11-21T04:52:09.001000Z");
    CHECK(at("%m %p ", "2026-11-20 23:52:09.001 +0530") == "2026-11-20T18:22:09.001000Z");
    CHECK(at("%m %p ", "2026-11-20 23:52:09.001 -03") == "2026-11-21T02:52:09.001000Z");
    CHECK(at("%m %p ", "2026-11-20 23:52:09.001 <+08>") == "2026-11-20T15:52:09.001000Z");
    CHECK(at("%m %p ", "2026-11-20 23:52:09.001 QQT") == "2026-11-20T23:52:09.001000Z");
    CHECK(at("%n %p ", "1795218729.665") == "2026-11-20T23:52:09.665000Z");
    CHECK(read_log(log_format::text, "2026-02-30 23:52:09.001 UTC 7 LOG:  x\n", "%m %p ")
              .entries.empty());
    // Of the second before only the second is taken.
    const auto two = read_log(log_format::text,
                              "2026-11-20 23:52:09.001 UTC 7 LOG:  x\n"
                              "2026-11-20 23:52:09.002 CET 7 LOG:  x\n",
                              "%m %p ");
    REQUIRE(two.entries.size() == 2);
    CHECK(to_rfc3339(two.entries[1].logged) == "2026-11-20T22:52:09.002000Z");
}

TEST_CASE("padding is no part of a field") {
    const auto e = only_entry("%m %-8p|%12u|%-12d ",
                              "2026-11-20 23:52:09.665 UTC 77      |          jd|app          "
                              "LOG:  x\n");
    CHECK(e.pid == 77);
    CHECK(e.user == "jd");
    CHECK(e.database == "app");
}

TEST_CASE("a user's name may hold what parts it from the database") {
    const auto e =
        only_entry(test::fixture_prefix,
                   "2026-11-20 23:52:09.665 UTC [7] jd@corp.example@app LOG:  mail jd@x.org now\n");
    CHECK(e.user == "jd@corp.example");
    CHECK(e.database == "app");
    CHECK(e.message == "mail jd@x.org now");
}

TEST_CASE("a process of the server's own has no names") {
    const auto e = only_entry(test::fixture_prefix,
                              "2026-11-20 23:52:09.665 UTC [7] LOG:  checkpoint starting: time\n");
    CHECK(e.user.empty());
    CHECK(e.message == "checkpoint starting: time");
    const auto unknown = only_entry(test::fixture_prefix,
                                    "2026-11-20 23:52:09.665 UTC [7] [unknown]@[unknown] LOG:  "
                                    "connection received: host=10.0.0.1 port=4711\n");
    CHECK(unknown.user.empty());
    CHECK(unknown.database.empty());
}

TEST_CASE("DETAIL and STATEMENT belong to the error before, and count as lines") {
    const auto read =
        read_log(log_format::text,
                 "2026-11-20 23:52:09.665 UTC [7] 1 jd ERROR:  a\n\tb\n"
                 "2026-11-20 23:52:09.665 UTC [7] 2 jd DETAIL:  c\n"
                 "2026-11-20 23:52:09.665 UTC [7] 3 jd STATEMENT:  d\n\t\te\n\t\n\tf\n"
                 "2026-11-20 23:52:09.665 UTC [8] 1 jd DETAIL:  of another process\n"
                 "2026-11-20 23:52:09.666 UTC [7] 4 jd LOG:  g\n",
                 "%m [%p] %l %u ");
    REQUIRE(read.entries.size() == 2);
    CHECK(read.entries[0].message == "a\nb");
    CHECK(read.entries[0].detail == "c");
    CHECK(read.entries[0].statement == "d\n\te\n\nf");
    CHECK(read.entries[0].line == 1);
    CHECK(read.entries[0].lines == 3);
    CHECK(read.entries[1].line == 4);
    CHECK(read.counts.unreadable == 1);
}

TEST_CASE("verbose entries have their SQLSTATE before the message") {
    const auto e = only_entry(test::fixture_prefix,
                              "2026-11-20 23:52:09.665 UTC [7] jd@app ERROR:  42501: permission "
                              "denied for table orders\n"
                              "2026-11-20 23:52:09.665 UTC [7] jd@app LOCATION:  aclcheck_error, "
                              "aclchk.c:2843\n");
    CHECK(e.sqlstate == "42501");
    CHECK(e.message == "permission denied for table orders");
    const auto record = only_entry(test::fixture_prefix,
                                   "2026-11-20 23:52:09.665 UTC [7] jd@app LOG:  00000: AUDIT: "
                                   "SESSION,1,1,MISC,BEGIN,,,begin,<none>\n");
    CHECK(record.message == "AUDIT: SESSION,1,1,MISC,BEGIN,,,begin,<none>");
}

TEST_CASE("a severity in another language is no forgery") {
    const auto read = read_log(log_format::text,
                               "2026-11-20 23:52:09.665 UTC [7] jd@app FEHLER:  keine "
                               "Berechtigung\n2026-11-20 23:52:09.665 UTC [7] jd@app LOG:  x\n");
    CHECK(read.counts.forged == 0);
    CHECK(read.counts.unreadable == 1);
    CHECK(read.entries.size() == 1);
}

TEST_CASE("where the prefix has no user the beginning of the session tells") {
    const auto line = [](int pid, const std::string& text) {
        return "2026-11-20 23:52:09.665 UTC [" + std::to_string(pid) + "] " + text + "\n";
    };
    const std::string record = "LOG:  AUDIT: SESSION,1,1,MISC,BEGIN,,,begin,<none>";
    const auto events = events_of(
        log_format::text,
        line(7, "LOG:  connection received: host=10.0.0.7 port=4711") +
            line(7,
                 "LOG:  connection authorized: user=jd database=app db application_name=psql "
                 "SSL enabled (protocol=TLSv1.3, cipher=X, bits=256)") +
            line(7, record) + line(8, record) +
            // A session's own code cannot change whose it is.
            line(7, "LOG:  connection authorized: user=boss database=app") + line(7, record) +
            line(7,
                 "LOG:  disconnection: session time: 0:00:00.010 user=jd database=app db "
                 "host=10.0.0.7 port=4711") +
            line(7, record) + line(7, "LOG:  connection authorized: user=\"x\n\ty\" database=app") +
            line(7, record),
        "%m [%p] ");
    REQUIRE(events.size() == 6);
    CHECK(events[0].trust == "guarded_text");
    CHECK(events[0].user == "jd");
    CHECK(events[0].database == "app db");
    CHECK(events[1].user.empty());
    CHECK(events[2].user == "jd");
    CHECK(events[3].user.empty());
    CHECK(events[4].kind == "forged");
    CHECK(events[5].kind == "forged");
}
