#include "loop.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <stdexcept>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace tallyfs::bench {

namespace {

constexpr int backlog = 4096;

sockaddr_in to_system(const address& where) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(where.port);
    if (::inet_pton(AF_INET, where.host.c_str(), &out.sin_addr) != 1) {
        throw std::runtime_error("not an IPv4 address: " + where.host);
    }
    return out;
}

// The one cast that the socket interface needs.
template <class System>
auto* generic(System& where) {
    return reinterpret_cast<sockaddr*>(&where);
}

void send_at_once(int socket) {
    const int on = 1;
    if (::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) fail("TCP_NODELAY");
}

bool try_again() {
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

}  // namespace

std::int64_t now_ns() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

event_loop::event_loop() : descriptor_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (descriptor_ < 0) fail("epoll_create1");
}

event_loop::~event_loop() {
    ::close(descriptor_);
}

void event_loop::watch(int descriptor, watched& who) {
    epoll_event wanted{};
    wanted.events = EPOLLIN;
    wanted.data.ptr = &who;
    if (::epoll_ctl(descriptor_, EPOLL_CTL_ADD, descriptor, &wanted) != 0) fail("epoll_ctl");
}

void event_loop::watch_writing(int descriptor, watched& who, bool writing) {
    epoll_event wanted{};
    wanted.events = EPOLLIN;
    if (writing) wanted.events |= EPOLLOUT;
    wanted.data.ptr = &who;
    if (::epoll_ctl(descriptor_, EPOLL_CTL_MOD, descriptor, &wanted) != 0) fail("epoll_ctl");
}

void event_loop::turn(std::int64_t wait_ns) {
    std::array<epoll_event, 64> events;  // as many as wait are seen with one system call
    timespec wait{};
    wait.tv_sec = wait_ns / 1'000'000'000;
    wait.tv_nsec = wait_ns % 1'000'000'000;
    const int count = ::epoll_pwait2(descriptor_, events.data(), events.size(),
                                     wait_ns < 0 ? nullptr : &wait, nullptr);
    if (count < 0 && errno != EINTR) fail("epoll_pwait2");
    for (int i = 0; i < count; ++i) {
        const auto& event = events[static_cast<std::size_t>(i)];
        static_cast<watched*>(event.data.ptr)->ready(event.events);
    }
    gone_.clear();
}

peer::peer(event_loop& loop, int connected) : loop_(loop), socket_(connected) {
    send_at_once(socket_);
    loop_.watch(socket_, *this);
}

peer::~peer() {
    ::close(socket_);
}

void peer::send(std::string_view bytes) {
    if (unsent_.empty()) {
        const auto taken = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (taken < 0 && !try_again()) return;  // the end is seen when it is read
        if (taken > 0) bytes.remove_prefix(static_cast<std::size_t>(taken));
        if (bytes.empty()) return;
        loop_.watch_writing(socket_, *this, true);
    }
    unsent_ += bytes;
}

void peer::ready(std::uint32_t events) {
    if ((events & EPOLLOUT) != 0 && !unsent_.empty()) {
        const auto pending = std::exchange(unsent_, {});
        loop_.watch_writing(socket_, *this, false);
        send(pending);
    }
    if ((events & ~std::uint32_t{EPOLLOUT}) == 0) return;
    static std::array<char, 1 << 18> buffer;
    const auto got = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got > 0) return received({buffer.data(), static_cast<std::size_t>(got)});
    if (got < 0 && try_again()) return;
    ended();
}

address parse_address(const std::string& text) {
    const auto colon = text.rfind(':');
    address out;
    if (colon != std::string::npos) {
        out.host = text.substr(0, colon);
        const char* const end = text.data() + text.size();
        const auto read = std::from_chars(text.data() + colon + 1, end, out.port);
        if (read.ec == std::errc() && read.ptr == end) return out;
    }
    throw std::runtime_error("not an address: " + text);
}

int connect_to(const address& where) {
    auto system = to_system(where);
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket < 0) fail("socket");
    if (::connect(socket, generic(system), sizeof system) != 0) {
        ::close(socket);
        fail("connect");
    }
    return socket;
}

int listen_on_loopback(std::uint16_t& port) {
    auto system = to_system({"127.0.0.1", 0});
    socklen_t size = sizeof system;
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (socket < 0) fail("socket");
    if (::bind(socket, generic(system), size) != 0 || ::listen(socket, backlog) != 0 ||
        ::getsockname(socket, generic(system), &size) != 0) {
        ::close(socket);
        fail("listen");
    }
    port = ntohs(system.sin_port);
    return socket;
}

int accept_from(int listener) {
    return ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
}

}  // namespace tallyfs::bench
