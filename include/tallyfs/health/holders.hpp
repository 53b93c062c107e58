// Who holds back vacuum: rows that died after the oldest of these began are kept.
// Source: PostgreSQL, ComputeXidHorizons() in procarray.c; docs/databases.md, "Rules".
#pragma once

#include <tallyfs/health/sample.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::health {

/// "app@10.2.4.17", "app@[local]"; the backend type where nobody logged in.
[[nodiscard]] std::string who(const session& one);
/// Ours: what watches and mends does not count as a problem.
[[nodiscard]] bool is_ours(const session& one);

struct xmin_holder {
    std::string_view kind;       ///< "session", "prepared transaction", "slot", "standby"
    std::string name;            ///< "pid 4711", the gid, the slot's or the standby's name
    std::string database;        ///< whose tables it holds back, and shared ones; "": of all
    std::int64_t age = 0;        ///< transactions
    bool only_catalogs = false;  ///< a logical slot: rows of system catalogues only
    moment since;                ///< when it began, if that is known
    /// Of the sample, which has to outlive this: the one that fits `kind`.
    const health::session* session = nullptr;
    const prepared_transaction* prepared = nullptr;
    const replication_slot* slot = nullptr;
    const health::standby* standby = nullptr;
};

/// The oldest first. Without ourselves, and without what runs VACUUM: others do not wait for it.
[[nodiscard]] std::vector<xmin_holder> xmin_holders(const sample& now);

/// Whether `holder` keeps dead rows of ordinary tables of that database.
[[nodiscard]] bool holds_back(const xmin_holder& holder, std::string_view database);

}  // namespace tallyfs::health
