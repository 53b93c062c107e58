// Raw sockets for tests: exact bytes, waits with an end, gates in place of sleeps.
// Source: tcp(7), poll(2).
#pragma once

#include <tallyfs/base/file.hpp>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <poll.h>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tallyfs::test {

/// How long a test waits for what must happen before it fails.
inline constexpr std::chrono::milliseconds patience{10'000};

/// Closed until somebody opens it.
class gate {
  public:
    void open() {
        const std::lock_guard lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }
    void wait() {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, patience, [this] { return open_; })) {
            throw std::runtime_error("a gate was never opened");
        }
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = false;
};

/// Lets one pass for each time that it is opened.
class turnstile {
  public:
    void open() { passes_.release(); }
    void wait() {
        if (!passes_.try_acquire_for(patience)) throw std::runtime_error("nobody may pass");
    }

  private:
    std::counting_semaphore<> passes_{0};
};

/// One end of a TCP connection.
class raw_socket {
  public:
    explicit raw_socket(unique_fd fd) : fd_(std::move(fd)) {}

    static raw_socket connect(std::uint16_t port) {
        unique_fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
            throw std::runtime_error("connect failed");
        }
        const int on = 1;
        ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        return raw_socket(std::move(fd));
    }

    /// false: the peer has closed or reset the connection.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }
    /// Some bytes; "" at the end of the connection, also when it was reset.
    std::string read_some(std::size_t bytes_max = 64 * 1024) {
        wait_readable();
        std::string bytes(bytes_max, '\0');
        const auto got = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
        was_reset_ = got < 0 && errno == ECONNRESET;
        bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return bytes;
    }
    /// Exactly so many, fewer only at the end.
    std::string read_exactly(std::size_t count) {
        std::string bytes;
        while (bytes.size() < count) {
            const auto more = read_some(count - bytes.size());
            if (more.empty()) break;
            bytes += more;
        }
        return bytes;
    }
    /// Reads that many bytes and keeps none; how many came before the end.
    std::size_t discard(std::size_t count) {
        std::array<char, 64 * 1024> bytes{};
        std::size_t taken = 0;
        while (taken < count) {
            wait_readable();
            const auto got =
                ::recv(fd_.get(), bytes.data(), std::min(bytes.size(), count - taken), 0);
            if (got <= 0) break;
            taken += static_cast<std::size_t>(got);
        }
        return taken;
    }
    /// Up to and with `mark`; fewer only at the end.
    std::string read_until(std::string_view mark) {
        std::string bytes;
        std::array<char, 4096> ahead{};
        while (!bytes.ends_with(mark)) {
            wait_readable();
            const auto got = ::recv(fd_.get(), ahead.data(), ahead.size(), MSG_PEEK);
            if (got <= 0) break;
            const auto known = bytes.size();
            bytes.append(ahead.data(), static_cast<std::size_t>(got));
            const auto at = bytes.find(mark, known - std::min(known, mark.size()));
            if (at != std::string::npos) bytes.resize(at + mark.size());
            discard(bytes.size() - known);
        }
        return bytes;
    }
    std::string read_to_end() {
        std::string bytes;
        for (auto more = read_some(); !more.empty(); more = read_some()) bytes += more;
        return bytes;
    }
    /// A head and the body that its Content-Length announces.
    std::string read_reply() {
        auto reply = read_until("\r\n\r\n");
        const auto at = reply.find("Content-Length: ");
        if (at == std::string::npos) return reply;
        return reply + read_exactly(std::stoul(reply.substr(at + 16)));
    }
    /// Whether the last read ended with a reset.
    [[nodiscard]] bool was_reset() const { return was_reset_; }
    [[nodiscard]] bool readable_now() const {
        pollfd p{fd_.get(), POLLIN, 0};
        return ::poll(&p, 1, 0) > 0;
    }
    void shutdown_write() { ::shutdown(fd_.get(), SHUT_WR); }
    void close() { fd_.reset(); }
    /// Ends the connection with RST; the descriptor stays.
    void reset() {
        sockaddr none{};
        none.sa_family = AF_UNSPEC;
        ::connect(fd_.get(), &none, sizeof none);
    }
    [[nodiscard]] int fd() const { return fd_.get(); }

  private:
    void wait_readable() const {
        pollfd p{fd_.get(), POLLIN, 0};
        if (::poll(&p, 1, static_cast<int>(patience.count())) <= 0) {
            throw std::runtime_error("nothing arrived");
        }
    }
    unique_fd fd_;
    bool was_reset_ = false;
};

/// Waits until `condition` holds, or throws.
template <class Condition>
void eventually(const Condition& condition) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > until) {
            throw std::runtime_error("a condition never came true");
        }
        ::poll(nullptr, 0, 1);
    }
}

}  // namespace tallyfs::test
