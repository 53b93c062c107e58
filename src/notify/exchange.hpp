// One HTTP request to somebody else's server, and the status of its answer; over TLS where the
// address says so. Source: RFC 9112, through Boost.Beast; certificates: OpenSSL's default store.
#pragma once

#include "notify/stopper.hpp"

#include <tallyfs/base/clock.hpp>
#include <tallyfs/notify/target.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace tallyfs::notify {

struct reply {
    int status = 0;     ///< 0: there was none
    std::string error;  ///< why there was none, or the status in words; "" for 2xx
    std::optional<std::chrono::seconds> retry_after;
    std::string body;  ///< where it was asked for
};

/// Sends it on a connection of its own, within `timeout` from the look-up of the name to the head
/// of the answer; its body is read only where that is asked for, and no redirect followed. Blocks;
/// ended early by `stop`. `error` never holds the address, which can be a secret.
[[nodiscard]] reply exchange(const outgoing& what, std::chrono::seconds timeout, wall_time now,
                             const std::shared_ptr<stopper>& stop);

}  // namespace tallyfs::notify
