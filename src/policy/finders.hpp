// The built-in rules of redaction, each a pass over a text that is linear whatever stands in it.
// What they find: docs/policies.md, "Redaction".
#pragma once

#include <tallyfs/policy/redaction.hpp>

#include <string_view>
#include <vector>

namespace tallyfs::policy {

/// Each appends its finds in order, without overlaps among themselves. A text stands for itself:
/// its ends are ends of words.
void find_emails(std::string_view text, std::vector<found_span>& out);
void find_ibans(std::string_view text, std::vector<found_span>& out);
void find_cards(std::string_view text, std::vector<found_span>& out);
void find_keys(std::string_view text, std::vector<found_span>& out);
void find_private_keys(std::string_view text, std::vector<found_span>& out);
void find_builtin(builtin_pattern pattern, std::string_view text, std::vector<found_span>& out);

/// Whether a value under this name is a secret: api_key, client-secret, …
[[nodiscard]] bool is_secret_name(std::string_view name);
/// Shorter is a placeholder.
inline constexpr std::size_t secret_bytes_min = 8;
/// Whether a value under such a name can be one: long enough, and no plain word.
[[nodiscard]] bool can_be_secret(std::string_view value);

[[nodiscard]] inline bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}
[[nodiscard]] inline bool is_letter(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
[[nodiscard]] inline bool is_alphanumeric(char c) noexcept {
    return is_digit(c) || is_letter(c);
}

/// Bytes of the separator at `at` as people group digits with: blanks and dashes of all kinds, up
/// to three of them ("4111 - 1111"); 0 if there is none.
[[nodiscard]] std::size_t group_separator(std::string_view text, std::size_t at) noexcept;

}  // namespace tallyfs::policy
