// Log entries that a log service hands over, by a command's output or by POST: in batches that
// overlap, each with an id. No I/O.
// Formats: docs/audit.md, "From a log service".
#pragma once

#include <tallyfs/base/error.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace tallyfs::trail {

/// One message of a log service: one entry of the log, or several lines of it.
struct delivered_message {
    std::string_view id;       ///< "" where the service gave none
    std::string_view message;  ///< valid during the call
};

/// Limits on what is unpacked: a few kilobytes can hold gigabytes.
inline constexpr std::size_t delivery_bytes_max = std::size_t{64} << 20;

struct delivery {
    std::uint64_t messages = 0;
    std::string request_id;  ///< of a delivery stream: its answer repeats it; "" for others
    std::string problem;     ///< "" or a sentence: what is wrong with it
};

/// Understands, by what it begins with, also gzipped:
/// - plain lines of a log: one message with all of them, without an id
/// - a JSON object or an array, or one object a line, of `message` with `id` or `eventId`
///   ({"events": […]}, {"logEvents": […]} and {"records": […]} around them as well)
/// - a delivery stream's batch: {"requestId", "timestamp", "records": [{"data": base64}]}, where
///   each data is one of the above, often gzipped
/// A JSON object without `message` that looks like an entry of jsonlog is plain lines.
/// `take` is called for each message, in order, before the problem of a later one is found: who
/// wants all or nothing collects them.
delivery for_each_message(std::string_view body,
                          const std::function<void(const delivered_message&)>& take);

}  // namespace tallyfs::trail
