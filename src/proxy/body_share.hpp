// The memory that bodies take which are kept whole, of all calls together.
// Limit: docs/security.md, "Crowds".
#pragma once

#include <atomic>
#include <cstddef>

namespace tallyfs::proxy {

/// What one call has of it; given back when it is destroyed. Belongs to one thread, `all` to any.
class body_share {
  public:
    body_share(std::atomic<std::size_t>& all, std::size_t all_bytes_max)
        : all_(all), all_bytes_max_(all_bytes_max) {}
    ~body_share() { give_back(); }
    body_share(const body_share&) = delete;
    body_share& operator=(const body_share&) = delete;

    /// false: there is no room for so much more, and the share is what it was.
    [[nodiscard]] bool add(std::size_t bytes) noexcept {
        const auto before = all_.fetch_add(bytes, std::memory_order_relaxed);
        const bool fits = before + bytes <= all_bytes_max_;
        if (fits) own_ += bytes;
        if (!fits) all_.fetch_sub(bytes, std::memory_order_relaxed);
        return fits;
    }
    void give_back() noexcept {
        all_.fetch_sub(own_, std::memory_order_relaxed);
        own_ = 0;
    }

  private:
    std::atomic<std::size_t>& all_;
    const std::size_t all_bytes_max_;
    std::size_t own_ = 0;
};

}  // namespace tallyfs::proxy
