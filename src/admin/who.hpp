// Who a request over HTTP is from: a token, or a company's sign-on in front of us.
// Rules: docs/approvals.md, "Over HTTP".
#pragma once

#include "admin/requests.hpp"

namespace tallyfs::admin {

/// The token of `Authorization: Bearer …`; "" if there is none.
[[nodiscard]] std::string_view bearer(const request& asked);

/// The same, or the password of `Authorization: Basic …`, which browsers ask for: for reading.
/// It decides nothing, because a browser sends it along with whatever another site makes it send.
[[nodiscard]] std::string secret_of(const request& asked);

/// Whom the company's sign-on names. Its header is believed from its own proxies only, and counts
/// for a POST only from a page of ours: another site cannot make a browser send our origin.
[[nodiscard]] std::optional<approval::identity> signed_on(const request& asked,
                                                          const decisions& office,
                                                          const std::string& peer);

/// By the token, or without one by the sign-on. A wrong token is answered late.
[[nodiscard]] asio::awaitable<std::optional<approval::identity>> who_asks(const request& asked,
                                                                          const decisions& office,
                                                                          const std::string& peer,
                                                                          std::string token);

/// A wrong token costs whoever tries this long: guessing 128 bits was hopeless before, too.
inline constexpr std::chrono::seconds wrong_token_pause{1};
[[nodiscard]] asio::awaitable<void> pause(std::chrono::milliseconds length);

}  // namespace tallyfs::admin
