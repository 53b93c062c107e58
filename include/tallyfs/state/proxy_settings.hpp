// What the proxy obeys and people can change while it runs. Written by settings, read by each
// call. Meaning of each: control/README.md.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace tallyfs::state {

/// Where an Ollama listens.
struct upstream_address {
    upstream_address(std::string host_name, std::uint16_t port_number);
    std::string host;  ///< a name, or an address without brackets
    std::uint16_t port;
    std::string text;  ///< "127.0.0.1:11434", "[::1]:11434"
};

/// The Ollama to which calls go. Any thread.
class upstream_choice {
  public:
    upstream_choice() : current_(std::make_shared<const upstream_address>("127.0.0.1", 11434)) {}
    void set(upstream_address address);
    /// Another pointer after each change of the address: whoever holds one keeps to it.
    [[nodiscard]] std::shared_ptr<const upstream_address> current() const;
    /// Grows with every change; lock-free.
    [[nodiscard]] std::uint64_t version() const noexcept { return version_; }
    /// `told` is called after each change, on the thread that makes it. Before the first one.
    void on_change(std::function<void()> told) { told_ = std::move(told); }

  private:
    std::atomic<std::uint64_t> version_{1};
    mutable std::mutex mutex_;
    std::shared_ptr<const upstream_address> current_;
    std::function<void()> told_;
};

/// Any thread.
struct proxy_settings {
    upstream_choice upstream;
    /// Whether an OpenAI chat stream is asked for its usage (docs/architecture.md, "Proxy").
    std::atomic<bool> usage_injection{true};
    /// 503 while the journal cannot be written.
    std::atomic<bool> refuse_when_unrecorded{false};
};

}  // namespace tallyfs::state
