// What the proxy hands over of a call that is to be kept: bounded copies, in memory only.
// Limits and meaning: docs/policies.md, "What is kept of a call".
#pragma once

#include <tallyfs/base/uuid.hpp>
#include <tallyfs/dialect/route.hpp>
#include <tallyfs/policy/capture.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace tallyfs::capture {

/// Longer bodies are not kept, or not whole. Conversations are tens of kilobytes, and a model
/// with a context of a million tokens reads 4 MiB of text.
inline constexpr std::size_t request_bytes_max = std::size_t{4} << 20;
inline constexpr std::size_t response_bytes_max = std::size_t{1} << 20;
/// All copies together, of calls that run and of those that wait to be written.
inline constexpr std::size_t held_bytes_max = std::size_t{64} << 20;

/// A share of the memory for copies; given back when it is destroyed.
class held_bytes {
  public:
    explicit held_bytes(std::atomic<std::size_t>& all) : all_(all) {}
    ~held_bytes() { all_.fetch_sub(own_, std::memory_order_relaxed); }
    held_bytes(const held_bytes&) = delete;
    held_bytes& operator=(const held_bytes&) = delete;

    /// false: there is no room for so much more.
    [[nodiscard]] bool add(std::size_t bytes) noexcept {
        own_ += bytes;
        return all_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= held_bytes_max;
    }

  private:
    std::atomic<std::size_t>& all_;
    std::size_t own_ = 0;
};

/// One thread at a time.
struct captured_call {
    explicit captured_call(std::atomic<std::size_t>& all) : held(all) {}

    held_bytes held;
    policy::capture_mode mode = policy::capture_mode::off;
    dialect::operation op = dialect::operation::none;

    // As in the call's line.
    uuid id;
    std::string service;
    std::optional<std::string> task;
    std::optional<std::string> model;
    std::string endpoint;
    std::optional<int> status;
    std::int64_t request_bytes = 0;
    std::int64_t response_bytes = 0;

    std::string request;
    std::string request_gap;  ///< "" or why the request's body is not here
    std::string response;
    std::string response_type;  ///< content-type; "" before there was an answer
    std::string response_gap;   ///< "" or why the response's body is not here
    bool response_cut = false;  ///< there was more than response_bytes_max
};

}  // namespace tallyfs::capture
