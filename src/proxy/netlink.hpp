// Requests to the kernel over a netlink socket, one answer each.
// Protocol: netlink(7), and include/uapi/linux/netlink.h of the kernel.
#pragma once

#include <tallyfs/base/error.hpp>
#include <tallyfs/base/file.hpp>

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace tallyfs::proxy {

using byte_view = std::span<const std::byte>;

/// A message's fixed part followed by attributes, put together piece by piece.
class netlink_request {
  public:
    netlink_request(std::uint16_t type, std::uint16_t flags);
    template <class Value>
    void add(const Value& value) {
        static_assert(std::is_trivially_copyable_v<Value>);
        add_bytes(std::as_bytes(std::span(&value, 1)));
    }
    void add_attribute(std::uint16_t type, byte_view value);
    [[nodiscard]] std::uint16_t type() const { return type_; }
    [[nodiscard]] std::uint16_t flags() const { return flags_; }
    [[nodiscard]] byte_view payload() const { return payload_; }

  private:
    void add_bytes(byte_view bytes);
    std::uint16_t type_;
    std::uint16_t flags_;
    std::vector<std::byte> payload_;
};

/// One socket, bound for its life to the network namespace that it was opened in. One thread.
class netlink_socket {
  public:
    [[nodiscard]] static result<netlink_socket> open(int protocol);
    /// The payload of the kernel's answer, valid until the next request. Errors: the kernel's own
    /// (generic category; ENOENT for "there is none"), EAGAIN when no answer came within 50 ms.
    [[nodiscard]] result<byte_view> ask(const netlink_request& request);

  private:
    explicit netlink_socket(unique_fd fd);
    [[nodiscard]] result<byte_view> receive();
    unique_fd fd_;
    std::uint32_t sequence_ = 0;
    std::vector<std::byte> answer_;
};

/// The first bytes of `bytes` as a value; nullopt if there are too few.
template <class Value>
[[nodiscard]] std::optional<Value> read_value(byte_view bytes) {
    static_assert(std::is_trivially_copyable_v<Value>);
    Value value;
    if (bytes.size() < sizeof(value)) return std::nullopt;
    std::memcpy(&value, bytes.data(), sizeof(value));
    return value;
}

/// The value of the first attribute of a type; nullopt if there is none. Nested ones too.
[[nodiscard]] std::optional<byte_view> find_attribute(byte_view attributes, std::uint16_t type);

/// What follows a fixed part of `bytes` (padding included).
[[nodiscard]] byte_view after(byte_view message, std::size_t bytes);

}  // namespace tallyfs::proxy
