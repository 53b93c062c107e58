#include "health/rule_parts.hpp"

#include <tallyfs/base/readable.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>

namespace tallyfs::health {

namespace {

finding about(const xmin_holder& oldest, const thresholds& limits) {
    finding made;
    made.rule = "xmin_holder";
    made.database = oldest.database;
    made.severity = oldest.age >= limits.xmin_age_critical ? severity::critical : severity::warning;
    made.title = "vacuum is held back";
    if (oldest.only_catalogs) {
        made.lines.push_back("only of system catalogues: a logical slot holds nothing else");
    } else if (oldest.database.empty()) {
        made.lines.push_back("in all databases of the server");
    } else {
        made.lines.push_back("in this database; of others only in shared catalogues");
    }
    return made;
}

/// Sessions of one role from one place, the oldest first.
finding about_sessions(std::span<const xmin_holder* const> holders, const thresholds& limits,
                       const sample& now) {
    const auto& oldest = *holders.front();
    auto made = about(oldest, limits);
    std::vector<const session*> sessions;
    for (const auto* one : holders) sessions.push_back(one->session);
    const auto many = static_cast<std::int64_t>(sessions.size());
    made.subject = who(*oldest.session);
    made.figures_text =
        fmt::format("{} transactions, {}", short_count(oldest.age), counted(many, "session"));
    made.lines.push_back(fmt::format("{}, {}, for {}", name_of(oldest), oldest.session->state,
                                     age_text(oldest.since, now.server_now())));
    made.figures = {
        {"xmin_age_transactions", static_cast<double>(oldest.age)},
        {"sessions", static_cast<double>(many)},
        {"held_seconds", static_cast<double>(seconds_since(oldest.since, now.server_now()))}};
    made.evidence.columns = {"pid",
                             "role",
                             "database",
                             "state",
                             "xmin_age_transactions",
                             "xid_age_transactions",
                             "held_seconds",
                             "query"};
    for (const auto* one : sessions) {
        add_row(made.evidence,
                {plain(one->pid), one->user, one->database, one->state, plain(one->xmin_age),
                 plain(one->xid_age),
                 plain(seconds_since(one->transaction_start, now.server_now())), one->query});
    }
    made.remedy = termination(sessions, "end these sessions");
    made.since = oldest.since.value_or(now.taken);
    return made;
}

remedy remedy_for(const xmin_holder& holder) {
    remedy made;
    if (holder.prepared != nullptr) {
        return {"roll back the prepared transaction, or let its owner commit it",
                "pg-resolve-prepared",
                {{"gid", holder.name}, {"action", "rollback"}},
                "",
                ""};
    }
    if (holder.standby != nullptr) {
        return {"end the long query on the standby, or set hot_standby_feedback off there",
                "",
                {},
                "",
                ""};
    }
    if (holder.slot->active) {
        return {"let its consumer catch up: it is connected and lags", "", {}, "", ""};
    }
    return {"drop the slot if nobody comes back for it",
            "pg-drop-slot",
            {{"slot", holder.name}},
            "",
            ""};
}

finding about_other(const xmin_holder& holder, const thresholds& limits, const sample& now) {
    auto made = about(holder, limits);
    made.subject = std::string(holder.kind) + " " + holder.name;
    made.figures_text = fmt::format("{} transactions, {}", short_count(holder.age), holder.kind);
    if (holder.prepared != nullptr) {
        made.lines.push_back(fmt::format("prepared by {} {} ago; no session shows it",
                                         holder.prepared->owner,
                                         age_text(holder.since, now.server_now())));
    }
    made.figures = {{"xmin_age_transactions", static_cast<double>(holder.age)}};
    if (holder.since) {
        made.figures.push_back(
            {"held_seconds", static_cast<double>(seconds_since(holder.since, now.server_now()))});
    }
    made.evidence.columns = {"kind", "name", "database", "xmin_age_transactions"};
    add_row(made.evidence,
            {std::string(holder.kind), holder.name, holder.database, plain(holder.age)});
    made.remedy = remedy_for(holder);
    made.since = holder.since.value_or(now.taken);
    return made;
}

bool is_lost(const replication_slot& slot) {
    return slot.wal_status == "lost";
}

finding about_slot(const replication_slot& slot, const sample& now) {
    const bool lost = is_lost(slot);
    finding made;
    made.rule = "slots";
    made.database = slot.database;
    made.subject = "slot " + slot.name;
    made.severity = severity::warning;
    made.title = lost ? "replication slot lost" : "replication slot nobody reads";
    const auto idle = seconds_since(slot.inactive_since, now.server_now());
    const auto retained = slot.retained_bytes.value_or(0);
    if (lost) {
        made.figures_text = "its WAL was removed: its consumer has to begin anew";
    } else {
        made.figures_text =
            fmt::format("inactive for {}", duration_text(std::chrono::seconds(idle)));
        if (slot.retained_bytes) {
            made.figures_text += fmt::format(
                ", keeps {}",
                bytes_text(static_cast<std::uint64_t>(std::max<std::int64_t>(retained, 0))));
        }
    }
    if (slot.wal_status == "unreserved") {
        made.lines.push_back("its WAL is removed at the next checkpoint");
    }
    made.figures = {{"inactive_seconds", static_cast<double>(idle)}};
    if (slot.retained_bytes) {
        made.figures.push_back({"retained_bytes", static_cast<double>(retained)});
    }
    made.evidence.columns = {"slot",
                             "type",
                             "plugin",
                             "database",
                             "wal_status",
                             "retained_bytes",
                             "xmin_age_transactions",
                             "catalog_xmin_age_transactions"};
    add_row(made.evidence,
            {slot.name, slot.type, slot.plugin, slot.database, slot.wal_status,
             plain(slot.retained_bytes), plain(slot.xmin_age), plain(slot.catalog_xmin_age)});
    made.remedy = {
        "drop the slot if nobody comes back for it", "pg-drop-slot", {{"slot", slot.name}}, "", ""};
    made.since = slot.inactive_since.value_or(now.taken);
    return made;
}

}  // namespace

void judge_holders(const server_view& view, const thresholds& limits, findings& into) {
    const auto holders = xmin_holders(view.now);
    std::map<std::pair<std::string, std::string>, std::vector<const xmin_holder*>> sessions;
    for (const auto& holder : holders) {
        if (holder.age < limits.xmin_age_warning) continue;
        if (holder.session != nullptr) {
            sessions[{holder.database, who(*holder.session)}].push_back(&holder);
        } else {
            into.push_back(about_other(holder, limits, view.now));
        }
    }
    for (const auto& [group, held] : sessions) {
        into.push_back(about_sessions(held, limits, view.now));
    }
}

void judge_slots(const server_view& view, const thresholds& limits, findings& into) {
    const auto& now = view.now;
    for (const auto& slot : now.slots) {
        if (slot.active) continue;
        const auto idle = seconds_since(slot.inactive_since, now.server_now());
        if (is_lost(slot) || idle > limits.slot_inactive_seconds) {
            into.push_back(about_slot(slot, now));
        }
    }
}

}  // namespace tallyfs::health
