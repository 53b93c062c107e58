#include <tallyfs/base/wildcard.hpp>

namespace tallyfs {

namespace {

/// After the character that begins at `at`.
std::size_t next_character(std::string_view text, std::size_t at) noexcept {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) ++at;
    return at;
}

}  // namespace

bool matches(std::string_view text, std::string_view pattern, wildcards known) noexcept {
    const bool has_mark = known == wildcards::star_and_mark;
    std::size_t at = 0;
    std::size_t in_pattern = 0;
    std::size_t after_star = std::string_view::npos;
    std::size_t star_at = 0;
    // Goes back to the last * only.
    while (at < text.size()) {
        if (in_pattern < pattern.size() && pattern[in_pattern] == '*') {
            after_star = ++in_pattern;
            star_at = at;
        } else if (has_mark && in_pattern < pattern.size() && pattern[in_pattern] == '?') {
            ++in_pattern;
            at = next_character(text, at);
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

bool is_pattern(std::string_view text) noexcept {
    return text.find('*') != std::string_view::npos;
}

}  // namespace tallyfs
