// What all threads of the proxy share: options, registries, and where calls are recorded.
// Rules: docs/architecture.md, "Proxy".
#pragma once

#include <tallyfs/http/host_rule.hpp>
#include <tallyfs/proxy/server.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>

namespace tallyfs::proxy {

class watcher;

/// Made before the threads start and destroyed after they ended. The members that are not const
/// are safe from any thread.
struct proxy_context {
    proxy_context(server_options given, const server_parts& parts)
        : options(std::move(given)),
          rules(options.callers),
          own(tallyfs::http::this_machine()),
          calls(parts.calls),
          open(parts.open),
          board(parts.board),
          counters(parts.counters),
          services(parts.services),
          settings(parts.settings),
          clock(parts.clock),
          permissions(parts.permissions),
          budgets(parts.budgets),
          cancellations(parts.cancellations),
          captures(parts.captures) {}

    const server_options options;
    const caller_rules rules;
    const tallyfs::http::own_names own;

    journal::stream& calls;
    journal::open_calls& open;
    state::upstream_board& board;
    state::proxy_counters& counters;
    state::bounded_names& services;
    state::bounded_names tasks;
    state::bounded_names models;
    state::bounded_names groups{limits::distinct_groups_max};  ///< of the three
    const state::proxy_settings& settings;
    const clock_source& clock;
    const state::permissions* const permissions;
    state::budgets* const budgets;
    state::cancellations* const cancellations;
    capture::recorder* const captures;
    /// Calls that copy, make, pull or delete models, begun and ended: while they are different, and
    /// when they have grown, where a model runs has to be asked anew.
    std::atomic<std::uint64_t> model_changes_begun{0};
    std::atomic<std::uint64_t> model_changes_ended{0};
    /// How many there have been; nullopt while one runs: what is asked then may be wrong at once.
    [[nodiscard]] std::optional<std::uint64_t> settled_model_changes() const noexcept {
        const auto ended = model_changes_ended.load();  // first: it is never ahead of the other
        const auto begun = model_changes_begun.load();
        return begun == ended ? std::optional(begun) : std::nullopt;
    }

    watcher* watch = nullptr;  ///< set before the threads start
    /// Ended before the threads' io_contexts are destroyed: its answers go there.
    std::optional<process_finder> finder{std::in_place};

    /// Inference calls that were sent to the upstream and have not ended, and those of them that
    /// get tokens now: another call can have to wait behind them.
    std::atomic<int> running{0};
    std::atomic<int> decoding{0};
    std::atomic<std::size_t> sessions{0};
    /// What all calls' body_share have together, and may have: one of the largest always fits.
    std::atomic<std::size_t> body_bytes{0};
    const std::size_t body_bytes_max =
        std::max(options.inference_bodies_bytes_max, options.inference_body_bytes_max);
    std::atomic<bool> draining{false};

    /// For stop(): told when the last session ends.
    std::mutex idle_mutex;
    std::condition_variable idle_changed;
};

}  // namespace tallyfs::proxy
