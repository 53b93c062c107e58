// Real connections and real processes for tests of who is at the other end.
// Sources: tcp(7), posix_spawn(3).
#pragma once

#include <tallyfs/base/file.hpp>
#include <tallyfs/proxy/caller.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cstring>
#include <fcntl.h>
#include <future>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

namespace tallyfs::test {

/// A socket's address in the form that the system calls take.
class socket_address {
  public:
    socket_address() = default;
    socket_address(const std::string& address, std::uint16_t port) {
        sockaddr_in v4{};
        sockaddr_in6 v6{};
        if (::inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1) {
            v4.sin_family = AF_INET;
            v4.sin_port = htons(port);
            std::memcpy(&storage_, &v4, sizeof(v4));
            bytes_ = sizeof(v4);
        } else if (::inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) == 1) {
            v6.sin6_family = AF_INET6;
            v6.sin6_port = htons(port);
            std::memcpy(&storage_, &v6, sizeof(v6));
            bytes_ = sizeof(v6);
        } else {
            throw std::runtime_error("not an address: " + address);
        }
    }
    [[nodiscard]] int family() const { return storage_.ss_family; }
    [[nodiscard]] sockaddr* data() {
        void* address = &storage_;
        return static_cast<sockaddr*>(address);
    }
    [[nodiscard]] socklen_t* size() { return &bytes_; }
    [[nodiscard]] std::uint16_t port() const {
        sockaddr_in v4{};  // the port is at the same place in both families
        std::memcpy(&v4, &storage_, sizeof(v4));
        return ntohs(v4.sin_port);
    }
    [[nodiscard]] std::string text() const {
        char out[INET6_ADDRSTRLEN] = "";
        sockaddr_in v4{};
        sockaddr_in6 v6{};
        std::memcpy(&v4, &storage_, sizeof(v4));
        std::memcpy(&v6, &storage_, sizeof(v6));
        if (family() == AF_INET)
            ::inet_ntop(AF_INET, &v4.sin_addr, out, sizeof(out));
        else
            ::inet_ntop(AF_INET6, &v6.sin6_addr, out, sizeof(out));
        return out;
    }

  private:
    sockaddr_storage storage_{};
    socklen_t bytes_ = sizeof(storage_);
};

inline void check(bool succeeded, const char* call) {
    if (!succeeded) throw std::runtime_error(std::string(call) + ": " + std::strerror(errno));
}

struct accepted_connection {
    unique_fd fd;
    proxy::connection_ends ends;
};

class listening_socket {
  public:
    explicit listening_socket(const std::string& address) {
        socket_address own(address, 0);
        fd_.reset(::socket(own.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
        check(static_cast<bool>(fd_), "socket");
        check(::bind(fd_.get(), own.data(), *own.size()) == 0, "bind");
        check(::listen(fd_.get(), 1024) == 0, "listen");
        check(::getsockname(fd_.get(), own.data(), own.size()) == 0, "getsockname");
        port_ = own.port();
    }
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] accepted_connection accept() const {
        constexpr int wait_max_ms = 10'000;
        pollfd readable{fd_.get(), POLLIN, 0};
        if (::poll(&readable, 1, wait_max_ms) != 1) throw std::runtime_error("nobody connected");
        socket_address peer;
        socket_address local;
        accepted_connection connection;
        connection.fd.reset(::accept4(fd_.get(), peer.data(), peer.size(), SOCK_CLOEXEC));
        check(static_cast<bool>(connection.fd), "accept");
        check(::getsockname(connection.fd.get(), local.data(), local.size()) == 0, "getsockname");
        connection.ends = {peer.text(), peer.port(), local.text(), local.port()};
        return connection;
    }

  private:
    unique_fd fd_;
    std::uint16_t port_ = 0;
};

inline unique_fd connect_to(const std::string& address, std::uint16_t port) {
    socket_address peer(address, port);
    unique_fd fd(::socket(peer.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    check(static_cast<bool>(fd), "socket");
    check(::connect(fd.get(), peer.data(), *peer.size()) == 0, "connect");
    return fd;
}

/// A program that reads from us; it is ended and waited for at the end of the scope.
class child_process {
  public:
    explicit child_process(std::vector<std::string> arguments) {
        int ends[2];
        check(::pipe2(ends, O_CLOEXEC) == 0, "pipe2");
        const unique_fd reading(ends[0]);
        input_.reset(ends[1]);
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_adddup2(&actions, reading.get(), STDIN_FILENO);
        std::vector<char*> words;
        for (auto& argument : arguments) words.push_back(argument.data());
        words.push_back(nullptr);
        const int error =
            ::posix_spawnp(&pid_, words.front(), &actions, nullptr, words.data(), environ);
        ::posix_spawn_file_actions_destroy(&actions);
        if (error != 0) throw std::runtime_error(arguments.front() + ": " + std::strerror(error));
    }
    child_process(const child_process&) = delete;
    child_process& operator=(const child_process&) = delete;
    ~child_process() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    [[nodiscard]] pid_t pid() const { return pid_; }
    void say(const std::string& line) const {
        if (!write_all(input_.get(), line + "\n")) throw std::runtime_error("the program is gone");
    }

  private:
    pid_t pid_ = -1;
    unique_fd input_;
};

/// Waits for the finder's answer.
inline std::optional<proxy::local_process> find(proxy::process_finder& finder,
                                                const proxy::connection_ends& ends) {
    std::promise<std::optional<proxy::local_process>> answer;
    auto future = answer.get_future();
    finder.find(ends, [&](auto found) { answer.set_value(std::move(found)); });
    if (future.wait_for(std::chrono::seconds(10)) != std::future_status::ready)
        throw std::runtime_error("the finder did not answer");
    return future.get();
}

}  // namespace tallyfs::test
