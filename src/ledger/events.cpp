#include "ledger/arithmetic.hpp"
#include "ledger/queries.hpp"

#include <algorithm>

namespace tallyfs::ledger {

namespace {

/// The group of a row; one that the file cannot have means damage.
group read_group(database& owner, const standing& now, std::int64_t id) {
    if (id >= 0 && static_cast<std::size_t>(id) < now.names.count().groups) {
        return now.names.group_of(static_cast<group_id>(id));
    }
    owner.fail(SQLITE_CORRUPT);
    return {};
}

template <class Row>
result<std::vector<Row>> finish(database& owner, std::vector<Row>&& rows) {
    if (const auto failure = owner.take_failure()) return failure;
    return std::move(rows);
}

/// A prompt with its group's number: names are looked up only for those that are returned.
struct numbered_duplicate {
    std::int64_t day = 0;
    prompts_of_day::repeated prompt;
};

void read_closed(database& owner, std::optional<day> first, std::size_t rows_max,
                 std::vector<numbered_duplicate>& rows) {
    // From one day on: those days' rows, sorted. Without one: the index has the costliest first.
    statement read(owner, std::string("SELECT day, group_id, prompt_hash, calls, busy_us, tokens, "
                                      "first_us, last_us FROM duplicates ") +
                              (first ? "WHERE day>=?2 ORDER BY +busy_us" : "ORDER BY busy_us") +
                              " DESC, day, group_id, prompt_hash LIMIT ?1");
    read.bind(std::min<std::size_t>(rows_max, std::numeric_limits<std::int32_t>::max()));
    if (first) read.bind_next(first->number());
    while (read.step()) {
        numbered_duplicate row;
        row.day = read.integer(0);
        row.prompt.of = read.integer_as<group_id>(1);
        row.prompt.hash = {read.text(2), read.is_blob(2)};
        row.prompt.calls = read.integer(3);
        row.prompt.busy = read.duration(4);
        row.prompt.tokens = read.integer(5);
        row.prompt.first = read.time(6);
        row.prompt.last = read.time(7);
        rows.push_back(std::move(row));
    }
}

using repetition_map = std::map<group, repetition>;

void add_repetition(repetition_map& rows, group of, std::int64_t calls, std::int64_t repeats,
                    record::duration busy) {
    if (calls == 0) return;
    of.endpoint.clear();
    repetition& row = rows[of];
    row.group = of;
    row.calls += calls;
    row.repeats += repeats;
    row.busy = add_saturated(row.busy, busy);
}

}  // namespace

result<std::vector<cold_start>> read_cold_starts(database& owner, const standing& now,
                                                 std::size_t rows_max) {
    statement read(owner,
                   "SELECT time_us, id, group_id, waited_us, options, evicted_model "
                   "FROM cold_starts ORDER BY seq DESC LIMIT ?");
    read.bind(std::min<std::size_t>(rows_max, std::numeric_limits<std::int32_t>::max()));
    std::vector<cold_start> rows;
    while (read.step()) {
        rows.push_back({read.time(0), read.id(1), read_group(owner, now, read.integer(2)),
                        read.duration(3), read.text(4), read.text(5)});
    }
    return finish(owner, std::move(rows));
}

result<std::vector<swap>> read_swaps(database& owner, const standing& now, std::size_t rows_max) {
    statement read(owner,
                   "SELECT time_us, id, group_id, waited_us, options, evicted_model, cause "
                   "FROM swaps ORDER BY seq DESC LIMIT ?");
    read.bind(std::min<std::size_t>(rows_max, std::numeric_limits<std::int32_t>::max()));
    std::vector<swap> rows;
    while (read.step()) {
        group loaded = read_group(owner, now, read.integer(2));
        rows.push_back({read.time(0), read.id(1), read.text(5), std::move(loaded.model),
                        std::move(loaded.service), std::move(loaded.task), read.text(4),
                        read.duration(3), read.text(6)});
    }
    return finish(owner, std::move(rows));
}

result<std::vector<departure>> read_departures(database& owner, const standing& now, day first) {
    statement read(owner,
                   "SELECT group_id, destination, sum(calls), sum(request_bytes), sum(refused) "
                   "FROM leaving WHERE day>=? GROUP BY group_id, destination "
                   "ORDER BY 3 DESC, 5 DESC, 1, 2");
    read.bind(first.number());
    std::vector<departure> rows;
    while (read.step()) {
        rows.push_back({read_group(owner, now, read.integer(0)), read.text(1), read.integer(2),
                        read.integer(3), read.integer(4)});
    }
    return finish(owner, std::move(rows));
}

result<std::vector<swap_count>> read_swap_counts(database& owner, const standing& now,
                                                 const usage_query& query) {
    const bool of_days = query.first || query.last;
    statement read(owner, of_days ? "SELECT group_id, evicted_model, swaps FROM day_swaps "
                                    "WHERE day BETWEEN ? AND ?"
                                  : "SELECT group_id, evicted_model, swaps FROM total_swaps");
    if (of_days) {
        constexpr std::numeric_limits<std::int64_t> any;
        read.bind(query.first ? std::int64_t{query.first->number()} : any.min(),
                  query.last ? std::int64_t{query.last->number()} : any.max());
    }
    std::map<std::pair<std::string, std::string>, std::int64_t> counts;
    while (read.step()) {
        const auto loaded = read_group(owner, now, read.integer(0));
        if (query.service && *query.service != loaded.service) continue;
        if (query.model && *query.model != loaded.model) continue;
        counts[{read.text(1), loaded.model}] += read.integer(2);
    }
    std::vector<swap_count> rows;
    for (const auto& [models, swaps] : counts) rows.push_back({models.first, models.second, swaps});
    return finish(owner, std::move(rows));
}

result<std::vector<duplicate>> read_duplicates(database& owner, const standing& now,
                                               std::optional<day> first, std::size_t rows_max) {
    std::vector<numbered_duplicate> found;
    read_closed(owner, first, rows_max, found);
    const day open = now.checkpoint.segment.date;
    if (!first || *first <= open) {
        for (auto& prompt : now.prompts.repeats()) {
            found.push_back({open.number(), std::move(prompt)});
        }
    }
    const auto kept = std::min(rows_max, found.size());
    std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(kept), found.end(),
                      [](const auto& left, const auto& right) {
                          const auto& a = left.prompt;
                          const auto& b = right.prompt;
                          return std::tie(b.busy, left.day, a.of, a.hash.bytes) <
                                 std::tie(a.busy, right.day, b.of, b.hash.bytes);
                      });
    std::vector<duplicate> rows;
    rows.reserve(kept);
    for (std::size_t i = 0; i < kept; ++i) {
        const auto& prompt = found[i].prompt;
        rows.push_back({day(std::chrono::sys_days(std::chrono::days(found[i].day))),
                        read_group(owner, now, prompt.of), to_text(prompt.hash), prompt.calls,
                        prompt.busy, prompt.tokens, prompt.first, prompt.last});
    }
    return finish(owner, std::move(rows));
}

result<std::vector<repetition>> read_repetitions(database& owner, const standing& now, day date) {
    repetition_map found;
    if (date == now.checkpoint.segment.date) {
        for (const auto& [of, counts] : now.prompts.by_group()) {
            add_repetition(found, now.names.group_of(of), counts.calls, counts.repeats,
                           counts.busy);
        }
    } else {
        statement read(owner,
                       "SELECT group_id, prompts, repeats, repeat_busy_us FROM day_usage "
                       "WHERE day=? AND prompts>0");
        read.bind(date.number());
        while (read.step()) {
            add_repetition(found, read_group(owner, now, read.integer(0)), read.integer(1),
                           read.integer(2), read.duration(3));
        }
    }
    std::vector<repetition> rows;
    for (auto& [of, row] : found) rows.push_back(std::move(row));
    std::stable_sort(rows.begin(), rows.end(),
                     [](const auto& left, const auto& right) { return left.busy > right.busy; });
    return finish(owner, std::move(rows));
}

}  // namespace tallyfs::ledger
