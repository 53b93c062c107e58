#include "support/catch.hpp"

#include <tallyfs/health/activity.hpp>

using namespace tallyfs;
using namespace tallyfs::health;
using namespace std::chrono_literals;

namespace {

const wall_time noon = *parse_rfc3339("2026-11-20T12:00:00Z");

session client(std::string state, std::string database = "app") {
    session made;
    made.pid = 100;
    made.database = std::move(database);
    made.backend_type = "client backend";
    made.state = std::move(state);
    return made;
}

sample at(wall_time time) {
    sample made;
    made.taken = time;
    made.connections_max = 100;
    made.connections_reserved = 3;
    made.databases.emplace_back().name = "app";
    return made;
}

void add(activity_sum& sum, const sample& seen, const wait_profile& waits) {
    sum.add(seen, xmin_holders(seen), "app", waits);
}

activity look_at(const sample& seen, std::string_view database) {
    return health::look_at(seen, xmin_holders(seen), database);
}

activity_sum after(const std::vector<sample>& looks, const wait_profile& waits = {}) {
    activity_sum sum;
    sum.begin(noon);
    for (const auto& one : looks) add(sum, one, waits);
    return sum;
}

}  // namespace

TEST_CASE("counters of a minute are those of the looks in it, over the time between them") {
    auto first = at(noon + 5s);
    first.databases[0].commits = 1000;
    first.databases[0].inserted = 500;
    auto last = at(noon + 55s);
    last.databases[0].commits = 42'250;
    last.databases[0].inserted = 42'162;
    const auto made = after({first, last}).value();
    REQUIRE(made.counters);
    CHECK(made.counters->covered_seconds == 50);
    CHECK(made.counters->commits == 41'250);
    CHECK(made.counters->inserted == 41'662);
    CHECK_FALSE(after({first}).value().counters);
}

TEST_CASE("a counter that was reset between two looks counts from zero") {
    auto first = at(noon);
    first.databases[0].commits = 1'000'000;
    first.databases[0].updated = 10;
    auto last = at(noon + 10s);
    last.databases[0].commits = 70;
    last.databases[0].updated = 10;
    CHECK(after({first, last}).value().counters->commits == 70);
    CHECK(after({first, last}).value().counters->updated == 0);
    last.databases[0].reset = noon + 5s;  // then the same value is a new one
    CHECK(after({first, last}).value().counters->updated == 10);
}

TEST_CASE("a session that is idle in transaction holds back vacuum only with an xmin or an xid") {
    auto look = at(noon);
    look.sessions = {client("idle in transaction"), client("idle in transaction (aborted)"),
                     client("idle in transaction"), client("idle in transaction", "other")};
    look.sessions[2].xid_age = 77;  // READ COMMITTED that wrote: xid set, xmin NULL
    look.sessions[3].xmin_age = 5000;
    const auto shown = look_at(look, "app");
    CHECK(shown.idle_in_transaction == 3);
    CHECK(shown.idle_holding == 1);
    CHECK(shown.oldest_xmin_age == 77);
    CHECK(shown.oldest_xmin_holder == "session");
    CHECK(shown.connections == 3);
    CHECK(shown.server_connections == 4);
    CHECK(shown.server_connections_limit == 97);
}

TEST_CASE("what holds back vacuum is the oldest of all kinds, without VACUUM itself and us") {
    auto look = at(noon);
    look.sessions = {client("active"), client("active")};
    look.sessions[0].pid = 7;
    look.sessions[0].xmin_age = 9000;
    look.vacuums.emplace_back().pid = 7;
    look.sessions[1].application = "tallyfs";
    look.sessions[1].xmin_age = 8000;
    CHECK(look_at(look, "app").oldest_xmin_age == 0);
    CHECK(look_at(look, "app").oldest_xmin_holder.empty());
    look.prepared.emplace_back().database = "app";
    look.prepared[0].age = 10;
    CHECK(look_at(look, "app").oldest_xmin_holder == "prepared transaction");
    look.slots.emplace_back().xmin_age = 20;
    CHECK(look_at(look, "app").oldest_xmin_holder == "slot");
    look.standbys.emplace_back().xmin_age = 30;
    CHECK(look_at(look, "app").oldest_xmin_holder == "standby");
    look.prepared[0].database = "other";
    look.prepared[0].age = 1'000'000;
    CHECK(look_at(look, "app").oldest_xmin_age == 30);
}

TEST_CASE("what is hidden from us is unknown, and not zero") {
    auto look = at(noon);
    look.sessions = {client("")};
    look.missing = {"pg_stat_replication: permission denied", "pg_locks: permission denied"};
    const auto shown = look_at(look, "app");
    CHECK_FALSE(shown.idle_in_transaction);
    CHECK_FALSE(shown.oldest_xmin_age);
    CHECK_FALSE(shown.waiting_sessions);
    CHECK_FALSE(shown.replay_lag_bytes);
    CHECK(shown.connections == 1);
    CHECK(shown.retained_wal_bytes == 0);
    CHECK_FALSE(look_at(look, "unknown").wraparound_percent);
}

TEST_CASE("waits of a minute are averages over the time that they cover") {
    wait_profile waits;
    waits.covered = 10s;
    waits.shares = {{"app", "CPU", "", 2.0},
                    {"app", "IO", "WALSync", 1.0},
                    {"app", "Client", "ClientWrite", 0.5},
                    {"other", "CPU", "", 9.0}};
    activity_sum sum;
    sum.begin(noon);
    add(sum, at(noon), waits);
    waits.covered = 30s;
    waits.shares = {{"app", "IPC", "SyncRep", 4.0}};
    add(sum, at(noon + 10s), waits);
    const auto active = sum.value().active;
    REQUIRE(active);
    CHECK(active->of(wait_group::cpu) == Approx(0.5));
    CHECK(active->of(wait_group::ipc) == Approx(3.0));
    CHECK(active->of(wait_group::commit) == Approx(3.25));
    CHECK(active->all() == Approx(3.875));
    CHECK_FALSE(after({at(noon)}).value().active);
}

TEST_CASE("autovacuum's visits and our own looks are no activity, and a changed row is") {
    auto first = at(noon);
    auto last = at(noon + 50s);
    last.databases[0].commits = 30;
    CHECK_FALSE(after({first, last}).anything_happened());
    last.databases[0].commits = 200;
    CHECK(after({first, last}).anything_happened());
    last.sessions = {client("active")};
    last.sessions[0].application = "tallyfs";
    CHECK_FALSE(after({first, last}).anything_happened());
    last.databases[0].deleted = 1;
    CHECK(after({first, last}).anything_happened());
    auto zombies = at(noon);
    zombies.sessions.assign(35, client("idle in transaction"));
    CHECK_FALSE(after({zombies}).anything_happened());
    zombies.sessions.push_back(client("active"));
    CHECK(after({zombies}).anything_happened());
}

TEST_CASE("a full snapshot tells dead rows, the worst table of size and what is due") {
    snapshot full;
    full.tables.resize(3);
    full.tables[0].live_rows = 100'000;
    full.tables[0].dead_rows = 50'000;
    full.tables[1].live_rows = 1;
    full.tables[1].dead_rows = 9'999;  // all of it, and too few to say anything
    full.tables[2].due_since = noon;
    activity made;
    put_in(made, full);
    CHECK(made.dead_rows == 59'999);
    CHECK(*made.dead_percent_max == Approx(33.33).margin(0.01));
    CHECK(made.tables_due == 1);
}

TEST_CASE("a line of activity is read back as it was written") {
    activity made;
    made.minute = noon;
    CHECK(parse_activity(to_line(made).substr(0, to_line(made).size() - 1)) == made);
    made.quiet_minutes_before = 17;
    made.counters = {60, 49'500, 3, 49'995, 0, 1, 2, 8192, 10, 1'000'000, 49'500};
    made.active = active_sessions{{2.9, 0.3, 0, 0.25, 0.9, 0, 1.05}};
    made.waiting_sessions = 0;
    made.longest_wait_seconds = 4;
    made.longest_transaction_seconds = 11'491'200;
    made.idle_in_transaction = 35;
    made.idle_holding = 0;
    made.connections = 63;
    made.server_connections = 70;
    made.server_connections_limit = 397;
    made.oldest_xmin_age = 2911;
    made.oldest_xmin_holder = "session";
    made.wraparound_percent = 9.31;
    made.inactive_slots = 1;
    made.retained_wal_bytes = 123'456'789'012;
    made.dead_rows = 124'000'000;
    made.dead_percent_max = 16.6;
    made.tables_due = 1;
    auto line = to_line(made);
    CHECK(line.ends_with('\n'));
    line.pop_back();
    CHECK(parse_activity(line) == made);
    CHECK(line.find(",1.01,") != std::string::npos);  // rows per commit
    CHECK(line.size() < 200);

    const std::string header(activity_header());
    CHECK(std::count(header.begin(), header.end(), ',') ==
          std::count(line.begin(), line.end(), ','));
    CHECK_FALSE(parse_activity(header.substr(0, header.size() - 1)));
    for (std::size_t bytes = 0; bytes < line.size(); ++bytes) {
        const auto torn = parse_activity(line.substr(0, bytes));
        // What is cut within the last number is a number as well: that is why lines end.
        CHECK((!torn || line.find(',', bytes) == std::string::npos));
    }
}
