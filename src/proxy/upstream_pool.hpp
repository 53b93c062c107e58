// Connections to the upstream that can carry another request; one pool for each proxy thread.
// Protocol: RFC 9112, section 9; docs/architecture.md, "Proxy".
#pragma once

#include <proxy/buffered_socket.hpp>

#include <memory>
#include <string>
#include <vector>

namespace tallyfs::proxy {

struct upstream_address {
    std::string host;
    std::uint16_t port = 0;
    [[nodiscard]] std::string text() const;  ///< "127.0.0.1:11434", "[::1]:11434"
};

struct upstream_connection {
    explicit upstream_connection(tcp_socket socket, std::size_t bytes_max)
        : io(std::move(socket), bytes_max) {}
    buffered_socket io;
    bool reused = false;  ///< it carried a request before: it can have died unnoticed
};

/// Belongs to one thread.
class upstream_pool {
  public:
    upstream_pool(asio::io_context& context, upstream_address address, std::size_t idle_max);

    /// An idle connection, or nullptr. One that ended or received anything while it was idle is
    /// never given out.
    [[nodiscard]] std::unique_ptr<upstream_connection> take();
    /// A connection to open with connect(). The caller owns it meanwhile and can close it.
    [[nodiscard]] std::unique_ptr<upstream_connection> make();
    /// Tries the upstream's addresses in turn. Errors: the last one's; operation_aborted after
    /// close() of the connection, which the caller keeps until this returns.
    task<error_code> connect(upstream_connection& connection);
    /// After a complete response: the connection waits for another request.
    void give_back(std::unique_ptr<upstream_connection> connection);
    /// From the worker's sweep: from now on the end of an idle connection, or whatever else
    /// arrives on it, is noticed at once. Not at give_back(): most are taken again before that,
    /// and a read that begins there can have taken bytes that nobody has seen yet.
    void watch_idle();
    [[nodiscard]] bool has_unwatched() const noexcept { return unwatched_; }
    /// Closes a connection; frees it once nothing is pending on it.
    void discard(std::unique_ptr<upstream_connection> connection);
    /// Discards all idle connections and keeps none from now on.
    void stop();
    [[nodiscard]] std::size_t idle_count() const noexcept { return idle_.size(); }

  private:
    void on_idle_event(upstream_connection* connection);
    task<error_code> resolve(std::vector<tcp::endpoint>& endpoints);

    asio::io_context& context_;
    upstream_address address_;
    std::size_t idle_max_;
    std::vector<std::unique_ptr<upstream_connection>> idle_;
    bool unwatched_ = false;  // some idle connection has no read pending
    std::vector<std::unique_ptr<upstream_connection>> closing_;
};

}  // namespace tallyfs::proxy
