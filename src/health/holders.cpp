#include <tallyfs/health/holders.hpp>

#include <algorithm>

namespace tallyfs::health {

namespace {

constexpr std::string_view our_application = "tallyfs";

/// VACUUM's own snapshot counts for itself only (PROC_IN_VACUUM). ANALYZE's counts as any other.
bool runs_vacuum(const session& one, const sample& now) {
    if (one.backend_type == "autovacuum worker") {
        return !one.query.starts_with("autovacuum: ANALYZE");
    }
    return std::ranges::any_of(now.vacuums,
                               [&](const running_vacuum& v) { return v.pid == one.pid; });
}

void add_sessions(std::vector<xmin_holder>& into, const sample& now) {
    for (const auto& one : now.sessions) {
        if (!one.xmin_age && !one.xid_age) continue;
        // What a walsender holds is listed as its standby's; a parallel worker has its leader's.
        if (one.backend_type == "walsender" || one.backend_type == "parallel worker") continue;
        if (is_ours(one) || runs_vacuum(one, now)) continue;
        xmin_holder made;
        made.kind = "session";
        made.name = "pid " + std::to_string(one.pid);
        made.database = one.database;
        made.age = std::max(one.xmin_age.value_or(0), one.xid_age.value_or(0));
        made.since = one.transaction_start;
        made.session = &one;
        into.push_back(std::move(made));
    }
}

void add_slot(std::vector<xmin_holder>& into, const replication_slot& slot) {
    if (!slot.xmin_age && !slot.catalog_xmin_age) return;
    xmin_holder made;
    made.kind = "slot";
    made.name = slot.name;
    made.only_catalogs = !slot.xmin_age;
    made.age = slot.xmin_age ? *slot.xmin_age : *slot.catalog_xmin_age;
    if (!slot.active) made.since = slot.inactive_since;
    made.slot = &slot;
    into.push_back(std::move(made));
}

}  // namespace

std::string who(const session& one) {
    if (one.user.empty()) return one.backend_type.empty() ? "(hidden)" : one.backend_type;
    return one.user + "@" + (one.client.empty() ? "[local]" : one.client);
}

bool is_ours(const session& one) {
    const std::string_view name = one.application;
    return name.starts_with(our_application) &&
           (name.size() == our_application.size() || name[our_application.size()] == ' ');
}

std::vector<xmin_holder> xmin_holders(const sample& now) {
    std::vector<xmin_holder> made;
    add_sessions(made, now);
    for (const auto& one : now.prepared) {
        made.push_back({"prepared transaction", one.gid, one.database, one.age, false, one.prepared,
                        nullptr, &one, nullptr, nullptr});
    }
    for (const auto& one : now.slots) add_slot(made, one);
    for (const auto& one : now.standbys) {
        if (!one.xmin_age) continue;
        made.push_back({"standby", one.name, "", *one.xmin_age, false, std::nullopt, nullptr,
                        nullptr, nullptr, &one});
    }
    std::ranges::stable_sort(made, [](const auto& a, const auto& b) { return a.age > b.age; });
    return made;
}

bool holds_back(const xmin_holder& holder, std::string_view database) {
    return !holder.only_catalogs && (holder.database.empty() || holder.database == database);
}

}  // namespace tallyfs::health
