// The addresses of a host's name, by a deadline: libpq's own look-up cannot be given one.
// Source: getaddrinfo_a(3), glibc.
#pragma once

#include "postgres/connection.hpp"

#include <tallyfs/base/clock.hpp>

#include <string>
#include <vector>

namespace tallyfs::postgres {

inline constexpr std::size_t addresses_max = 4;

/// Numeric ones, at most addresses_max, as the system prefers them; `host` itself if it is one.
[[nodiscard]] outcome<std::vector<std::string>> addresses_of(const std::string& host,
                                                             steady_time deadline, int give_up);
/// Whether nothing that is sent there leaves this machine.
[[nodiscard]] bool is_loopback(const std::string& address);

/// The sslmode for that address of the endpoint's host; "" is a Unix socket.
[[nodiscard]] std::string tls_mode(const endpoint& where, const std::string& address);

}  // namespace tallyfs::postgres
