#include "raw_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <poll.h>
#include <stdexcept>
#include <unistd.h>

namespace tallyfs::test {
namespace {

constexpr int patience_ms = 10'000;

std::string header(std::string_view head, std::string_view name) {
    const auto at = head.find("\r\n" + std::string(name) + ": ");
    if (at == std::string_view::npos) return {};
    const auto begin = at + name.size() + 4;
    return std::string(head.substr(begin, head.find("\r\n", begin) - begin));
}

}  // namespace

raw_client::raw_client(std::uint16_t port) : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int one = 1;
    ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        throw std::runtime_error("cannot connect");
    }
}

raw_client::~raw_client() {
    close();
}

void raw_client::close() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
}

void raw_client::half_close() {
    ::shutdown(descriptor_, SHUT_WR);
}

void raw_client::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) throw std::runtime_error("cannot send");
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

void raw_client::post(std::string_view path, std::string_view body, std::string_view headers) {
    std::string out = "POST " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n";
    out += headers;
    out += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    out += body;
    send(out);
}

void raw_client::get(std::string_view path, std::string_view headers) {
    send("GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) +
         "\r\n");
}

bool raw_client::fill() {
    pollfd waited{descriptor_, POLLIN, 0};
    if (::poll(&waited, 1, patience_ms) <= 0) return false;
    std::array<char, 16384> bytes{};
    const auto got = ::recv(descriptor_, bytes.data(), bytes.size(), 0);
    if (got <= 0) return false;
    buffer_.append(bytes.data(), static_cast<std::size_t>(got));
    return true;
}

bool raw_client::silent_for(std::chrono::milliseconds silence) {
    if (!buffer_.empty()) return false;
    pollfd waited{descriptor_, POLLIN, 0};
    return ::poll(&waited, 1, static_cast<int>(silence.count())) == 0;
}

bool raw_client::at_end() {
    return buffer_.empty() && !fill();
}

std::string raw_client::take_line() {
    auto end = buffer_.find("\r\n");
    while (end == std::string::npos) {
        if (!fill()) return std::exchange(buffer_, {});
        end = buffer_.find("\r\n");
    }
    std::string line = buffer_.substr(0, end);
    buffer_.erase(0, end + 2);
    return line;
}

std::string raw_client::take(std::size_t bytes) {
    while (buffer_.size() < bytes && fill()) {
    }
    std::string out = buffer_.substr(0, bytes);
    buffer_.erase(0, out.size());
    return out;
}

std::string raw_client::read_head() {
    std::string head;
    for (auto line = take_line(); !line.empty(); line = take_line()) head += line + "\r\n";
    return head;
}

std::string raw_client::read_chunk() {
    const auto size = std::stoul("0" + take_line(), nullptr, 16);
    if (size == 0) return {};
    auto chunk = take(size);
    take(2);
    return chunk;
}

raw_reply raw_client::read_reply(bool head_only) {
    raw_reply reply;
    reply.head = read_head();
    if (reply.head.size() < 12) return reply;
    reply.status = std::stoi(reply.head.substr(9, 3));
    const auto length = header(reply.head, "Content-Length");
    reply.chunked = header(reply.head, "Transfer-Encoding") == "chunked";
    if (head_only || reply.status == 204) {
        reply.complete = true;
    } else if (reply.chunked) {
        for (;;) {
            const auto line = take_line();
            if (line.empty()) break;
            const auto size = std::stoul(line, nullptr, 16);
            if (size == 0) {
                reply.trailers = read_head();
                reply.complete = true;
                break;
            }
            reply.chunks.push_back(take(size));
            reply.body += reply.chunks.back();
            if (reply.chunks.back().size() < size) break;
            take(2);
        }
    } else if (!length.empty()) {
        reply.body = take(std::stoul(length));
        reply.complete = reply.body.size() == std::stoul(length);
    } else {
        while (fill()) {
        }
        reply.body = std::exchange(buffer_, {});
        reply.complete = true;
    }
    return reply;
}

}  // namespace tallyfs::test
