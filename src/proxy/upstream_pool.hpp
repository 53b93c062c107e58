// Connections to the upstream that can carry another request; one pool for each proxy thread.
// Protocol: RFC 9112, section 9; docs/architecture.md, "Proxy".
#pragma once

#include <tallyfs/state/proxy_settings.hpp>

#include <proxy/buffered_socket.hpp>

#include <memory>
#include <vector>

namespace tallyfs::proxy {

/// Two are the same upstream if they are the same object.
using upstream_pointer = std::shared_ptr<const state::upstream_address>;

struct upstream_connection {
    upstream_connection(tcp_socket socket, std::size_t bytes_max, upstream_pointer other_end)
        : io(std::move(socket), bytes_max), to(std::move(other_end)) {}
    /// Any number of times, also while it is being connected: connect() then ends soon.
    void close() {
        io.close();
        if (looking_up != nullptr) looking_up->cancel();
    }

    buffered_socket io;
    const upstream_pointer to;
    bool reused = false;  ///< it carried a request before: it can have died unnoticed
    steady_timer* looking_up = nullptr;  ///< cancelled when the look-up's answer comes
};

/// Belongs to one thread.
class upstream_pool {
  public:
    upstream_pool(asio::io_context& context, upstream_pointer upstream, std::size_t idle_max);

    /// The upstream whose connections are kept.
    [[nodiscard]] const upstream_pointer& upstream() const noexcept { return upstream_; }
    /// Keeps those of another one from now on.
    void use(upstream_pointer upstream);
    /// An idle connection to `to`, or nullptr. One that ended or received anything while it was
    /// idle is never given out.
    [[nodiscard]] std::unique_ptr<upstream_connection> take(const upstream_pointer& to);
    /// A connection to open with connect(). The caller owns it meanwhile and can close it.
    [[nodiscard]] std::unique_ptr<upstream_connection> make(upstream_pointer to);
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
    task<error_code> resolve(upstream_connection& connection,
                             std::vector<tcp::endpoint>& endpoints);
    task<error_code> look_up(upstream_connection& connection,
                             std::vector<tcp::endpoint>& endpoints);
    void drop_idle();

    asio::io_context& context_;
    upstream_pointer upstream_;
    std::size_t idle_max_;
    std::vector<std::unique_ptr<upstream_connection>> idle_;
    bool unwatched_ = false;  // some idle connection has no read pending
    std::vector<std::unique_ptr<upstream_connection>> closing_;
};

}  // namespace tallyfs::proxy
