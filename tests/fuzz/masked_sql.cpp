// What is shown of a statement: never what was a literal in it.
// Format: include/tallyfs/base/masked_sql.hpp.
#include "fuzz/fuzz.hpp"
#include "fuzz/targets.hpp"

#include <tallyfs/base/masked_sql.hpp>

#include <algorithm>

namespace tallyfs::fuzz {

namespace {

constexpr std::size_t plenty = 1 << 20;

bool is_word(char c) {
    const auto lower = static_cast<char>(c | 0x20);
    return (lower >= 'a' && lower <= 'z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Reads what is shown: names, parameters and signs.
void check_shown(std::string_view shown) {
    for (std::size_t i = 0; i < shown.size(); ++i) {
        const char c = shown[i];
        const auto rest = shown.substr(i);
        require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "no control characters");
        require(!rest.starts_with("--") && !rest.starts_with("/*"), "no comments");
        require(c != '\'', "no quotes");
        if (c == '"') {
            i = shown.find('"', i + 1);
            if (i == shown.npos) return;
        } else if (is_word(c)) {
            while (i + 1 < shown.size() &&
                   (is_word(shown[i + 1]) || is_digit(shown[i + 1]) || shown[i + 1] == '$')) {
                ++i;
            }
        } else if (c == '$') {
            while (i + 1 < shown.size() && is_digit(shown[i + 1])) ++i;
        } else {
            require(!is_digit(c), "no numbers");
        }
    }
}

std::string with_doubled(std::string_view text, std::string_view doubled) {
    std::string made;
    for (const char c : text) {
        if (doubled.find(c) != doubled.npos) made += c;
        made += c;
    }
    return made;
}

/// `opening`, as the text it is meant to be, and as every beginning of that.
void check_hidden(std::string_view opening, std::string_view text, std::string_view closing,
                  bool may_give_up = false) {
    const auto literal = std::string(opening) + std::string(text) + std::string(closing);
    const auto whole = masked("SELECT " + literal + " , b", plenty);
    if (!may_give_up || whole != "SELECT ? ...") {
        require_equal(whole, "SELECT ? , b", "a literal is hidden whole");
    }
    const auto step = 1 + literal.size() / 64;
    for (auto size = opening.size(); size < literal.size(); size += step) {
        const auto cut = masked("SELECT " + literal.substr(0, size), plenty);
        require(cut == "SELECT ? ..." || cut == "SELECT ?", "a part of a literal is hidden");
    }
}

}  // namespace

void masked_sql(std::string_view input) {
    const auto shown = masked(input, plenty);
    check_shown(shown);
    require_equal(masked(shown, plenty), shown, "masking again changes nothing");
    for (const std::size_t bytes_max : {std::size_t{0}, std::size_t{2}, input.size() / 2}) {
        require(masked(input, bytes_max).size() <= bytes_max, "what is shown is bounded");
    }

    const bool has_backslash = input.find('\\') != input.npos;
    for (const std::string_view prefix : {"'", "N'", "U&'", "b'", "X'"}) {
        check_hidden(prefix, with_doubled(input, "'"), "'", has_backslash);
    }
    check_hidden("E'", with_doubled(input, "'\\"), "'");
    for (const std::string_view tag : {"$$", "$t$", "$_1$"}) {
        const auto text = std::string(input) + std::string(tag);
        if (text.find(tag) == input.size()) check_hidden(tag, input, tag);
    }
    const bool nests = input.find("/*") != input.npos || input.find("*/") != input.npos ||
                       input.ends_with('/') || input.ends_with('*');
    if (!nests) {
        const auto comment = "SELECT a /*" + std::string(input) + "*/ , b";
        require_equal(masked(comment, plenty), "SELECT a , b", "a comment is out");
    }
}

}  // namespace tallyfs::fuzz
