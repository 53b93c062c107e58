// xmin-holders.csv and slots.csv of a server.
#include "health/csv.hpp"

#include <tallyfs/health/holders.hpp>
#include <tallyfs/health/report.hpp>

namespace tallyfs::health {

namespace {

std::string held_back(const xmin_holder& one) {
    if (one.only_catalogs) return "system catalogues";
    if (one.database.empty()) return "tables of all databases";
    return "tables of " + one.database + " and shared ones";
}

}  // namespace

std::string xmin_holders_csv(const watched_server& server) {
    csv lines(
        "kind,holder,age_transactions,holds_back,database,role,application,client,state,"
        "since_utc,query");
    if (server.sample == nullptr) return std::move(lines).text();
    for (const auto& one : xmin_holders(*server.sample)) {
        session shown;
        if (one.session != nullptr) shown = *one.session;
        if (one.prepared != nullptr) shown.user = one.prepared->owner;
        if (one.slot != nullptr) shown.state = one.slot->active ? "active" : "inactive";
        if (one.standby != nullptr) {
            shown.client = one.standby->client;
            shown.state = one.standby->state;
        }
        lines.row(one.kind, one.name, one.age, held_back(one), one.database, shown.user,
                  shown.application, shown.client, shown.state, one.since, shown.query);
    }
    return std::move(lines).text();
}

std::string slots_csv(const watched_server& server) {
    csv lines(
        "slot,type,plugin,database,active,inactive_since_utc,wal_status,retained_wal_bytes,"
        "xmin_age_transactions,catalog_xmin_age_transactions");
    if (server.sample == nullptr) return std::move(lines).text();
    std::vector<const replication_slot*> all;
    for (const auto& one : server.sample->slots) all.push_back(&one);
    std::ranges::stable_sort(all, std::greater{}, [](const replication_slot* one) {
        return std::pair(!one->active, one->retained_bytes.value_or(0));
    });
    for (const auto* one : all) {
        lines.row(one->name, one->type, one->plugin, one->database, one->active,
                  one->active ? moment() : one->inactive_since, one->wal_status,
                  one->retained_bytes, one->xmin_age, one->catalog_xmin_age);
    }
    return std::move(lines).text();
}

}  // namespace tallyfs::health
