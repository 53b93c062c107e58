// Who is told when a descriptor is ready, and a TCP connection that is one of them; one thread.
// Source: epoll(7), tcp(7).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::bench {

/// Nanoseconds of CLOCK_MONOTONIC: the same in every process of a machine.
[[nodiscard]] std::int64_t now_ns() noexcept;

/// Throws std::system_error with errno and `what`.
[[noreturn]] void fail(const char* what);

class watched {
  public:
    virtual ~watched() = default;
    virtual void ready(std::uint32_t events) = 0;
};

class event_loop {
  public:
    event_loop();
    event_loop(const event_loop&) = delete;
    event_loop& operator=(const event_loop&) = delete;
    ~event_loop();

    /// Until its descriptor is closed. `who` outlives the turn in which that happens.
    void watch(int descriptor, watched& who);
    /// Also for room to write, or no longer.
    void watch_writing(int descriptor, watched& who, bool wanted);
    /// Waits at most `wait_ns` (0: only looks; negative: as long as it takes), tells whom it
    /// concerns.
    void turn(std::int64_t wait_ns);
    /// Destroys it once nobody of this turn can be told of it any more.
    void bury(std::unique_ptr<watched> gone) { gone_.push_back(std::move(gone)); }

  private:
    int descriptor_;
    std::vector<std::unique_ptr<watched>> gone_;
};

/// One end of a TCP connection. What a send cannot hand to the kernel at once goes later.
class peer : public watched {
  public:
    /// Takes over a connected socket.
    peer(event_loop& loop, int connected);
    peer(const peer&) = delete;
    peer& operator=(const peer&) = delete;
    ~peer() override;

    void send(std::string_view bytes);
    void ready(std::uint32_t events) final;

  protected:
    virtual void received(std::string_view bytes) = 0;
    /// The other side has closed or reset. Nothing is called after it.
    virtual void ended() = 0;

    event_loop& loop_;

  private:
    int socket_;
    std::string unsent_;
};

struct address {
    std::string host;  ///< an IPv4 address
    std::uint16_t port = 0;
};

/// "127.0.0.1:11433"; throws std::runtime_error if it is no such thing.
[[nodiscard]] address parse_address(const std::string& text);

[[nodiscard]] int connect_to(const address& where);

/// A listening socket on any free port of loopback, and which one that is.
[[nodiscard]] int listen_on_loopback(std::uint16_t& port);
/// The next connection, or -1 if none waits.
[[nodiscard]] int accept_from(int listener);

}  // namespace tallyfs::bench
