// Texts that came from outside, made safe to show to the one who decides, and small words.
// Format: docs/approvals.md, "Asking".
#pragma once

#include <tallyfs/approval/error.hpp>

#include <string>
#include <string_view>

namespace tallyfs::approval {

/// `text` as valid UTF-8 with LF at line ends; characters that control a terminal, are invisible
/// or turn the text around them become U+FFFD, so that what is read is what was decided on.
[[nodiscard]] std::string cleaned(std::string_view text);

/// Without blanks and newlines at both ends.
[[nodiscard]] std::string_view trimmed(std::string_view text) noexcept;

/// Lowercase words and hyphens, at most word_bytes_max: fit for a directory's name.
[[nodiscard]] bool is_word(std::string_view text) noexcept;

/// "verb rest: reason" of a command: `has_reason` tells whether there was a colon.
struct spoken {
    std::string verb;  ///< lower case
    std::string word;  ///< what stands between verb and colon
    std::string reason;
    bool has_reason = false;
};
[[nodiscard]] spoken parse_spoken(std::string_view text);

/// The text cleaned and trimmed; too_large over `bytes_max`, bad_command where it is empty.
[[nodiscard]] outcome<std::string> required_text(std::string_view text, std::string_view what,
                                                 std::size_t bytes_max);

}  // namespace tallyfs::approval
