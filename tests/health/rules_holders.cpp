#include "health/observed.hpp"
#include "support/catch.hpp"

#include <tallyfs/health/holders.hpp>

using namespace tallyfs;
using namespace tallyfs::health;
using namespace tallyfs::health::observed;

namespace {

constexpr std::int64_t million = 1'000'000;

session holding(std::int32_t pid, std::int64_t age) {
    auto made = client(pid, "active", 1h);
    made.xmin_age = age;
    return made;
}

replication_slot slot(std::string name, bool active) {
    replication_slot made;
    made.name = std::move(name);
    made.type = "physical";
    made.active = active;
    made.wal_status = "reserved";
    if (!active) made.inactive_since = noon - 2h;
    return made;
}

}  // namespace

TEST_CASE("the oldest holder comes first, with what it wrote or reads") {
    auto now = server();
    now.sessions = {holding(1, 10), client(2, "idle in transaction", 1h), client(3, "active", 1h)};
    now.sessions[1].xid_age = 30;
    now.prepared = {{"gid-1", "app", "o", noon - 1h, 20}};
    now.standbys = {{"replica", "10.0.0.9", "streaming", 5, 0}};
    now.slots = {slot("s", false), slot("empty", false)};
    now.slots[0].xmin_age = 25;
    const auto all = xmin_holders(now);
    REQUIRE(all.size() == 5);
    CHECK(all[0].name == "pid 2");
    CHECK(all[1].name == "s");
    CHECK(all[2].name == "gid-1");
    CHECK(all[3].name == "pid 1");
    CHECK(all[4].name == "replica");
    CHECK(holds_back(all[0], "app"));
    CHECK_FALSE(holds_back(all[0], "other"));
    CHECK(holds_back(all[1], "other"));
    now.slots[0].xmin_age.reset();
    now.slots[0].catalog_xmin_age = 90;
    CHECK(xmin_holders(now)[0].name == "s");
    CHECK_FALSE(holds_back(xmin_holders(now)[0], "app"));
}

TEST_CASE("what runs VACUUM, a walsender and ourselves hold back nobody else") {
    auto now = server();
    now.sessions.assign(6, holding(1, million));
    for (std::int32_t i = 0; i < 6; ++i) now.sessions[static_cast<std::size_t>(i)].pid = i;
    now.sessions[0].backend_type = "autovacuum worker";
    now.sessions[0].query = "autovacuum: VACUUM public.t (to prevent wraparound)";
    now.vacuums = {vacuuming(1, "public.t")};
    now.sessions[2].backend_type = "walsender";
    now.sessions[3].application = "tallyfs";
    now.sessions[4].backend_type = "parallel worker";
    now.sessions[5].backend_type = "autovacuum worker";
    now.sessions[5].query = "autovacuum: ANALYZE public.t";
    const auto all = xmin_holders(now);
    REQUIRE(all.size() == 1);
    CHECK(all[0].name == "pid 5");
}

TEST_CASE("a million transactions held back are a warning, fifty are critical, less is nothing") {
    auto now = server();
    now.sessions = {holding(1, million - 1)};
    CHECK(judged(now).empty());
    now.sessions = {holding(1, million), holding(2, 2 * million)};
    auto found = judged(now);
    REQUIRE(found.size() == 1);
    CHECK(found[0].key() == "xmin_holder|app|repl_agent@10.2.4.17");
    CHECK(found[0].severity == severity::warning);
    CHECK(found[0].figures_text == "2.0M transactions, 2 sessions");
    CHECK(says(found[0], "session pid 2 of repl_agent@10.2.4.17"));
    CHECK(says(found[0], "of others only in shared catalogues"));
    CHECK(found[0].remedy.parameters.at("sessions").starts_with("2@"));
    CHECK(found[0].since == noon - 1h);
    now.sessions = {holding(1, 50 * million)};
    CHECK(judged(now)[0].severity == severity::critical);
}

TEST_CASE("a prepared transaction that holds back vacuum is named by its gid") {
    auto now = server();
    now.prepared = {{"order-17", "app", "app_owner", noon - 3h, 2 * million}};
    const auto found = judged(now);
    REQUIRE(found.size() == 1);
    CHECK(found[0].key() == "xmin_holder|app|prepared transaction order-17");
    CHECK(says(found[0], "prepared by app_owner 3 h 0 min ago"));
    CHECK(found[0].remedy.kind == "pg-resolve-prepared");
    CHECK(found[0].remedy.parameters ==
          std::map<std::string, std::string>{{"gid", "order-17"}, {"action", "rollback"}});
    now.is_standby = true;
    CHECK(judged(now)[0].remedy.kind.empty());
}

TEST_CASE("a slot that nobody reads can be dropped, one in use is its consumer's to mend") {
    auto now = server();
    now.slots = {slot("old", false)};
    now.slots[0].xmin_age = 2 * million;
    auto found = of("xmin_holder", judged(now));
    REQUIRE(found.size() == 1);
    CHECK(found[0].key() == "xmin_holder||slot old");
    CHECK(says(found[0], "in all databases"));
    CHECK(found[0].remedy.kind == "pg-drop-slot");
    now.slots[0] = slot("old", true);
    now.slots[0].catalog_xmin_age = 2 * million;
    found = of("xmin_holder", judged(now));
    REQUIRE(found.size() == 1);
    CHECK(says(found[0], "only of system catalogues"));
    CHECK(found[0].remedy.kind.empty());
}

TEST_CASE("a standby with feedback is named") {
    auto now = server();
    now.standbys = {{"replica", "10.0.0.9", "streaming", 3 * million, 0}};
    const auto found = judged(now);
    REQUIRE(found.size() == 1);
    CHECK(found[0].subject == "standby replica");
    CHECK(found[0].remedy.kind.empty());
    now.standbys[0].xmin_age.reset();
    CHECK(judged(now).empty());
}

TEST_CASE("a slot is a finding after an hour without a reader, or when its WAL is gone") {
    auto now = server();
    now.slots = {slot("a", false), slot("in use", true), slot("b", false), slot("c", false),
                 slot("unknown", false)};
    now.slots[0].retained_bytes = 9'000'000'000;
    now.slots[2].inactive_since = noon - 1h;
    now.slots[3].inactive_since = noon - 1min;
    now.slots[3].wal_status = "lost";
    now.slots[4].inactive_since.reset();
    const auto found = judged(now);
    REQUIRE(found.size() == 2);
    CHECK(found[0].subject == "slot a");
    CHECK(found[0].figures_text == "inactive for 2 h 0 min, keeps 9.0 GB");
    CHECK(found[0].remedy.parameters.at("slot") == "a");
    CHECK(found[1].subject == "slot c");
    CHECK(found[1].title == "replication slot lost");
}
