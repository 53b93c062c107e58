// Requests for the remedies of what is wrong, opened by the daemon itself for people to decide.
// Rules: docs/databases.md, "Remedies".
#pragma once

#include <tallyfs/health/finding.hpp>
#include <tallyfs/postgres/board.hpp>
#include <tallyfs/postgres/registry.hpp>
#include <tallyfs/state/approvals.hpp>
#include <tallyfs/state/settings.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace tallyfs::postgres {

class proposals {
  public:
    /// All of it outlives them.
    struct parts {
        const board& seen;
        std::function<std::shared_ptr<const registered>()> registrations;
        const clock_source& clock;
    };
    explicit proposals(parts with) : parts_(std::move(with)) {}

    /// Whether it opens any.
    [[nodiscard]] state::setting_definition definition();
    /// On the desk, once a second; at work once a minute, and when a request has changed.
    void tick(state::approvals& requests);

    /// The directory of the request that would mend it, "0057-pg-vacuum"; "" if none is open. Any
    /// thread.
    [[nodiscard]] std::string request_of(const health::cluster_id& server,
                                         const health::finding& found) const;

    /// Open ones of ours at a time: more would be read by nobody.
    static constexpr std::size_t open_max = 20;
    static constexpr std::chrono::days quiet_after_no{7};  ///< also after one that nobody answered
    static constexpr std::chrono::days quiet_after_failure{1};
    /// How requests name who asked.
    static constexpr std::string_view principal = "databases";

  private:
    class pass;

    const parts parts_;
    std::atomic<bool> on_{true};
    steady_time next_{};
    std::uint64_t requests_seen_ = 0;
    std::string last_problem_;  ///< said once
    mutable std::mutex mutex_;
    std::map<std::string, std::string, std::less<>> requests_;  ///< by server and finding
};

}  // namespace tallyfs::postgres
