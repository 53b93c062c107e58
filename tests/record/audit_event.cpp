#include "record/audit_fields.hpp"
#include "support/catch.hpp"

#include <tallyfs/base/limits.hpp>
#include <tallyfs/record/audit_event.hpp>
#include <tallyfs/record/call.hpp>

#include <algorithm>
#include <limits>

using namespace tallyfs;

namespace {

record::audit_event some_event() {
    record::audit_event e;
    e.time = *parse_rfc3339("2026-11-20T23:52:10.000001Z");
    e.number = 17;
    e.previous = std::string(record::no_line_before);
    e.node = "host";
    e.kind = "statement";
    e.cluster = "prod/orders-cl";
    e.trust = "structured";
    e.logged = *parse_rfc3339("2026-11-20T23:52:09.665000Z");
    e.user = "jd";
    e.account = "person";
    e.database = "app";
    e.pid = 14679;
    e.remote = "127.0.0.1:37478";
    e.session = "6b00dd29.3957";
    e.line = 4;
    e.application = "psql";
    e.type = "session";
    e.statement_id = 2;
    e.substatement_id = 1;
    e.class_name = "WRITE";
    e.command = "DELETE";
    e.object_type = "TABLE";
    e.object = "public.\"Orders\"";
    e.rows = 2901;
    e.statement = "delete from \"Orders\" where id = ?";
    e.severity = "LOG";
    e.sqlstate = "00000";
    e.rules = {"person-dml", "bulk-delete"};
    e.key = "0123456789abcdef";
    return e;
}

std::string line_of(const record::audit_event& e) {
    std::string line;
    append_line(line, e);
    return line;
}

error_code failure(record::record_errc e) {
    return make_error_code(e);
}

std::vector<std::string*> texts_of(record::audit_event& e) {
    return {&e.node,     &e.kind,        &e.cluster,  &e.trust,       &e.user,       &e.account,
            &e.database, &e.remote,      &e.session,  &e.application, &e.type,       &e.class_name,
            &e.command,  &e.object_type, &e.object,   &e.statement,   &e.parameters, &e.severity,
            &e.sqlstate, &e.message,     &e.expected, &e.key};
}

}  // namespace

TEST_CASE("an audit event's line is read as it was written") {
    const auto e = some_event();
    CHECK(line_of(e) ==
          R"({"v":1,"time":"2026-11-20T23:52:10.000001Z","n":17,"prev":")"
          R"(0000000000000000000000000000000000000000000000000000000000000000","node":"host",)"
          R"("kind":"statement","cluster":"prod/orders-cl","trust":"structured",)"
          R"("logged":"2026-11-20T23:52:09.665000Z","user":"jd","account":"person",)"
          R"("database":"app","pid":14679,"remote":"127.0.0.1:37478","session":"6b00dd29.3957",)"
          R"("line":4,"application":"psql","type":"session","statement_id":2,)"
          R"("substatement_id":1,"class":"WRITE","command":"DELETE","object_type":"TABLE",)"
          R"("object":"public.\"Orders\"","rows":2901,)"
          R"("statement":"delete from \"Orders\" where id = ?","parameters":null,)"
          R"("severity":"LOG","sqlstate":"00000","message":null,)"
          R"("rules":["person-dml","bulk-delete"],"expected":null,"key":"0123456789abcdef"})"
          "\n");
    CHECK(record::parse_audit_event(line_of(e)).value() == e);
    CHECK(record::parse_audit_event_any_order(line_of(e)).value() == e);
    record::audit_event nothing;
    nothing.previous = std::string(record::no_line_before);
    CHECK(record::parse_audit_event(line_of(nothing)).value() == nothing);
}

TEST_CASE("an audit event with any text is read by both readers, and the same") {
    auto e = some_event();
    e.user = "a\n\t\r\"\\\x01\x7f \xc3\xbc \xe2\x80\xae";
    e.application = "\xff\xfe";
    const auto fast = record::parse_audit_event(line_of(e)).value();
    CHECK(fast == record::parse_audit_event_any_order(line_of(e)).value());
    CHECK(fast.user == e.user);
    CHECK(fast.application == "\xef\xbf\xbd\xef\xbf\xbd");
}

TEST_CASE("the longest audit event fits into a line of the journal and stays one line") {
    for (const std::string piece : {"\n", "x", "\"", "\x01", "\xc3\xbc", "\xff", "\xe2\x80\xae"}) {
        auto e = some_event();
        std::string text;
        while (text.size() < 20'000) text += piece;
        for (auto* const field : texts_of(e)) *field = text;
        e.number = std::numeric_limits<std::uint64_t>::max();
        for (auto* const number : {&e.pid, &e.line, &e.statement_id, &e.substatement_id, &e.rows})
            *number = std::numeric_limits<std::int64_t>::min();
        e.rules.assign(100, text);
        const auto line = line_of(e);
        CHECK(line.size() < limits::line_bytes_max);
        CHECK(line.find('\n') == line.size() - 1);
        const auto read = record::parse_audit_event(line);
        REQUIRE(read);
        CHECK(read->statement.ends_with("..."));
        CHECK(line_of(*read) == line);
    }
}

TEST_CASE("what is cut of a statement ends in dots, and what fits is whole") {
    auto e = some_event();
    for (const std::size_t size : {6'142U, 6'143U, 6'144U, 6'145U, 10'000U}) {
        e.statement = std::string(size, 'x');
        const auto read = record::parse_audit_event(line_of(e)).value();
        INFO(size);
        CHECK(read.statement.size() == std::min<std::size_t>(size, 6'144));
        CHECK(read.statement.ends_with("...") == (size > 6'144));
    }
    // Escaped it is longer: as much as fits is kept, not half of it.
    e.statement = std::string(4'000, '"');
    const auto read = record::parse_audit_event(line_of(e)).value();
    CHECK(read.statement.size() > 3'000);
    CHECK(read.statement.ends_with("..."));
}

TEST_CASE("names of people and objects stay whole in an audit event") {
    auto e = some_event();
    e.user = std::string(63, '\x01');
    e.database = std::string(63, '\x02');
    e.object = std::string(63, '"') + "." + std::string(63, '\x02');
    const auto read = record::parse_audit_event(line_of(e)).value();
    CHECK(read == e);
}

TEST_CASE("what is no audit event is not read as one") {
    const auto line = line_of(some_event());
    const auto with = [&](std::string_view from, std::string_view to) {
        auto changed = line;
        changed.replace(changed.find(from), from.size(), to);
        return record::parse_audit_event(changed);
    };
    CHECK(with("\"pid\":14679,", "").error() == failure(record::record_errc::missing_field));
    CHECK(with("\"pid\":14679", "\"pid\":\"14679\"").error() ==
          failure(record::record_errc::bad_value));
    CHECK(with("\"pid\":14679", "\"pid\":014679").error() ==
          failure(record::record_errc::not_json));
    CHECK(with("\"rules\":[\"", "\"rules\":[7,\"").error() ==
          failure(record::record_errc::bad_value));
    CHECK(with("23:52:09.665000Z", "yesterday").error() == failure(record::record_errc::bad_value));
    CHECK(with("\"user\":\"jd\"", "\"user\":\"j\nd\"").error() ==
          failure(record::record_errc::not_json));
    CHECK(with("\"user\":\"jd\"", "\"user\":\"j\xff\"").error() ==
          failure(record::record_errc::not_json));
    CHECK_FALSE(with("\"v\":1", "\"v\":2"));
    CHECK_FALSE(with("\"n\":17", "\"m\":17"));
    CHECK_FALSE(record::parse_audit_event(""));
    CHECK_FALSE(record::parse_audit_event(line.substr(0, line.size() - 3)));
    CHECK_FALSE(record::parse_audit_event(line + "x"));
    // Another order behind the link, more fields, other escapes: any reader takes that.
    CHECK(with("\"pid\":14679,", "\"new\":[1],\"pid\":14679,").value() == some_event());
    CHECK(with("\"user\":\"jd\"", "\"user\":\"\\u006ad\"").value() == some_event());
}
