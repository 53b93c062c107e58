// A TCP connection with an input buffer and a read that can stay pending while its owner waits
// for something else: how the end of a connection is noticed at once, without a poll.
// Protocol: tcp(7); docs/architecture.md, "Proxy".
#pragma once

#include <proxy/net.hpp>

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

namespace tallyfs::proxy {

/// What ended a wait for input.
enum class fill_result { more, ended, full, interrupted };

/// Belongs to one thread. Before it is destroyed no read may be pending: close() it and wait for
/// reading() to become false (settle(), or the handler of when_idle()).
class buffered_socket {
  public:
    /// The buffer begins with 4 KiB and grows up to `bytes_max` while reads fill it.
    buffered_socket(tcp_socket socket, std::size_t bytes_max);
    buffered_socket(const buffered_socket&) = delete;
    buffered_socket& operator=(const buffered_socket&) = delete;
    ~buffered_socket() = default;

    /// Input that was read and not consumed. Valid until the next fill() or arm().
    [[nodiscard]] std::string_view pending() const noexcept {
        return {bytes_.get() + begin_, end_ - begin_};
    }
    void consume(std::size_t count) noexcept { begin_ += count; }

    /// Waits for more input. `full`: pending() is as long as the limit allows.
    task<fill_result> fill();
    /// Ends a wait in fill(); the read itself stays pending.
    void interrupt();
    /// Gives back what a large message needed, if all of it was consumed and no read is pending.
    void shrink();
    /// Nothing has arrived that was not consumed, not even an end.
    [[nodiscard]] bool silent();
    /// Starts a read if none is pending and there is room.
    void arm();
    /// `handler(ended)` is called once: when a read completes while nobody waits in fill().
    void when_idle(std::function<void(bool ended)> handler) { idle_ = std::move(handler); }
    [[nodiscard]] bool reading() const noexcept { return reading_; }
    /// EOF, an error, or closed by us.
    [[nodiscard]] bool ended() const noexcept { return static_cast<bool>(end_reason_); }
    [[nodiscard]] const error_code& end_reason() const noexcept { return end_reason_; }

    using buffers = std::array<asio::const_buffer, 3>;
    /// Writes what the kernel takes at once and takes that off `data`; true if nothing is left.
    /// Errors: those of send(2).
    [[nodiscard]] bool write_now(buffers& data, error_code& error);
    /// Writes everything.
    task<error_code> write(buffers data);
    task<error_code> write(std::string_view data) { return write(buffers{as_buffer(data)}); }
    [[nodiscard]] static asio::const_buffer as_buffer(std::string_view text) noexcept {
        return {text.data(), text.size()};
    }

    /// Both directions, at once: pending operations end with an error. Any number of times.
    void close();
    /// close() with a reset: the peer must not take what it has for all there is.
    void abort();
    /// Sends FIN and keeps reading.
    void shutdown_write();
    /// After close(): returns once no read is pending.
    task<> settle();

    [[nodiscard]] tcp_socket& socket() noexcept { return socket_; }

  private:
    static task<fill_result> ready(fill_result result);
    void make_room();
    void reallocate(std::size_t capacity);
    void on_read(const error_code& error, std::size_t count);

    tcp_socket socket_;
    std::size_t bytes_max_;
    std::size_t capacity_;
    std::unique_ptr<char[]> bytes_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    bool reading_ = false;
    bool filled_ = false;  // the last read took all the room there was
    error_code end_reason_;
    waiting_place<fill_result> arrived_;
    std::function<void(bool)> idle_;
};

}  // namespace tallyfs::proxy
