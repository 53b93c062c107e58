// How much of a call is kept besides its line.
// Meaning: docs/policies.md, "What is kept of a call".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tallyfs::policy {

enum class capture_mode : std::uint8_t {
    off,       ///< the line only
    metadata,  ///< the line, and the request without the texts of prompts
    full,      ///< request and response, redacted before they reach the disk
};

[[nodiscard]] std::string_view to_string(capture_mode value) noexcept;
/// One of the three words exactly, without blanks; nullopt for anything else.
[[nodiscard]] std::optional<capture_mode> parse_capture_mode(std::string_view text) noexcept;

}  // namespace tallyfs::policy
