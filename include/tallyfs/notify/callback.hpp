// Which addresses a request for approval may name as its callback. Pure.
// Rules: docs/approvals.md, "For programs".
#pragma once

#include <tallyfs/notify/target.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::notify {

/// Of [callbacks] allowed.
inline constexpr std::size_t callback_addresses_max = 32;

/// Why this cannot be what allowed callbacks begin with, or "".
[[nodiscard]] std::string allowed_problem(std::string_view text);

/// Whether the address begins with one of `allowed`: the same scheme, host and port, and a path
/// that is the same or below it. Never true where two servers could read the path differently.
[[nodiscard]] bool is_allowed(const web_address& address, const std::vector<web_address>& allowed);

/// Why a request with this callback is refused, or "".
[[nodiscard]] std::string callback_problem(std::string_view callback,
                                           const std::vector<web_address>& allowed);

}  // namespace tallyfs::notify
