#include "proxy/caller_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace tallyfs::proxy {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned mapped_prefix_bits = 96;

}  // namespace

std::optional<ip_address> ip_address::parse(std::string_view text) {
    const std::string address(text.substr(0, text.find('%')));
    if (address.find('\0') != std::string::npos) return std::nullopt;
    ip_address parsed;
    if (::inet_pton(AF_INET, address.c_str(), parsed.bytes_.data()) == 1) return parsed;
    if (::inet_pton(AF_INET6, address.c_str(), parsed.bytes_.data()) != 1) return std::nullopt;
    if (std::equal(mapped_prefix.begin(), mapped_prefix.end(), parsed.bytes_.begin())) {
        std::copy(parsed.bytes_.begin() + mapped_prefix.size(), parsed.bytes_.end(),
                  parsed.bytes_.begin());
        std::fill(parsed.bytes_.begin() + 4, parsed.bytes_.end(), std::uint8_t{0});
    } else {
        parsed.is_v6_ = true;
    }
    return parsed;
}

std::string ip_address::to_string() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int family = is_v6_ ? AF_INET6 : AF_INET;
    return ::inet_ntop(family, bytes_.data(), text.data(), text.size());
}

std::optional<ip_range> ip_range::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    const std::string_view address = text.substr(0, slash);
    if (address.find('%') != std::string_view::npos) return std::nullopt;
    const auto first = ip_address::parse(address);
    if (!first) return std::nullopt;
    ip_range range;
    range.first_ = *first;
    range.prefix_bits_ = static_cast<unsigned>(first->size() * 8);
    if (slash == std::string_view::npos) return range;

    const std::string_view digits = text.substr(slash + 1);
    unsigned prefix_bits = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), prefix_bits);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    const bool mapped = !first->is_v6() && address.find(':') != std::string_view::npos;
    if (mapped) {
        if (prefix_bits < mapped_prefix_bits) return std::nullopt;
        prefix_bits -= mapped_prefix_bits;
    }
    if (prefix_bits > range.prefix_bits_) return std::nullopt;
    range.prefix_bits_ = prefix_bits;
    return range;
}

bool ip_range::contains(const ip_address& address) const {
    if (address.is_v6() != first_.is_v6()) return false;
    const std::size_t whole_bytes = prefix_bits_ / 8;
    const auto& a = address.bytes();
    const auto& b = first_.bytes();
    for (std::size_t i = 0; i < whole_bytes; ++i)
        if (a[i] != b[i]) return false;
    const unsigned rest_bits = prefix_bits_ % 8;
    if (rest_bits == 0) return true;
    const unsigned difference = unsigned{a[whole_bytes]} ^ unsigned { b[whole_bytes] };
    return (difference >> (8 - rest_bits)) == 0;
}

}  // namespace tallyfs::proxy
