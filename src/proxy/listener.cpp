#include "proxy/listener.hpp"

#include <tallyfs/base/log.hpp>

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <netdb.h>

namespace tallyfs::proxy {

namespace {

// Out of descriptors: the connections that wait are tried again after this.
constexpr std::chrono::milliseconds pause_for{100};
// Beyond connections_max this many are told so; more are closed without a word.
constexpr std::size_t told_max = 64;
// Accepted in one go before other events get their turn.
constexpr int accepts_max = 64;

[[noreturn]] void fail(const listener_options& options, const std::string& what) {
    const auto where = options.host + ":" + std::to_string(options.port);
    throw startup_error("cannot listen on " + where + ": " + what +
                        ". Choose another address with --listen HOST:PORT, or stop what uses "
                        "this one (ss -ltnp shows it).");
}

tcp::endpoint local_endpoint(int fd) {
    tcp::endpoint endpoint;
    auto length = static_cast<socklen_t>(endpoint.capacity());
    if (::getsockname(fd, endpoint.data(), &length) != 0) {
        throw startup_error(std::string("a listening socket has no address: ") +
                            std::strerror(errno));
    }
    endpoint.resize(length);
    return endpoint;
}

unique_fd bind_to(const listener_options& options) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE;
    addrinfo* found = nullptr;
    const auto port = std::to_string(options.port);
    const int failed = ::getaddrinfo(options.host.c_str(), port.c_str(), &hints, &found);
    if (failed != 0) fail(options, ::gai_strerror(failed));
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
    unique_fd socket(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) fail(options, std::strerror(errno));
    const int on = 1;
    // A restart must not wait for connections of the last process to time out.
    if (::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        ::bind(socket.get(), found->ai_addr, found->ai_addrlen) != 0 ||
        ::listen(socket.get(), SOMAXCONN) != 0) {
        fail(options, std::strerror(errno));
    }
    return socket;
}

}  // namespace

listener::listener(const listener_options& options, worker& accepting,
                   std::vector<std::unique_ptr<worker>>& workers)
    : accepting_(accepting), workers_(workers), socket_(accepting.io()), pause_(accepting.io()) {
    auto fd = options.inherited_fd >= 0 ? unique_fd(options.inherited_fd) : bind_to(options);
    const auto endpoint = local_endpoint(fd.get());
    const auto address = endpoint.address();
    port_ = endpoint.port();
    facts_ = {options.service, address.is_loopback()};
    socket_.assign(fd.get());
    (void)fd.release();
    socket_.non_blocking(true);
}

void listener::start() {
    wait();
}

void listener::stop() {
    error_code ignored;  // it may be closed already
    socket_.close(ignored);
    pause_.cancel();
}

void listener::wait() {
    socket_.async_wait(asio::posix::descriptor_base::wait_read, [this](const error_code& error) {
        if (!error) accept_all();
    });
}

void listener::pause() {
    pause_.expires_after(pause_for);
    pause_.async_wait([this](const error_code& error) {
        if (!error) wait();
    });
}

void listener::accept_all() {
    auto& context = accepting_.context();
    auto& counters = context.counters;
    for (int i = 0; i < accepts_max; ++i) {
        unique_fd accepted(
            ::accept4(socket_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!accepted) {
            if (errno == EAGAIN || errno == EWOULDBLOCK) break;
            if (errno == EINTR || errno == ECONNABORTED) continue;
            spdlog::warn("proxy: cannot accept a connection: {}", std::strerror(errno));
            return pause();
        }
        ++counters.connections_accepted;
        const auto open = ++counters.connections_open;
        const auto limit = context.options.connections_max;
        if (open > limit) ++counters.connections_refused;
        if (open > limit + told_max) {
            --counters.connections_open;
            continue;
        }
        ++context.sessions;
        workers_[next_++ % workers_.size()]->serve(std::move(accepted), facts_, open > limit);
    }
    wait();
}

}  // namespace tallyfs::proxy
