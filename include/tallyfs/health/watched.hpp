// All that is known of a server at one moment, published whole: files are made from it.
// Written by src/postgres, shown in databases/.
#pragma once

#include <tallyfs/health/finding.hpp>
#include <tallyfs/health/registration.hpp>
#include <tallyfs/health/sample.hpp>
#include <tallyfs/health/snapshot.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tallyfs::health {

/// Whether something could be looked at. Times are those of our clock.
struct reachability {
    moment seen;          ///< the last time that it answered
    std::string problem;  ///< "" or why the last try failed, without secrets, and what to do
    moment failing_since;

    bool operator==(const reachability&) const = default;
};

/// A finding of a person's list: silent until then.
struct mute {
    std::string rule;
    std::string place;    ///< "prod/orders-cl/app", "prod/orders-cl", "prod", or "" for everywhere
    std::string subject;  ///< "" for all
    std::string reason;
    wall_time until{};
    std::string by;
};

struct standing_finding {
    health::finding finding;
    std::string muted_by;  ///< "" or why it is silent: "anna until 2026-12-01: known, DB-12"
    /// The request that would mend it: "0057-pg-table-options"; "" if there is none.
    std::string request;
};

struct watched_database {
    registration what;
    reachability reach;
    std::shared_ptr<const snapshot> full;  ///< the newest; null: none since the start
    /// The one before it, for trends; null: there is none. Only its time and tables are looked at.
    std::shared_ptr<const snapshot> full_before;
    moment next_full;  ///< when the next one is due
};

/// `findings` has those of the server and of all its databases: the worst first.
struct watched_server {
    cluster_id id;
    std::string host;
    std::uint16_t port = 0;
    reachability reach;
    std::shared_ptr<const health::sample> sample;  ///< the newest; null: none since the start
    wait_profile waits;                            ///< of the last 10 minutes
    std::vector<watched_database> databases;       ///< by name
    std::vector<standing_finding> findings;
    std::uint64_t version = 0;  ///< grows with each publication
};
using watched_servers = std::vector<std::shared_ptr<const watched_server>>;  ///< by path

/// For one line about all of them.
struct summary {
    std::int64_t databases = 0;    ///< that are looked at
    std::int64_t unreachable = 0;  ///< of these
    std::int64_t critical = 0;     ///< findings that are not muted
    std::int64_t warning = 0;
    std::int64_t info = 0;
    std::string worst;  ///< "prod/orders-cl/app: autovacuum late"; "" if nothing is wrong
};
[[nodiscard]] summary summary_of(const watched_servers& all);

}  // namespace tallyfs::health
