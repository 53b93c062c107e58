#include "audit/words.hpp"

#include <tallyfs/base/text.hpp>
#include <tallyfs/base/word_scanner.hpp>

#include <algorithm>

namespace tallyfs::audit {

namespace {

constexpr std::size_t words_bytes_max = 8 * 1024;  // a statement of 6 KiB and what is beside it

/// Passes over blanks and comments. False at the end.
bool to_word(word_scanner& read) {
    for (;;) {
        read.skip_blanks();
        if (!read.rest().starts_with('#')) return !read.at_end();
        read.skip_line();
    }
}

bool is_readable(std::string_view text, std::string_view also) noexcept {
    for (std::size_t at = 0; at < text.size();) {
        const auto length = utf8_length(text, at);
        const auto byte = static_cast<unsigned char>(text[at]);
        const bool control = byte < 0x20 || byte == 0x7f;
        if (length == 0 || (control && also.find(text[at]) == std::string_view::npos)) return false;
        if (is_invisible(text.substr(at, length))) return false;
        at += length;
    }
    return true;
}

}  // namespace

parsed_words parse_words(std::string_view text, std::string_view example) {
    parsed_words made;
    if (text.size() > words_bytes_max) {
        made.problem = "it is longer than 8 KiB";
        return made;
    }
    if (!is_readable(text, "\t\r\n")) {
        made.problem = "it holds characters that cannot be seen, or is not UTF-8";
        return made;
    }
    word_scanner read(text);
    while (to_word(read)) {
        const auto word = read.word();
        key_value one{std::string(read.key()), {}};
        if (one.key.empty()) {
            made.problem = "\"" + std::string(clip_utf8(word, 60)) +
                           "\" is no key=value: write words such as " + std::string(example);
        } else if (!read.value(one.value)) {
            made.problem = one.key + "= has quotes that are not around a whole value; write " +
                           one.key + "=\"a value with blanks\", and \\ before a quote in it";
        } else if (one.value.empty()) {
            made.problem = one.key + "= is empty: give it a value, or leave it out";
        } else if (one.value.find_first_of("\t\r\n") != std::string::npos) {
            made.problem = one.key + "= holds the end of a line: a value is on one line";
        } else if (std::ranges::find(made.words, one.key, &key_value::key) != made.words.end()) {
            made.problem = one.key + "= is there twice: write it once";
        }
        if (!made.problem.empty()) return made;
        made.words.push_back(std::move(one));
    }
    return made;
}

void append_word(std::string& out, std::string_view key, std::string_view value) {
    if (!out.empty()) out += ' ';
    out.append(key).append("=");
    if (value.find_first_of(" \"\\#") == std::string_view::npos) {
        out.append(value);
        return;
    }
    out += '"';
    for (const char c : value) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    out += '"';
}

bool is_readable_line(std::string_view text) noexcept {
    return is_readable(text, "");
}

}  // namespace tallyfs::audit
