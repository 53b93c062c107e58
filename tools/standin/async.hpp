// Short names for the Asio types used here: everything runs on one io_context, on one thread.
// Source: https://www.boost.org/doc/libs/release/doc/html/boost_asio.html.
#pragma once

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

namespace tallyfs::standin {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using error_code = boost::system::error_code;

// The concrete executor: the type-erased one costs an allocation a step.
using executor = asio::io_context::executor_type;
template <class T = void>
using task = asio::awaitable<T, executor>;
inline constexpr asio::use_awaitable_t<executor> awaiting{};
// Nothing is awaited inside a condition: GCC before 12.3 then lays out the frame of a function
// that has no local variable twice, in two ways (https://gcc.gnu.org/PR106188).

using tcp_socket = asio::basic_stream_socket<asio::ip::tcp, executor>;
using tcp_acceptor = asio::basic_socket_acceptor<asio::ip::tcp, executor>;
using steady_timer =
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>, executor>;

}  // namespace tallyfs::standin
