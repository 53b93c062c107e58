#include "ledger/audit_fixture.hpp"

namespace tallyfs::test {

namespace {

const std::vector<std::string> users{"app",     "batch",        "jane_doe", "J\xc3\xb6rg",
                                     "a\"b\\c", "bad\xff\x01y", ""};
const std::vector<std::string> objects{"public.orders", "public.customers", "hr.salaries",
                                       "pg_catalog.pg_class", ""};
const std::vector<std::string> classes{"READ", "WRITE", "DDL", "ROLE"};
const std::vector<std::string> rules{"human-write", "bulk-delete", "ddl"};

bool is(const std::optional<std::string>& wanted, const std::string& text) {
    return !wanted || *wanted == text;
}

}  // namespace

record::audit_event audit_state::make() {
    record::audit_event e;
    e.node = "node";
    e.kind = pick(10) > 0 ? "statement" : "error";
    e.cluster = pick(2) > 0 ? "prod/orders-cl" : "prod/hr-cl";
    // Clocks of servers differ, and archives are read late.
    e.logged = clock.wall() - std::chrono::seconds(pick(pick(20) > 0 ? 60 : 86'400));
    // Most of the time the usual ones, so that others are in few blocks.
    e.user = users[pick(200) > 0 ? pick(2) : pick(static_cast<unsigned>(users.size()))];
    e.database = pick(2) > 0 ? "orders" : "hr";
    e.class_name = classes[pick(50) > 0 ? 0 : pick(static_cast<unsigned>(classes.size()))];
    e.command = e.class_name == "READ" ? "SELECT" : "UPDATE";
    e.object = objects[pick(static_cast<unsigned>(objects.size()))];
    if (pick(300) == 0) e.object = "public.table_" + std::to_string(pick(1'000'000));
    e.statement = "select \"WRITE\" from \"jane_doe\"";
    for (const auto& rule : rules) {
        if (pick(150) == 0) e.rules.push_back(rule);
    }
    e.key = "0123456789abcdef";
    return e;
}

std::vector<ledger::indexed_event> audit_state::append(std::vector<record::audit_event>& events) {
    std::vector<journal::batch_line> placed;
    REQUIRE(links->append_all(
        events.size(),
        [&](std::size_t i, std::string& out, wall_time now, std::uint64_t number,
            std::string_view previous) {
            events[i].time = now;
            events[i].number = number;
            events[i].previous = previous;
            record::append_line(out, events[i]);
        },
        placed, false));
    std::vector<ledger::indexed_event> indexed;
    for (std::size_t i = 0; i < events.size(); ++i) {
        indexed.push_back({&events[i], placed[i].at, placed[i].bytes});
    }
    return indexed;
}

void audit_state::grow(std::size_t count) {
    std::vector<record::audit_event> events;
    for (std::size_t i = 0; i < count; ++i) events.push_back(make());
    REQUIRE(index->add(append(events)));
}

ledger::audit_query audit_state::ask() {
    ledger::audit_query query;
    const auto one_of = [&](const std::vector<std::string>& texts) {
        return texts[pick(static_cast<unsigned>(texts.size()))];
    };
    if (pick(2) == 0) query.user = pick(8) > 0 ? one_of(users) : "nobody";
    if (pick(3) == 0) query.object = one_of(objects);
    if (pick(2) == 0) query.class_name = one_of(classes);
    if (pick(5) == 0) query.rule = one_of(rules);
    if (pick(6) == 0) query.cluster = "prod/hr-cl";
    if (pick(6) == 0) query.database = "orders";
    if (pick(6) == 0) query.kind = "error";
    if (pick(6) == 0) query.command = "UPDATE";
    if (pick(3) == 0) query.from = clock.wall() - std::chrono::seconds(pick(400'000));
    if (pick(3) == 0) query.until = clock.wall() - std::chrono::seconds(pick(300'000));
    if (pick(4) == 0) query.events_max = 1 + pick(20);
    return query;
}

audit_state::strings audit_state::find(const ledger::audit_query& query) const {
    strings found;
    const auto done =
        index->find(query, directory(), [&](std::string_view line, const record::audit_event& e) {
            CHECK(record::parse_audit_event(line).value() == e);
            found.emplace_back(line);
        });
    REQUIRE(done);
    CHECK(done->events == found.size());
    if (done->more) CHECK(found.size() == query.events_max);
    return found;
}

audit_state::strings audit_state::find_slowly(const ledger::audit_query& query) const {
    strings found;
    for (const auto& segment : lines->segments()) {
        std::ifstream text(segment.path);
        for (std::string line; std::getline(text, line);) {
            const auto e = record::parse_audit_event(line);
            if (!e) continue;
            const bool has_rule =
                !query.rule || std::ranges::find(e->rules, *query.rule) != e->rules.end();
            if (has_rule && is(query.cluster, e->cluster) && is(query.user, e->user) &&
                is(query.database, e->database) && is(query.object, e->object) &&
                is(query.class_name, e->class_name) && is(query.command, e->command) &&
                is(query.kind, e->kind) && (!query.from || e->logged >= *query.from) &&
                (!query.until || e->logged < *query.until)) {
                found.push_back(line);
            }
        }
    }
    if (found.size() > query.events_max) {
        found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(query.events_max));
    }
    return found;
}

void audit_state::check_searches(int count) {
    for (int i = 0; i < count; ++i) {
        const auto query = ask();
        REQUIRE(find(query) == find_slowly(query));
    }
}

}  // namespace tallyfs::test
