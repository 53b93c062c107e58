// What the mounted files are made of: the parts that the views read, and the facts of this
// daemon. Which file shows what: docs/formats.md, "The tree".
#pragma once

#include <tallyfs/audit/summary.hpp>
#include <tallyfs/base/clock.hpp>
#include <tallyfs/base/day.hpp>
#include <tallyfs/health/watched.hpp>
#include <tallyfs/journal/open_calls.hpp>
#include <tallyfs/journal/stream.hpp>
#include <tallyfs/ledger/ledger.hpp>
#include <tallyfs/ledger/rollup_files.hpp>
#include <tallyfs/retention/gauge.hpp>
#include <tallyfs/retention/sweeper.hpp>
#include <tallyfs/state/approvals.hpp>
#include <tallyfs/state/budgets.hpp>
#include <tallyfs/state/canceller.hpp>
#include <tallyfs/state/control.hpp>
#include <tallyfs/state/upstream.hpp>
#include <tallyfs/tree/node.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tallyfs::views {

/// Fixed while the daemon runs.
struct daemon_facts {
    std::string version;  ///< "0.1.0"
    std::string node;     ///< name of this host
    std::string proxy;    ///< "127.0.0.1:11433", where services call
    std::string admin;    ///< "127.0.0.1:11435"
    std::filesystem::path state_directory;
    wall_time started{};
};

/// What changes by itself, captured once a second on the view thread: files show this and never
/// the clock, so that all of them agree and an unchanged second changes no byte.
struct live_state {
    std::uint64_t tick = 0;
    wall_time now{};
    std::shared_ptr<const state::upstream_status> upstream =
        std::make_shared<state::upstream_status>();
    std::vector<journal::open_call> open_calls;
    std::uint64_t disk_free_bytes = 0;
    bool rebuilding = false;
    double rebuilt_share = 1.0;      ///< 0 to 1, of the journal's bytes
    std::string rebuild_reason;      ///< "" or why the ledger is made anew
    std::string rebuilt_reason;      ///< "" or why it was made anew last, since the start
    std::uint64_t bytes_behind = 0;  ///< of the ledger behind the journal
    std::string ledger_error;        ///< "" or why the ledger does not follow
};

/// A directory of the root that another module makes.
struct supplied_directory {
    std::string name;
    std::shared_ptr<const tree::directory> directory;
};

/// What became of the effect of an executed request later: an object of JSON.
struct later_effect {
    std::string json;
    wall_time changed{};
};

/// Everything is referenced and outlives the tree. Used on the view thread only.
struct sources {
    const journal::stream& calls;
    const ledger::rollup_files& rollups;
    const ledger::ledger& ledger;
    const state::proxy_counters& counters;
    const live_state& live;
    const retention::sweeper& sweeper;
    const retention::gauge& gauge;
    state::control& control;
    state::approvals& approvals;
    state::budgets& budgets;
    state::canceller& canceller;
    const state::action_log& actions;
    daemon_facts facts;
    std::vector<supplied_directory> supplied{};
    /// For `effect` in result.json; nullopt where nobody measures it. May be null.
    std::function<std::optional<later_effect>(std::uint32_t request)> effects = nullptr;
    /// The worst of all watched databases; null where none can be.
    std::function<health::summary()> databases = nullptr;
    /// What the audit of all servers has; null where none can be.
    std::function<audit::summary()> audit = nullptr;
};

/// The mounted tree's root.
[[nodiscard]] std::shared_ptr<const tree::directory> make_root(const sources& from);

}  // namespace tallyfs::views
