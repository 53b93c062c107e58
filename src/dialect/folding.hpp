// Keys compared as Go compares them: without case, in ASCII and beyond.
// Source: foldName of Go's encoding/json (simple case folding of Unicode).
#pragma once

#include <string_view>

namespace tallyfs::dialect {

/// Whether Go takes `key` for the field `name`, which is ASCII in lower case.
[[nodiscard]] inline bool key_matches(std::string_view key, std::string_view name) noexcept {
    for (const char expected : name) {
        if (key.empty()) return false;
        char found = key.front();
        std::size_t size = 1;
        // The only letters outside ASCII that fold into it: the long s and the Kelvin sign.
        if (key.starts_with("\xC5\xBF")) {
            found = 's';
            size = 2;
        } else if (key.starts_with("\xE2\x84\xAA")) {
            found = 'k';
            size = 3;
        } else if (found >= 'A' && found <= 'Z') {
            found = static_cast<char>(found - 'A' + 'a');
        }
        if (found != expected) return false;
        key.remove_prefix(size);
    }
    return key.empty();
}

}  // namespace tallyfs::dialect
