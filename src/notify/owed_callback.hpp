// The outcome of a request that its program has not been told yet, kept in a file until it is.
// Format: docs/approvals.md, "For programs"; of the file: docs/formats.md, "State directory".
#pragma once

#include <tallyfs/notify/notifier.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::notify {

struct owed_callback {
    std::uint32_t request = 0;  ///< its number
    std::string callback;
    std::string key;    ///< the same in every attempt to send it
    wall_time since{};  ///< when the request ended
    std::string body;
    bool operator==(const owed_callback&) const = default;
};

/// The number of the request that this line of the actions ends; 0 for any other line.
[[nodiscard]] std::uint32_t ended_request(std::string_view line);

/// What is owed for a request that ended with this line.
[[nodiscard]] owed_callback owed_for(const approval::entry& e, std::string_view line,
                                     const knowledge& known);

[[nodiscard]] std::string to_text(const owed_callback& owed);
[[nodiscard]] std::optional<owed_callback> parse_owed_callback(std::string_view text);

}  // namespace tallyfs::notify
