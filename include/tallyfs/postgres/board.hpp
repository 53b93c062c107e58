// What is known of all servers now: written by the collector, read by whoever shows it.
// Shape: include/tallyfs/health/watched.hpp.
#pragma once

#include <tallyfs/health/watched.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

namespace tallyfs::postgres {

/// Any thread; nothing here waits for a server.
class board {
  public:
    /// In place of what was known of this server. Sets its version.
    void publish(health::watched_server now);
    /// A server that nobody has registered any more.
    void forget(const health::cluster_id& id);

    /// By path.
    [[nodiscard]] health::watched_servers servers() const;
    /// Those of one environment, by name.
    [[nodiscard]] health::watched_servers servers(std::string_view environment) const;
    [[nodiscard]] std::shared_ptr<const health::watched_server> find(
        const health::cluster_id& id) const;
    /// Grows with each publication.
    [[nodiscard]] std::uint64_t changes() const noexcept { return changes_; }
    /// Called after each change, on the thread that made it; returns at once. Set before the first.
    void on_change(std::function<void()> listener) { listener_ = std::move(listener); }

  private:
    mutable std::mutex mutex_;
    std::map<health::cluster_id, std::shared_ptr<const health::watched_server>> servers_;
    std::atomic<std::uint64_t> changes_{0};
    std::function<void()> listener_;
};

}  // namespace tallyfs::postgres
