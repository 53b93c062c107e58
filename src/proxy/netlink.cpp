#include "proxy/netlink.hpp"

#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>

namespace tallyfs::proxy {
namespace {

/// Answers about one link are the longest, with all their counters some 2 KiB; the kernel itself
/// never sends more than this at once (netlink(7)).
constexpr std::size_t answer_bytes_max = 32 * 1024;
/// The kernel answers while it handles the request, so this only guards against waiting for ever.
constexpr int answer_wait_max_ms = 50;

constexpr std::size_t aligned(std::size_t bytes) {
    return (bytes + NLMSG_ALIGNTO - 1) / NLMSG_ALIGNTO * NLMSG_ALIGNTO;
}

error_code generic_error(int number) {
    return {number, boost::system::generic_category()};
}

}  // namespace

netlink_request::netlink_request(std::uint16_t type, std::uint16_t flags)
    : type_(type), flags_(flags) {}

void netlink_request::add_bytes(byte_view bytes) {
    payload_.insert(payload_.end(), bytes.begin(), bytes.end());
    payload_.resize(aligned(payload_.size()));
}

void netlink_request::add_attribute(std::uint16_t type, byte_view value) {
    nlattr header{};
    header.nla_len = static_cast<std::uint16_t>(sizeof(header) + value.size());
    header.nla_type = type;
    add(header);
    add_bytes(value);
}

netlink_socket::netlink_socket(unique_fd fd) : fd_(std::move(fd)), answer_(answer_bytes_max) {}

result<netlink_socket> netlink_socket::open(int protocol) {
    unique_fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
    if (!fd) return last_system_error();
    timeval wait_max{};
    wait_max.tv_usec = answer_wait_max_ms * 1000;
    if (::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &wait_max, sizeof(wait_max)) != 0)
        return last_system_error();
    return netlink_socket(std::move(fd));
}

result<byte_view> netlink_socket::ask(const netlink_request& request) {
    nlmsghdr header{};
    header.nlmsg_len = static_cast<std::uint32_t>(sizeof(header) + request.payload().size());
    header.nlmsg_type = request.type();
    header.nlmsg_flags = static_cast<std::uint16_t>(request.flags() | NLM_F_REQUEST);
    header.nlmsg_seq = ++sequence_;
    std::vector<std::byte> message;
    const auto header_bytes = std::as_bytes(std::span(&header, 1));
    message.insert(message.end(), header_bytes.begin(), header_bytes.end());
    message.insert(message.end(), request.payload().begin(), request.payload().end());
    if (::send(fd_.get(), message.data(), message.size(), 0) < 0) return last_system_error();
    return receive();
}

result<byte_view> netlink_socket::receive() {
    // Something else may come first: the late answer to a request that was given up, or, since
    // any process may address this socket, a forged one, which does not come from port 0.
    constexpr int messages_max = 16;
    for (int i = 0; i < messages_max; ++i) {
        sockaddr_nl from{};
        socklen_t from_bytes = sizeof(from);
        // sockaddr_nl is passed through void* because bind(2) and its kin take any address type.
        void* from_address = &from;
        const ssize_t bytes = ::recvfrom(fd_.get(), answer_.data(), answer_.size(), MSG_TRUNC,
                                         static_cast<sockaddr*>(from_address), &from_bytes);
        if (bytes < 0) {
            if (errno == EINTR) continue;
            return last_system_error();
        }
        if (static_cast<std::size_t>(bytes) > answer_.size()) return generic_error(EMSGSIZE);
        const byte_view message = byte_view(answer_).first(static_cast<std::size_t>(bytes));
        const auto header = read_value<nlmsghdr>(message);
        if (!header || from.nl_pid != 0 || header->nlmsg_seq != sequence_) continue;
        if (header->nlmsg_len > message.size()) return generic_error(EBADMSG);
        const byte_view payload = after(message.first(header->nlmsg_len), sizeof(nlmsghdr));
        if (header->nlmsg_type != NLMSG_ERROR) return payload;
        const auto number = read_value<int>(payload);
        return generic_error(number && *number < 0 ? -*number : EBADMSG);
    }
    return generic_error(EAGAIN);
}

byte_view after(byte_view message, std::size_t bytes) {
    return message.subspan(std::min(aligned(bytes), message.size()));
}

std::optional<byte_view> find_attribute(byte_view attributes, std::uint16_t type) {
    while (const auto header = read_value<nlattr>(attributes)) {
        if (header->nla_len < sizeof(nlattr) || header->nla_len > attributes.size()) break;
        if ((header->nla_type & NLA_TYPE_MASK) == type)
            return attributes.first(header->nla_len).subspan(sizeof(nlattr));
        attributes = after(attributes, header->nla_len);
    }
    return std::nullopt;
}

}  // namespace tallyfs::proxy
