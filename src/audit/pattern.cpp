#include "audit/pattern.hpp"

#include <tallyfs/base/text.hpp>

#include <algorithm>

namespace tallyfs::audit {

namespace {

constexpr std::size_t words_bytes_max = 8 * 1024;  // a statement of 6 KiB and what is beside it
constexpr std::string_view blanks = " \t\r\n";

/// Takes text apart from the front.
class scanner {
  public:
    explicit scanner(std::string_view text) : rest_(text) {}

    /// Blanks and comments. False at the end.
    bool to_word() {
        for (;;) {
            rest_.remove_prefix(std::min(rest_.find_first_not_of(blanks), rest_.size()));
            if (!rest_.starts_with('#')) return !rest_.empty();
            rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
        }
    }
    /// Up to '=', which is taken as well; "" where a blank, a quote or the end comes first.
    std::string_view key() {
        const auto end = rest_.find_first_of("=\" \t\r\n");
        if (end == std::string_view::npos || rest_[end] != '=') return {};
        const auto taken = rest_.substr(0, end);
        rest_.remove_prefix(end + 1);
        return taken;
    }
    /// False for quotes that are not where they belong.
    bool value(std::string& into) {
        if (rest_.starts_with('"')) return quoted(into);
        const auto end = std::min(rest_.find_first_of(blanks), rest_.size());
        into = rest_.substr(0, end);
        rest_.remove_prefix(end);
        return into.find('"') == std::string::npos;
    }
    [[nodiscard]] std::string_view word() const noexcept {
        return rest_.substr(0, std::min(rest_.find_first_of(blanks), rest_.size()));
    }

  private:
    bool quoted(std::string& into) {
        std::size_t at = 1;
        for (; at < rest_.size() && rest_[at] != '"'; ++at) {
            if (rest_[at] == '\\' && ++at == rest_.size()) return false;
            into += rest_[at];
        }
        if (at >= rest_.size()) return false;
        rest_.remove_prefix(at + 1);
        return rest_.empty() || blanks.find(rest_.front()) != std::string_view::npos;
    }

    std::string_view rest_;
};

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

bool is_pattern(std::string_view text) noexcept {
    return text.find('*') != std::string_view::npos;
}

bool matches(std::string_view text, std::string_view pattern) noexcept {
    std::size_t at = 0;
    std::size_t in_pattern = 0;
    std::size_t after_star = std::string_view::npos;
    std::size_t star_at = 0;
    // Goes back to the last * only.
    while (at < text.size()) {
        if (in_pattern < pattern.size() && pattern[in_pattern] == '*') {
            after_star = ++in_pattern;
            star_at = at;
        } else if (in_pattern < pattern.size() && pattern[in_pattern] == text[at]) {
            ++in_pattern;
            ++at;
        } else if (after_star != std::string_view::npos) {
            in_pattern = after_star;
            at = ++star_at;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', in_pattern) == std::string_view::npos;
}

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
    scanner read(text);
    while (read.to_word()) {
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
