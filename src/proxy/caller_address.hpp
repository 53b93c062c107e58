// Addresses and ranges of addresses as values.
// Formats: RFC 4291 (IPv6, and IPv4 mapped into it), RFC 4632 and RFC 5952 (ranges, text form).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::proxy {

/// IPv4 or IPv6. An IPv4 address that is mapped into IPv6 ("::ffff:10.0.0.1") is IPv4: a service
/// is the same whichever kind of socket it, or we, happened to use.
class ip_address {
  public:
    /// A scope ("%eth0") is dropped.
    [[nodiscard]] static std::optional<ip_address> parse(std::string_view text);
    [[nodiscard]] std::string to_string() const;
    [[nodiscard]] bool is_v6() const { return is_v6_; }
    /// 4 or 16 bytes in network order, at the front of the array.
    [[nodiscard]] const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
    [[nodiscard]] std::size_t size() const { return is_v6_ ? 16 : 4; }
    bool operator==(const ip_address&) const = default;

  private:
    bool is_v6_ = false;
    std::array<std::uint8_t, 16> bytes_{};
};

class ip_range {
  public:
    /// "10.0.0.0/8", "fd00::/8", or one address. Bits after the prefix are ignored.
    [[nodiscard]] static std::optional<ip_range> parse(std::string_view text);
    [[nodiscard]] bool contains(const ip_address& address) const;
    [[nodiscard]] unsigned prefix_bits() const { return prefix_bits_; }

  private:
    ip_address first_;
    unsigned prefix_bits_ = 0;
};

/// One end of a TCP connection and the other, seen from the process that is looked for.
struct socket_ends {
    ip_address source;
    std::uint16_t source_port = 0;
    ip_address destination;
    std::uint16_t destination_port = 0;
};

}  // namespace tallyfs::proxy
