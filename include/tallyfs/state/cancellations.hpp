// Calls that somebody wants to end: written by the desk, obeyed by the proxy within its sweep.
// Format of the file: docs/formats.md, `calls/inflight/cancel`.
#pragma once

#include <tallyfs/base/uuid.hpp>

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace tallyfs::state {

/// Any thread.
class cancellations {
  public:
    /// `by` is who wants it, for the call's line.
    void request(const uuid& id, std::string by);
    /// Grows with every request; lock-free.
    [[nodiscard]] std::uint64_t version() const noexcept { return version_; }
    /// Who wants this call to end; nullopt if nobody does. Once for each request.
    [[nodiscard]] std::optional<std::string> take(const uuid& id);

  private:
    std::atomic<std::uint64_t> version_{0};
    std::mutex mutex_;
    std::map<uuid, std::string> wanted_;
};

}  // namespace tallyfs::state
