// What is known of an Ollama server: reachable, version, loaded models. Made by the proxy's
// watcher, shown by the views. Source: GET /api/version and /api/ps; docs/ollama.md.
#pragma once

#include <tallyfs/base/clock.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace tallyfs::state {

struct loaded_model {
    std::string name;
    std::int64_t bytes = 0;                      ///< memory it takes, as Ollama reports it
    std::optional<std::int64_t> context_length;  ///< tokens
    std::optional<wall_time> unloads_at;
};

/// One observation. Immutable once published.
struct upstream_status {
    std::string address;  ///< "127.0.0.1:11434"
    bool reachable = false;
    std::string version;                   ///< "0.33.0"; "" if it never answered
    std::optional<wall_time> seen;         ///< last answer to anything
    std::string error;                     ///< why it is not reachable, for people
    std::vector<loaded_model> loaded;      ///< by name
    std::optional<wall_time> loaded_seen;  ///< when `loaded` was true
    std::uint64_t loads_past_proxy = 0;    ///< models seen loaded that no call of ours had loaded
};

/// Counts of the proxy since its start, for status and metrics. Written by proxy threads.
struct proxy_counters {
    std::atomic<std::uint64_t> connections_open{0};
    std::atomic<std::uint64_t> connections_accepted{0};
    std::atomic<std::uint64_t> connections_refused{0};  ///< over the limit
    std::atomic<std::uint64_t> requests{0};
    std::atomic<std::uint64_t> polls{0};  ///< requests that are no calls: not in the journal
    std::atomic<std::uint64_t> calls_unrecorded{0};  ///< answered, but the append failed
    std::atomic<std::uint64_t> upstream_retries{0};
    std::atomic<std::uint64_t> captures_kept{0};
    std::atomic<std::uint64_t> captures_dropped{0};  ///< too many waited: memory is bounded
    std::atomic<std::uint64_t> captures_failed{0};   ///< could not be written, or made
};

/// The newest status; any thread.
class upstream_board {
  public:
    void publish(std::shared_ptr<const upstream_status> status);
    [[nodiscard]] std::shared_ptr<const upstream_status> current() const;

  private:
    mutable std::mutex mutex_;
    std::shared_ptr<const upstream_status> status_ = std::make_shared<upstream_status>();
};

}  // namespace tallyfs::state
