// A scripted upstream: sends exact bytes, when the test says so. The proxy's watcher gets its
// answers beside the script. Protocol: RFC 9112, as far as tests need it.
#pragma once

#include "proxy/support_net.hpp"

#include <netinet/in.h>

#include <atomic>
#include <deque>
#include <functional>
#include <list>
#include <thread>

namespace tallyfs::test {

struct seen_request {
    std::string head;       ///< with its empty line
    std::string body;       ///< as it came over the wire, chunks and all
    bool complete = false;  ///< the body ended as its framing announced
    int connection = 0;     ///< which one it came over, counted from 1
    [[nodiscard]] std::string first_line() const { return head.substr(0, head.find("\r\n")); }
};

class scripted_upstream {
  public:
    /// Answers one request. false: the connection ends.
    using script = std::function<bool(const seen_request& request, raw_socket& client)>;

    explicit scripted_upstream(script answer) : answer_(std::move(answer)) {
        listening_ = unique_fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof at;
        if (::bind(listening_.get(), reinterpret_cast<sockaddr*>(&at), sizeof at) != 0 ||
            ::listen(listening_.get(), 128) != 0 ||
            ::getsockname(listening_.get(), reinterpret_cast<sockaddr*>(&at), &length) != 0) {
            throw std::runtime_error("cannot listen");
        }
        port_ = ntohs(at.sin_port);
        acceptor_ = std::thread([this] { accept_all(); });
    }
    ~scripted_upstream() {
        ::shutdown(listening_.get(), SHUT_RDWR);
        acceptor_.join();
        close_all();
        for (auto& c : connections_) c.thread.join();
    }
    scripted_upstream(const scripted_upstream&) = delete;
    scripted_upstream& operator=(const scripted_upstream&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    /// Connections that carried a request of a test.
    [[nodiscard]] int connections() const { return used_; }
    [[nodiscard]] int watcher_looks() const { return looks_; }
    [[nodiscard]] std::vector<seen_request> requests() const {
        const std::lock_guard lock(mutex_);
        return {requests_.begin(), requests_.end()};
    }
    std::atomic<bool> keep_requests{true};  ///< not where a test measures memory
    /// Of what is sent on connections made from now on, and not read, the kernel keeps some 100 KB
    /// instead of megabytes.
    void keep_little() {
        const int segment_bytes = 536;  // the sender's buffer is for so many of them
        const int buffer_bytes = 4096;
        ::setsockopt(listening_.get(), IPPROTO_TCP, TCP_MAXSEG, &segment_bytes,
                     sizeof segment_bytes);
        ::setsockopt(listening_.get(), SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof buffer_bytes);
    }
    /// What GET /api/ps answers the watcher.
    void set_loaded(std::string json) {
        const std::lock_guard lock(mutex_);
        loaded_ = std::move(json);
    }
    /// Ends every connection, as a restart does.
    void close_all() {
        const std::lock_guard lock(mutex_);
        for (auto& c : connections_) ::shutdown(c.socket.fd(), SHUT_RDWR);
    }

  private:
    struct connection {
        explicit connection(raw_socket accepted) : socket(std::move(accepted)) {}
        raw_socket socket;
        std::thread thread{};
        std::atomic<bool> ended{false};
    };

    void accept_all() {
        for (;;) {
            unique_fd fd(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!fd) return;
            const int on = 1;
            ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            const std::lock_guard lock(mutex_);
            forget_ended();
            auto& added = connections_.emplace_back(raw_socket(std::move(fd)));
            added.thread = std::thread([this, &added] {
                serve(added.socket);
                added.ended = true;
            });
        }
    }
    /// A test can have thousands of them.
    void forget_ended() {
        connections_.remove_if([](connection& c) {
            if (!c.ended) return false;
            c.thread.join();
            return true;
        });
    }

    void serve(raw_socket& socket) {
        int number = 0;
        try {
            for (;;) {
                auto request = read_request(socket);
                if (request.head.empty()) break;
                if (answer_watcher(request, socket)) continue;
                if (number == 0) number = ++used_;
                request.connection = number;
                if (keep_requests) {
                    const std::lock_guard lock(mutex_);
                    requests_.push_back(request);
                }
                if (!answer_(request, socket)) break;
            }
        } catch (const std::exception&) {
            // Patience is over: the test sees it at its own end of the connection.
        }
        ::shutdown(socket.fd(), SHUT_RDWR);
    }

    /// Tests ask for these two only where they say so with a field of their own.
    bool answer_watcher(const seen_request& request, raw_socket& socket) {
        const auto fields = request.head.substr(request.head.find("\r\n") + 2);
        const bool only_host = fields.find("\r\n") + 4 == fields.size();
        const bool look = request.head.starts_with("GET /api/ps ");
        if (!only_host || (!look && !request.head.starts_with("GET /api/version "))) return false;
        std::string body = R"({"version":"0.33.0"})";
        if (look) {
            const std::lock_guard lock(mutex_);
            body = loaded_;
            ++looks_;
        }
        socket.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
                    "\r\n\r\n" + body);
        return true;
    }

    static seen_request read_request(raw_socket& socket) {
        seen_request request;
        request.head = read_idle(socket);
        if (!request.head.ends_with("\r\n\r\n")) return {};
        if (const auto at = request.head.find("Content-Length: "); at != std::string::npos) {
            const auto length = std::stoul(request.head.substr(at + 16));
            constexpr std::size_t kept_max = 1 << 20;
            if (length <= kept_max) request.body = socket.read_exactly(length);
            request.complete = request.body.size() == length || length > kept_max;
        } else if (request.head.find("Transfer-Encoding: chunked") != std::string::npos) {
            request.complete = read_chunks(socket, request.body);
        } else {
            request.complete = true;
        }
        return request;
    }

    /// Chunks without extensions or trailers, as the proxy writes them. false: they do not end.
    static bool read_chunks(raw_socket& socket, std::string& body) {
        for (;;) {
            const auto line = socket.read_until("\r\n");
            body += line;
            if (!line.ends_with("\r\n")) return false;
            const auto size = std::stoul(line, nullptr, 16) + 2;
            const auto data = socket.read_exactly(size);
            body += data;
            if (data.size() < size || !data.ends_with("\r\n")) return false;
            if (size == 2) return true;
        }
    }

    /// Waits without an end for a head: connections idle in the proxy's pool.
    static std::string read_idle(raw_socket& socket) {
        pollfd p{socket.fd(), POLLIN, 0};
        ::poll(&p, 1, -1);
        return socket.read_until("\r\n\r\n");
    }

    script answer_;
    unique_fd listening_;
    std::uint16_t port_ = 0;
    std::thread acceptor_;
    mutable std::mutex mutex_;
    std::list<connection> connections_;
    std::deque<seen_request> requests_;
    std::string loaded_ = R"({"models":[]})";
    std::atomic<int> used_{0};
    std::atomic<int> looks_{0};
};

}  // namespace tallyfs::test
