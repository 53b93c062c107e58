#include "audit/prefix_fields.hpp"

#include "audit/log_time.hpp"

#include <tallyfs/base/hex.hpp>

#include <algorithm>
#include <array>

namespace tallyfs::audit {

namespace {

constexpr std::array<std::string_view, 14> severities{
    "LOG",  "ERROR",   "STATEMENT", "DETAIL", "FATAL", "WARNING",  "NOTICE",
    "HINT", "CONTEXT", "PANIC",     "INFO",   "QUERY", "LOCATION", "BACKTRACE"};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_session_character(char c) {
    return hex_value(c) >= 0 || c == '.';
}
bool is_transaction_character(char c) {
    return is_digit(c) || c == '/' || c == '-';
}
bool is_state_character(char c) {
    return is_digit(c) || (c >= 'A' && c <= 'Z');
}

template <class Predicate>
std::size_t bytes_of(std::string_view text, Predicate belongs) {
    const auto* const end = std::find_if_not(text.begin(), text.end(), belongs);
    return static_cast<std::size_t>(end - text.begin());
}

}  // namespace

std::size_t fixed_field_bytes(char escape, std::string_view text) noexcept {
    const auto at_least = [](std::size_t least, std::size_t bytes) {
        return bytes >= least ? bytes : std::string_view::npos;
    };
    switch (escape) {
        case 'm':
        case 't':
        case 's':
            return at_least(1, log_time_bytes(text));
        case 'n':
            return at_least(1, bytes_of(text, [](char c) { return is_digit(c) || c == '.'; }));
        case 'p':
        case 'l':
        case 'x':
            return at_least(1, bytes_of(text, is_digit));
        case 'P':
            return bytes_of(text, is_digit);
        case 'Q':
            return at_least(1, bytes_of(text, [](char c) { return is_digit(c) || c == '-'; }));
        case 'c':
            return at_least(3, bytes_of(text, is_session_character));
        case 'v':
            return bytes_of(text, is_transaction_character);
        case 'e':
            return bytes_of(text.substr(0, 5), is_state_character) == 5 ? 5 : text.npos;
        default:
            return text.npos;
    }
}

void set_field(prefix_fields& into, char escape, std::string_view text) noexcept {
    switch (escape) {
        case 'm':
        case 't':
            into.time = text;
            break;
        case 'n':
            into.epoch = text;
            break;
        case 'u':
            into.user = text;
            break;
        case 'd':
            into.database = text;
            break;
        case 'a':
            into.application = text;
            break;
        case 'p':
            into.pid = text;
            break;
        case 'h':
        case 'r':
            into.remote = text;
            break;
        case 'c':
            into.session = text;
            break;
        case 'l':
            into.line = text;
            break;
        case 'e':
            into.sqlstate = text;
            break;
        case 'b':
            into.backend_type = text;
            break;
        default:
            break;
    }
}

bool is_severity(std::string_view word) noexcept {
    return std::ranges::find(severities, word) != severities.end() ||
           (word.starts_with("DEBUG") && word.size() <= 6);
}

bool is_foreign_severity(std::string_view word) noexcept {
    constexpr std::size_t severity_bytes_max = 40;
    const auto is_part = [](char c) {
        return (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80 || c == ' ';
    };
    return word.size() >= 2 && word.size() <= severity_bytes_max && word[0] != ' ' &&
           std::ranges::all_of(word, is_part);
}

}  // namespace tallyfs::audit
