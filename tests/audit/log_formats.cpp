#include "audit/reading.hpp"

using namespace tallyfs;
using audit::log_format;
using test::events_of;
using test::log_fixture;
using test::read_log;

// Counted in the fixtures with
//   jq -c . pg15-full.json | wc -l                                              65
//   jq -r 'select(.message|test("^AUDIT: (SESSION|OBJECT),")).message'          62 records
//   jq -r 'select(.error_severity!="LOG")|.state_code'                          42501 42501 28P01
// of which the last is by a client whose user name holds the end of a line.
namespace {

constexpr std::size_t full_entries = 65;
constexpr std::size_t full_records = 62;
constexpr std::size_t full_errors = 2;

/// What a text log with the prefix of the fixtures cannot say.
void leave_out_what_text_lacks(record::audit_event& e) {
    e.trust.clear();
    e.remote.clear();
    e.session.clear();
    e.line.reset();
    e.application.clear();
    e.key.clear();
    // Neither format has it the same way: the code of success is not in text.
    if (e.sqlstate == "00000") e.sqlstate.clear();
}

std::vector<record::audit_event> believed(std::vector<record::audit_event> events) {
    std::erase_if(events, [](const auto& e) { return e.kind == "forged"; });
    return events;
}

}  // namespace

TEST_CASE("csvlog and jsonlog give the same entries, each with all its fields") {
    auto csv = read_log(log_format::csv, log_fixture("pg15-full.csv"));
    auto json = read_log(log_format::json, log_fixture("pg15-full.json"));
    REQUIRE(csv.entries.size() == full_entries);
    REQUIRE(json.entries.size() == full_entries);
    CHECK(csv.counts.unreadable == 0);
    CHECK(json.counts.unreadable == 0);
    for (std::size_t i = 0; i < full_entries; ++i) {
        auto& a = csv.entries[i];
        auto& b = json.entries[i];
        if (a.sqlstate == "00000") a.sqlstate.clear();
        if (b.sqlstate == "00000") b.sqlstate.clear();
        a.raw = b.raw = "";
        INFO(i << ": " << a.message);
        CHECK(a == b);
    }
    CHECK(csv.entries[0].user == "john_doe");
    CHECK(csv.entries[0].database == "appdb");
    CHECK(csv.entries[0].pid == 14679);
    CHECK(csv.entries[0].remote == "127.0.0.1:37478");
    CHECK(csv.entries[0].session == "6b00dd29.3957");
    CHECK(csv.entries[0].line == 1);
    CHECK(csv.entries[1].application == "DBeaver 23.2.0 - Main <appdb>");
    CHECK(csv.entries[0].backend_type == "client backend");
    CHECK(to_rfc3339(csv.entries[0].logged) == "2026-11-20T23:52:09.665000Z");
}

TEST_CASE("the three formats give the same events, but for what text cannot say") {
    auto csv = events_of(log_format::csv, log_fixture("pg15-full.csv"));
    auto json = events_of(log_format::json, log_fixture("pg15-full.json"));
    for (auto* const events : {&csv, &json}) {
        CHECK(events->size() == full_records + full_errors + 1);
        CHECK(test::count_of(*events, "statement") == full_records);
        CHECK(test::count_of(*events, "error") == full_errors);
        CHECK(test::count_of(*events, "forged") == 1);
        for (auto& e : *events) {
            if (e.sqlstate == "00000") e.sqlstate.clear();
        }
    }
    CHECK(csv == json);

    auto text = believed(events_of(log_format::text, log_fixture("pg15-full.stderr.log")));
    csv = believed(csv);
    REQUIRE(text.size() == csv.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        CHECK(text[i].trust == "text");
        CHECK(csv[i].trust == "structured");
        leave_out_what_text_lacks(text[i]);
        leave_out_what_text_lacks(csv[i]);
        INFO(i << ": " << text[i].statement << " / " << csv[i].statement);
        CHECK(text[i] == csv[i]);
    }
}

TEST_CASE("records of every setting of pgAudit are read") {
    // grep -c 'LOG:  AUDIT: SESSION,' FILE
    const std::vector<std::pair<std::string, std::size_t>> files{
        {"pg15-default.stderr.log", 17},
        {"pg15-relation-only.stderr.log", 18},
        {"pg15-once.stderr.log", 18},
        {"pg15-rows-only.stderr.log", 16}};
    for (const auto& [file, count] : files) {
        const auto events = events_of(log_format::text, log_fixture(file));
        INFO(file);
        CHECK(events.size() == count);
        CHECK(test::count_of(events, "statement") == count);
        for (const auto& e : events) {
            CHECK_FALSE(e.statement.empty());
            CHECK(e.rows.has_value() == (file == "pg15-rows-only.stderr.log"));
        }
    }
}

TEST_CASE("csvlog of PostgreSQL 12 and 13 has fewer columns") {
    const std::string front =
        R"(2026-11-20 23:52:09.665 UTC,"jd","app",7,"[local]",6b00dd29.7,1,"SELECT",)"
        R"(2026-11-20 23:52:09 UTC,3/43,0,LOG,00000,"AUDIT: x",,,,,,,,,"psql")";
    const auto twelve = read_log(log_format::csv, front + "\n").entries;
    const auto thirteen = read_log(log_format::csv, front + ",\"client backend\"\n").entries;
    REQUIRE(twelve.size() == 1);
    REQUIRE(thirteen.size() == 1);
    CHECK(twelve[0].application == "psql");
    CHECK(twelve[0].backend_type.empty());
    CHECK(thirteen[0].backend_type == "client backend");
    CHECK(read_log(log_format::csv, front + ",\"client backend\",\n").entries.empty());
}

TEST_CASE("the format of a log is told by its beginning") {
    using audit::guess_format;
    CHECK(guess_format(log_fixture("pg15-full.csv"), "x.log") == log_format::csv);
    CHECK(guess_format(log_fixture("pg15-full.json"), "x.log") == log_format::json);
    CHECK(guess_format(log_fixture("pg15-full.stderr.log"), "x.csv") == log_format::text);
    CHECK(guess_format("", "x.json") == log_format::json);
    CHECK(guess_format("", "x.csv") == log_format::csv);
    CHECK(guess_format("", "x.log") == log_format::text);
    CHECK(guess_format("\xef\xbb\xbf{\"timestamp\":", "x") == log_format::json);
}
