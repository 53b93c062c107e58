#include "connection.hpp"

#include "world.hpp"

#include <sys/socket.h>

namespace tallyfs::standin {

connection::connection(tcp_socket accepted, world& shared)
    : socket(std::move(accepted)), timer(socket.get_executor()), world_(shared) {
    error_code ignored;
    socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    world_.connections.insert(this);
    ++world_.count.connections;
    ++world_.count.open;
}

connection::~connection() {
    world_.connections.erase(this);
    --world_.count.open;
}

void connection::cut() {
    gone = true;
    error_code ignored;
    socket.close(ignored);
    timer.cancel();
}

void connection::watch() {
    if (watching_ || gone) return;
    watching_ = true;
    socket.async_wait(tcp_socket::wait_read, [self = shared_from_this()](error_code error) {
        self->watching_ = false;
        if (error || !self->socket.is_open()) return;
        char byte = 0;
        const auto got = ::recv(self->socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        const bool nothing_yet = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
        if (got > 0) return;  // the next request is there already: read when this one is done
        if (nothing_yet) return self->watch();
        self->gone = true;
        self->timer.cancel();
    });
}

task<bool> connection::wait(const world& shared, std::chrono::nanoseconds nominal) {
    co_return co_await wait_exactly(shared.scaled(nominal));
}

task<bool> connection::wait_exactly(std::chrono::nanoseconds duration) {
    if (duration.count() <= 0) co_return !gone;
    watch();
    const auto end = std::chrono::steady_clock::now() + duration;
    while (!gone && std::chrono::steady_clock::now() < end) {
        timer.expires_at(end);
        error_code ignored;
        co_await timer.async_wait(asio::redirect_error(awaiting, ignored));
    }
    co_return !gone;
}

task<> connection::wait_for_news() {
    watch();
    if (gone) co_return;
    timer.expires_at(steady_timer::time_point::max());
    error_code ignored;
    co_await timer.async_wait(asio::redirect_error(awaiting, ignored));
}

}  // namespace tallyfs::standin
