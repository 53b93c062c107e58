#include "approval/wording.hpp"

#include <tallyfs/base/text.hpp>

namespace tallyfs::approval {

namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";
constexpr std::string_view blanks = " \t\r\n\f\v";

/// Undoes one escape of append_json_string() at `at`, behind the backslash; gives its length.
std::size_t take_escape(std::string_view escaped, std::size_t at, std::string& out) {
    switch (escaped[at]) {
        case 'n':
            out += '\n';
            return 1;
        case 't':
            out += '\t';
            return 1;
        case 'r':
            // CRLF is one end of a line; a lone CR would let a terminal overwrite the line.
            if (!escaped.substr(at + 1).starts_with("\\n")) out += '\n';
            return 1;
        case 'u': {
            // Beyond 0xffff a character is two escapes and still one sign.
            const bool pair = escaped.substr(at + 1).starts_with("d") &&
                              escaped.substr(at + 5).starts_with("\\u");
            out += replacement;
            return pair ? 11 : 5;
        }
        default:
            out += escaped[at];
            return 1;
    }
}

}  // namespace

std::string cleaned(std::string_view text) {
    // append_json_string() knows every character that is not to be shown: it escapes them.
    std::string escaped;
    append_json_string(escaped, text);
    const auto inner = std::string_view(escaped).substr(1, escaped.size() - 2);
    std::string out;
    out.reserve(inner.size());
    for (std::size_t at = 0; at < inner.size();) {
        if (inner[at] != '\\') {
            out += inner[at++];
        } else {
            at += 1 + take_escape(inner, at + 1, out);
        }
    }
    return out;
}

std::string_view trimmed(std::string_view text) noexcept {
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

spoken parse_spoken(std::string_view text) {
    text = trimmed(text);
    const auto colon = text.find(':');
    const auto head = trimmed(text.substr(0, colon));
    const auto blank = head.find_first_of(blanks);
    spoken said;
    said.verb = to_lower(head.substr(0, blank));
    if (blank != std::string_view::npos) said.word = trimmed(head.substr(blank));
    said.has_reason = colon != std::string_view::npos;
    if (said.has_reason) said.reason = trimmed(text.substr(colon + 1));
    return said;
}

outcome<std::string> required_text(std::string_view text, std::string_view what,
                                   std::size_t bytes_max) {
    auto clean = std::string(trimmed(cleaned(trimmed(text.substr(0, 8 * bytes_max)))));
    if (clean.empty()) {
        return refuse(approval_errc::bad_command,
                      std::string(what) + " is empty: write it as one piece of text");
    }
    if (text.size() > 8 * bytes_max || clean.size() > bytes_max) {
        return refuse(approval_errc::too_large, std::string(what) + " is too long: at most " +
                                                    std::to_string(bytes_max) + " bytes");
    }
    return clean;
}

}  // namespace tallyfs::approval
