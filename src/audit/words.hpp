// Lists of key=value words: what people write for the audit.
// Formats: docs/audit.md, "Noise" and "Expected work".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::audit {

struct key_value {
    std::string key;
    std::string value;
};
struct parsed_words {
    std::vector<key_value> words;
    std::string problem;  ///< "" or a sentence
};
/// Words of key=value with blanks or ends of lines between them; a value with blanks stands in
/// quotes, in which \ goes before " and \. A word that begins with # is a comment to the end of its
/// line. At most 8 KiB of UTF-8; no key twice. `example` is what a problem shows.
[[nodiscard]] parsed_words parse_words(std::string_view text, std::string_view example);
/// key=value as parse_words() reads it.
void append_word(std::string& out, std::string_view key, std::string_view value);
/// Whether all of it can be read on one line: UTF-8 without control and invisible characters.
[[nodiscard]] bool is_readable_line(std::string_view text) noexcept;

}  // namespace tallyfs::audit
