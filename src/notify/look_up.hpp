// The addresses of a name, without waiting for longer than a deadline.
// Source: getaddrinfo(3), which can neither be given a deadline nor be cut off.
#pragma once

#include "notify/stopper.hpp"

#include <tallyfs/base/error.hpp>
#include <tallyfs/notify/target.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <memory>
#include <vector>

namespace tallyfs::notify {

using endpoints = std::vector<boost::asio::ip::tcp::endpoint>;

/// Errors: timed_out, also when it is stopped; those of getaddrinfo.
[[nodiscard]] result<endpoints> look_up(const web_address& address,
                                        std::chrono::steady_clock::time_point deadline,
                                        const std::shared_ptr<stopper>& stop);

}  // namespace tallyfs::notify
