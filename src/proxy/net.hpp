// The network types of the proxy, and a place where one coroutine waits for a value.
// Source: Boost.Asio, "C++20 Coroutines Support"; docs/architecture.md, "Proxy".
#pragma once

#include <tallyfs/base/error.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <optional>
#include <utility>

// GCC 12 takes the recycling operator new of Asio's coroutine frames for a mismatch where it
// inlines only one of the pair (GCC bug 109224).
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

// In this module the result of co_await goes into a variable before it is used: GCC 12 destroys
// temporaries of conditions with co_await in them twice.

namespace tallyfs::proxy {

namespace asio = boost::asio;

/// Everything of a connection runs on the thread of one io_context, so its own executor type is
/// used throughout: no type erasure, no strands, no locks.
using executor = asio::io_context::executor_type;
using tcp = asio::ip::tcp;
using tcp_socket = asio::basic_stream_socket<tcp, executor>;
using steady_timer =
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>, executor>;
template <class T = void>
using task = asio::awaitable<T, executor>;
inline constexpr asio::use_awaitable_t<executor> use_task;

/// A token for `co_await` that puts the error into `error` instead of throwing it.
[[nodiscard]] inline auto into(error_code& error) {
    return asio::redirect_error(use_task, error);
}

/// A place where at most one coroutine waits for a value, on the thread that notifies. Whoever
/// owns it lets the waiting coroutine end before it is destroyed. The handler is kept in place:
/// waiting costs one coroutine frame and nothing else.
template <class Value>
class waiting_place {
  public:
    task<Value> wait() {
        return asio::async_initiate<const asio::use_awaitable_t<executor>, void(Value)>(
            [this](auto handler) { waiting_.emplace(std::move(handler)); }, use_task);
    }
    [[nodiscard]] bool awaited() const noexcept { return waiting_.has_value(); }
    /// Resumes the coroutine before it returns; the caller touches nothing afterwards that the
    /// coroutine can have destroyed.
    void notify(Value value) {
        if (!waiting_) return;
        auto handler = std::move(*waiting_);
        waiting_.reset();
        std::move(handler)(value);
    }

  private:
    using handler_type =
        typename asio::async_result<asio::use_awaitable_t<executor>, void(Value)>::handler_type;
    std::optional<handler_type> waiting_;
};

}  // namespace tallyfs::proxy
