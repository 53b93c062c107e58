#include "proxy/exchange.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/beast/http/error.hpp>

#include <array>
#include <charconv>

namespace tallyfs::proxy {

void exchange::start_pump(task<> work) {
    pump_running_ = true;
    asio::co_spawn(session_.owner().io(), std::move(work), [this](const std::exception_ptr&) {
        pump_running_ = false;
        pump_ended_.notify(true);
    });
}

task<> exchange::pump_rest(buffered_socket::buffers rest) {
    session_.reading() = {session_.after(context_.options.client_stall_max),
                          deadline::action::cut_upstream};
    (void)co_await upstream_->io.write(rest);  // the response, or its absence, tells
    session_.reading().at = steady_time::max();
}

/// Passes the request's body on as it arrives, in the framing that it had.
task<> exchange::pump_from_client() {
    auto& parser = session_.parser();
    auto& client = session_.client();
    // Of a call that was held open. A read that is still pending ends behind what is here already;
    // the handler would begin another one, which moves the bytes that are being written.
    client.when_idle(nullptr);
    while (!parser.is_done() && !pump_stop_) {
        error_code error = http::error::need_more;
        if (const auto input = client.pending(); !input.empty()) {
            const auto count = parser.put(asio::buffer(input.data(), input.size()), error);
            const auto piece = parser.take_piece();
            bool alive = true;
            if (!error) alive = co_await pump_piece(piece, parser.is_done());
            if (!alive) co_return;
            client.consume(count);
        }
        if (!error) continue;
        if (error != http::error::need_more) {
            bad_body_ = true;
            upstream_->io.close();
            co_return;
        }
        const bool arrived = co_await wait_for_body();
        if (!arrived) co_return;
    }
    if (!pump_stop_) session_.watch_client();
}

/// false: the client is gone or silent, or the pump is to stop.
task<bool> exchange::wait_for_body() {
    session_.reading() = {session_.after(context_.options.client_stall_max),
                          deadline::action::interrupt_read};
    const auto filled = co_await session_.client().fill();
    session_.reading().at = steady_time::max();
    if (filled == fill_result::more) co_return true;
    if (pump_stop_) co_return false;
    if (filled == fill_result::full) {
        bad_body_ = true;
        upstream_->io.close();
    } else {
        session_.cut(filled == fill_result::ended ? cut_reason::client_gone
                                                  : cut_reason::client_stalled);
    }
    co_return false;
}

task<bool> exchange::pump_piece(std::string_view piece, bool last) {
    line_.request_bytes += static_cast<std::int64_t>(piece.size());
    const bool chunked = session_.parser().chunked();
    std::array<char, 20> size_line{};
    buffered_socket::buffers data{};
    if (!piece.empty()) {
        data[1] = buffered_socket::as_buffer(piece);
        if (chunked) {
            auto* end =
                std::to_chars(size_line.data(), size_line.data() + 16, piece.size(), 16).ptr;
            *end++ = '\r';
            *end++ = '\n';
            data[0] = {size_line.data(), static_cast<std::size_t>(end - size_line.data())};
            data[2] = buffered_socket::as_buffer("\r\n");
        }
    } else if (chunked && last) {
        data[0] = buffered_socket::as_buffer("0\r\n\r\n");
    } else {
        co_return true;
    }
    session_.reading() = {session_.after(context_.options.client_stall_max),
                          deadline::action::cut_upstream};
    const auto error = co_await upstream_->io.write(data);
    session_.reading().at = steady_time::max();
    co_return !error;
}

/// Stops what still sends the request; its upstream connection is then of no use any more.
task<> exchange::finish_pump() {
    pump_stop_ = true;
    if (upstream_) upstream_->io.close();
    session_.client().interrupt();
    while (pump_running_) (void)co_await pump_ended_.wait();
}

}  // namespace tallyfs::proxy
