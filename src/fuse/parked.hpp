// Requests that are answered later, by another thread: each exactly once, also when they are
// interrupted and when the mount ends. Protocol: FUSE_INTERRUPT, and docs/fuse.md, "Parking".
#pragma once

#include "fuse/low_level.hpp"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

namespace tallyfs::fuse {

/// Any thread.
class parked_requests {
  public:
    using ticket = std::uint64_t;

    /// The right to answer a request, held while it is being answered.
    class claim {
      public:
        claim(parked_requests& owner, fuse_req_t request) : owner_(&owner), request_(request) {}
        claim(claim&& other) noexcept
            : owner_(std::exchange(other.owner_, nullptr)), request_(other.request_) {}
        claim& operator=(claim&&) = delete;
        ~claim() {
            if (owner_ != nullptr) owner_->finished();
        }
        [[nodiscard]] fuse_req_t request() const noexcept { return request_; }

      private:
        parked_requests* owner_;
        fuse_req_t request_;
    };

    /// Held while the tree is being looked at for a request: close() waits for it, so that
    /// nothing of the tree is used after the mount.
    class work {
      public:
        explicit work(parked_requests& owner) : owner_(&owner) {}
        work(work&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
        work& operator=(work&&) = delete;
        ~work() {
            if (owner_ != nullptr) owner_->worked();
        }

      private:
        parked_requests* owner_;
    };

    /// Keeps the request. Its ticket; or 0 if it was answered at once, with EINTR because its
    /// process has been interrupted, or with EIO because the mount is ending. The request must
    /// not be touched afterwards. From the worker that received it, once.
    [[nodiscard]] ticket park(fuse_req_t request);
    /// The right to answer; nothing if it has been answered.
    [[nodiscard]] std::optional<claim> take(ticket number);
    /// Nothing if the request has been answered, or the mount is ending.
    [[nodiscard]] std::optional<work> begin_work(ticket number);
    /// The same for what nobody waits for.
    [[nodiscard]] std::optional<work> begin_work();
    /// Answers every request with EIO, and from now on each new one. Returns when no claim and no
    /// work is held; logs an error and returns all the same if work takes seconds. Idempotent.
    void close();
    /// Called by libfuse with a ticket.
    void interrupt(ticket number);

    [[nodiscard]] std::uint64_t parked_ever() const;

  private:
    void finished();
    void worked();

    mutable std::mutex mutex_;
    std::condition_variable idle_;
    bool closed_ = false;
    ticket last_ = 0;
    std::size_t claims_ = 0;
    std::size_t works_ = 0;
    std::unordered_map<ticket, fuse_req_t> waiting_;
};

}  // namespace tallyfs::fuse
