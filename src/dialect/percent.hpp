// Percent-encoding and request targets, as Go's net/url reads them.
// Format: RFC 3986, section 2.1; RFC 9112, section 3.2.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::dialect {

/// nullopt where a '%' is not followed by two hex digits: Go answers such a request with 400.
[[nodiscard]] std::optional<std::string> decode_percent(std::string_view text);
/// The target without "scheme://authority" of the absolute form; at least "/".
[[nodiscard]] std::string_view origin_form(std::string_view target);
/// The path of a target: without authority and query.
[[nodiscard]] std::string_view path_of_target(std::string_view target);

}  // namespace tallyfs::dialect
