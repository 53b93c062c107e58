#include "support/catch.hpp"

#include <tallyfs/base/limits.hpp>
#include <tallyfs/record/call.hpp>
#include <tallyfs/record/health_event.hpp>

#include <limits>

using namespace tallyfs;

namespace {

record::health_event some_event() {
    record::health_event e;
    e.time = *parse_rfc3339("2026-11-20T12:31:10.000001Z");
    e.id = *uuid::parse("019aa0b5-1c2d-7000-8000-0123456789ab");
    e.node = "host";
    e.event = "finding.opened";
    e.environment = "prod";
    e.cluster = "orders-cl";
    e.database = "app";
    e.rule = "dead_ratio";
    e.subject = "public.orders";
    e.severity = "warning";
    e.title = "many dead rows";
    e.figures = {{"dead_rows", 124'000'000}, {"dead_percent", 16.5}};
    e.since = *parse_rfc3339("2026-11-20T08:51:00.000000Z");
    e.look = "snapshot";
    e.text = "124M dead of 747M (16.6%)";
    e.advice = "vacuum the table";
    return e;
}

std::string line_of(const record::health_event& e) {
    std::string line;
    append_line(line, e);
    return line;
}

}  // namespace

TEST_CASE("a health event's line is read as it was written") {
    const auto e = some_event();
    CHECK(line_of(e) ==
          R"({"v":1,"time":"2026-11-20T12:31:10.000001Z",)"
          R"("id":"019aa0b5-1c2d-7000-8000-0123456789ab","node":"host","event":"finding.opened",)"
          R"("environment":"prod","cluster":"orders-cl","database":"app","rule":"dead_ratio",)"
          R"("subject":"public.orders","severity":"warning","title":"many dead rows",)"
          R"("figures":{"dead_rows":1.24e+08,"dead_percent":16.5},)"
          R"("since":"2026-11-20T08:51:00.000000Z","severity_before":"","look":"snapshot",)"
          R"line("text":"124M dead of 747M (16.6%)","advice":"vacuum the table","muted_by":"",)line"
          R"("problem":""})"
          "\n");
    CHECK(record::parse_health_event(line_of(e)).value() == e);
    record::health_event down;
    down.event = "server.unreachable";
    down.problem = "connection refused";
    CHECK(record::parse_health_event(line_of(down)).value() == down);
}

TEST_CASE("the longest health event fits into a line of the journal and stays one line") {
    auto e = some_event();
    for (auto* text : {&e.node, &e.event, &e.environment, &e.cluster, &e.database, &e.rule,
                       &e.subject, &e.severity, &e.title, &e.severity_before, &e.look, &e.text,
                       &e.advice, &e.muted_by, &e.problem}) {
        *text = std::string(20'000, '\n');  // escaped
    }
    e.figures.assign(1'000, {std::string(1'000, '\x01'), -std::numeric_limits<double>::max()});
    const auto line = line_of(e);
    CHECK(line.size() <= limits::line_bytes_max);
    CHECK(line.find('\n') == line.size() - 1);
    CHECK(record::parse_health_event(line));
}

TEST_CASE("the name of a database and of what a finding is about stay whole in a health event") {
    auto e = some_event();
    e.database = std::string(63, '\x01');
    e.subject = std::string(63, '"') + "." + std::string(63, '\x02');
    const auto read = record::parse_health_event(line_of(e)).value();
    CHECK(read.database == e.database);
    CHECK(read.subject == e.subject);
}

TEST_CASE("a figure that is no number has no place in a health event") {
    auto e = some_event();
    e.figures = {{"a", std::numeric_limits<double>::quiet_NaN()},
                 {"b", 1},
                 {"c", std::numeric_limits<double>::infinity()}};
    const auto read = record::parse_health_event(line_of(e)).value();
    CHECK(read.figures == decltype(read.figures){{"b", 1}});
}

TEST_CASE("what is no health event is not read as one") {
    const auto line = line_of(some_event());
    const auto with = [&](std::string_view from, std::string_view to) {
        auto changed = line;
        changed.replace(changed.find(from), from.size(), to);
        return record::parse_health_event(changed);
    };
    CHECK(with("\"muted_by\":\"\"", "\"muted_by\":\"\",\"new\":[1]"));
    CHECK_FALSE(record::parse_health_event(""));
    CHECK_FALSE(record::parse_health_event("[]"));
    CHECK_FALSE(record::parse_health_event(line.substr(0, line.size() - 3)));
    CHECK_FALSE(with("\"v\":1", "\"v\":2"));
    CHECK_FALSE(with("\"rule\":\"dead_ratio\",", ""));
    CHECK_FALSE(with("\"dead_ratio\"", "17"));
    CHECK_FALSE(with("\"2026-11-20T08:51:00.000000Z\"", "\"yesterday\""));
    CHECK_FALSE(with("16.5", "\"16.5\""));
    CHECK_FALSE(with("019aa0b5-", "019aa0b5"));
}
