#include "ledger/lines.hpp"

#include <support/catch.hpp>
#include <support/temporary_directory.hpp>

#include <array>

namespace {

using namespace tallyfs;
using test::date_of;

using figures = std::array<std::int64_t, 20>;

figures figures_of(const record::call& c) {
    const auto count = [](const auto& value) { return std::int64_t{value.count()}; };
    const auto time = [](const auto& value) { return value ? std::int64_t{value->count()} : 0; };
    const bool ok = c.outcome == record::outcome::ok;
    const bool gone = c.outcome == record::outcome::client_gone;
    const bool cold = c.cold_start == true;
    return {1,
            !ok && !gone,
            gone,
            c.prompt_tokens.value_or(0),
            c.output_tokens.value_or(0),
            c.tokens_from == record::tokens_from::estimated,
            count(record::busy(c)),
            count(c.duration_ms),
            time(c.first_token_ms),
            c.first_token_ms.has_value(),
            time(c.eval_ms),
            c.eval_ms ? c.output_tokens.value_or(0) : 0,
            cold,
            cold ? (c.load_ms ? time(c.load_ms) : time(c.first_byte_ms)) : 0,
            time(c.queue_ms),
            c.prompt_cut == true,
            c.request_bytes,
            c.response_bytes,
            c.service_from == record::service_source::path,
            c.service_from == record::service_source::address};
}

figures figures_of(const ledger::sums& s) {
    return {s.calls,
            s.errors,
            s.client_gone,
            s.prompt_tokens,
            s.output_tokens,
            s.estimated_calls,
            s.busy.count(),
            s.duration.count(),
            s.first_token.count(),
            s.first_token_calls,
            s.eval.count(),
            s.eval_tokens,
            s.cold_starts,
            s.cold_load.count(),
            s.queue.count(),
            s.prompts_cut,
            s.request_bytes,
            s.response_bytes,
            s.by_source.front(),
            s.by_source.back()};
}

struct key {
    wall_time from{};
    day date;
    std::array<std::string, 4> group;
    auto operator<=>(const key&) const = default;
};
using table = std::map<key, figures>;

/// The same question answered the simplest way: by reading all lines.
table sum_lines(const test::line_journal& lines, const ledger::usage_query& query) {
    table rows;
    for (const auto& [segment, text] : lines.segments()) {
        if (query.first && segment.date < *query.first) continue;
        if (query.last && segment.date > *query.last) continue;
        for (std::size_t at = 0; at < text.size();) {
            const auto end = text.find('\n', at) + 1;
            const auto parsed = record::parse_call(std::string_view(text).substr(at, end - at));
            at = end;
            if (!parsed) continue;
            if (query.service && parsed->service != *query.service) continue;
            if (query.model && parsed->model.value_or("") != *query.model) continue;
            key row;
            row.group = {parsed->service, parsed->task.value_or(""), parsed->model.value_or(""),
                         parsed->endpoint};
            if (query.by != ledger::resolution::whole) row.date = segment.date;
            if (query.by == ledger::resolution::days) row.from = zone::start_of(segment.date);
            if (query.by == ledger::resolution::quarter_hours) {
                const auto us = parsed->time.time_since_epoch().count();
                row.from = wall_time(std::chrono::microseconds(us - us % 900'000'000));
            }
            const auto added = figures_of(*parsed);
            auto& sum = rows[row];
            for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += added[i];
        }
    }
    return rows;
}

table ask(const ledger::ledger& asked, const ledger::usage_query& query) {
    table rows;
    for (const auto& row : asked.usage(query).value()) {
        const auto& group = row.group;
        const key at{row.from, row.date, {group.service, group.task, group.model, group.endpoint}};
        REQUIRE(rows.emplace(at, figures_of(row.sums)).second);
    }
    return rows;
}

TEST_CASE("figures at every resolution and for every choice are the sums over the lines") {
    const test::temporary_directory directory;
    test::random_calls random(1);
    const auto lines = random.make_journal(5, 300);
    ledger::ledger ledger(directory.path() / "ledger.sqlite");
    lines.apply_rest(ledger, 20'000);

    using days = std::pair<std::optional<day>, std::optional<day>>;
    const std::vector<days> ranges{
        {std::nullopt, std::nullopt},
        {date_of("2026-11-21"), date_of("2026-11-23")},
        {date_of("2026-11-24"), date_of("2026-11-24")},  // the open day
        {date_of("2026-11-22"), std::nullopt},
        {std::nullopt, date_of("2026-11-23")},
        {std::nullopt, date_of("2026-11-22")},
        {date_of("2020-01-01"), date_of("2020-12-31")},
    };
    using names = std::optional<std::string>;
    for (const auto& [first, last] : ranges) {
        for (const names& service : {names(), names("service \"1\""), names("nobody")}) {
            for (const names& model : {names(), names("qwen3:14b"), names(""), names("none")}) {
                for (const auto by : {ledger::resolution::whole, ledger::resolution::days,
                                      ledger::resolution::quarter_hours}) {
                    const ledger::usage_query query{first, last, service, model, by};
                    REQUIRE(ask(ledger, query) == sum_lines(lines, query));
                }
            }
        }
    }
}

TEST_CASE("rows come in the order of time, then of names") {
    const test::temporary_directory directory;
    test::random_calls random(2);
    ledger::ledger ledger(directory.path() / "ledger.sqlite");
    random.make_journal(3, 100).apply_rest(ledger, 10'000);
    ledger::usage_query query;
    query.by = ledger::resolution::quarter_hours;
    const auto rows = ledger.usage(query).value();
    REQUIRE(rows.size() > 100);
    const auto sorted = std::is_sorted(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
        return std::tie(a.date, a.from, a.group) < std::tie(b.date, b.from, b.group);
    });
    CHECK(sorted);
}

TEST_CASE("absurd counts from upstream stay at the limit instead of turning negative") {
    const test::temporary_directory directory;
    test::random_calls random(3);
    test::line_journal lines;
    auto call = random.make(date_of("2026-11-20").date());
    call.prompt_tokens = std::numeric_limits<std::int64_t>::max() - 1;
    const journal::segment_id segment{date_of("2026-11-20"), 1};
    for (int i = 0; i < 3; ++i) lines.append(segment, call);
    ledger::ledger ledger(directory.path() / "ledger.sqlite");
    lines.apply_rest(ledger, 1);
    const auto rows = ledger.usage({}).value();
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].sums.prompt_tokens == std::numeric_limits<std::int64_t>::max());
    ledger::usage_query query;
    query.by = ledger::resolution::quarter_hours;
    CHECK(ledger.usage(query).value().at(0).sums.prompt_tokens ==
          std::numeric_limits<std::int64_t>::max());
}

TEST_CASE("an empty ledger answers every question with nothing") {
    const test::temporary_directory directory;
    const ledger::ledger ledger(directory.path() / "ledger.sqlite");
    CHECK(ledger.was_reset().empty());
    CHECK(ledger.checkpoint() == journal::position{});
    CHECK(ledger.usage({}).value().empty());
    CHECK(ledger.days().empty());
    CHECK(ledger.services().empty());
    CHECK(ledger.models().empty());
    CHECK(ledger.stamp_of_all() == ledger::stamp{});
    CHECK(ledger.stamp_of_day(date_of("2026-11-20")) == ledger::stamp{});
    CHECK(ledger.stamp_of_service("n8n") == ledger::stamp{});
    CHECK(ledger.cold_starts(10).value().empty());
    CHECK(ledger.swaps(10).value().empty());
    CHECK(ledger.swap_counts({}).value().empty());
    CHECK(ledger.duplicates({}, 10).value().empty());
    CHECK(ledger.repetitions(date_of("2026-11-20")).value().empty());
    CHECK_FALSE(ledger.locate(uuid::make({}), directory.path()).value());
}

}  // namespace
