// Text that came from outside, made safe to store and to show.
// Formats: RFC 8259 (JSON strings), RFC 3629 (UTF-8), RFC 3986 (percent-encoding), RFC 4180 (CSV).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tallyfs {

/// Appends `text` as a JSON string with its quotes: control characters escaped, and those that are
/// invisible, end lines or turn the text around them; bytes that are not UTF-8 replaced by U+FFFD,
/// everything else unchanged.
void append_json_string(std::string& out, std::string_view text);
/// How many bytes at the front of `text` stand for themselves in a JSON string: ASCII without
/// control characters, quotation marks and backslashes.
[[nodiscard]] std::size_t plain_json_bytes(std::string_view text) noexcept;
/// At most `bytes_max` bytes of `text`, never cut inside a UTF-8 character.
[[nodiscard]] std::string_view clip_utf8(std::string_view text, std::size_t bytes_max);
/// Bytes of the valid UTF-8 character at `at`; 0 if there is none.
[[nodiscard]] std::size_t utf8_length(std::string_view text, std::size_t at) noexcept;
/// Whether a character shows as nothing, or changes how the text around it is shown: C1 controls,
/// soft hyphen, marks and overrides of direction, separators of lines, zero width, tags.
[[nodiscard]] bool is_invisible(std::string_view character) noexcept;
/// Whether all of it is valid UTF-8.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;
/// One field of a CSV line: quoted where it holds a comma, a quote, CR or LF. An apostrophe goes
/// before what a spreadsheet would calculate: text that begins with = + - @ tab or CR.
void append_csv_field(std::string& out, std::string_view text);
/// A name for one directory entry: `/`, `%`, a leading dot, invalid UTF-8, and characters that
/// control, are invisible or turn the text around them, percent-encoded; an empty name becomes "%";
/// over 255 bytes it is cut and ends in a hash.
[[nodiscard]] std::string encode_name(std::string_view name);
/// "a%20b" as "a b"; a % without two hexadecimal digits behind it stands for itself.
[[nodiscard]] std::string decode_percent(std::string_view text);
/// ASCII lower case.
[[nodiscard]] std::string to_lower(std::string_view text);
/// ASCII comparison without case.
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;

}  // namespace tallyfs
