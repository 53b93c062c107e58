// What must not be in a redacted text, looked for at every place in the plainest way: shares no
// code with what is tested. Rules: ISO 13616 (IBAN), ISO/IEC 7812 (cards); docs/policies.md.
#pragma once

#include <cctype>
#include <string>
#include <string_view>

namespace tallyfs::policy::testing {

inline bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0;
}

/// Characters from `at` without single blanks and dashes, until one of another kind; `ends` has
/// where each of them stood.
inline std::string compact(std::string_view text, std::size_t at, std::size_t size_max) {
    std::string out;
    for (; at < text.size() && out.size() < size_max; ++at) {
        if (is_word(text[at])) {
            out += text[at];
        } else if ((text[at] != ' ' && text[at] != '-') || at + 1 >= text.size() ||
                   !is_word(text[at + 1])) {
            break;
        }
    }
    return out;
}

inline bool iban_at(std::string_view text, std::size_t at) {
    if (at > 0 && is_word(text[at - 1])) return false;
    for (const auto& [code, size] : {std::pair{"DE", 22U}, {"GB", 22U}, {"NL", 18U}}) {
        if (text.substr(at, 2) != code) continue;
        if (at + 4 > text.size() || std::isdigit(text[at + 2]) == 0 ||
            std::isdigit(text[at + 3]) == 0)
            continue;
        const auto iban = compact(text, at, size);
        if (iban.size() != size) continue;
        std::string digits;
        for (const char c : iban.substr(4) + iban.substr(0, 4)) {
            digits += std::isdigit(c) != 0 ? std::string(1, c)
                                           : std::to_string(std::toupper(c) - 'A' + 10);
        }
        int rest = 0;
        for (const char c : digits) rest = (rest * 10 + (c - '0')) % 97;
        if (rest == 1) return true;
    }
    return false;
}

inline bool luhn(const std::string& digits) {
    int sum = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        int digit = digits[digits.size() - 1 - i] - '0';
        if (i % 2 == 1) digit *= 2;
        sum += digit / 10 + digit % 10;
    }
    return sum % 10 == 0;
}

/// A card of Visa, Mastercard (5), American Express or Discover, in groups of three and more.
inline bool card_at(std::string_view text, std::size_t at) {
    if (std::string_view("3456").find(text[at]) == std::string_view::npos) return false;
    if (at > 0 && (std::isdigit(text[at - 1]) != 0 || text[at - 1] == '.')) return false;
    std::string digits;
    std::size_t group = 0;
    for (; at < text.size(); ++at) {
        if (std::isdigit(text[at]) != 0) {
            digits += text[at];
            ++group;
        }
        const bool ends = at + 1 >= text.size() || std::isdigit(text[at + 1]) == 0;
        if (std::isdigit(text[at]) != 0 && ends) {
            if (group < 3 || digits.size() > 19) return false;
            if (digits.size() >= 13 && luhn(digits)) return true;
            group = 0;
            if (at + 2 >= text.size() || (text[at + 1] != ' ' && text[at + 1] != '-')) return false;
            if (std::isdigit(text[at + 2]) == 0) return false;
        }
    }
    return false;
}

inline bool email_at(std::string_view text, std::size_t at) {
    if (text[at] != '@' || at == 0 || !is_word(text[at - 1])) return false;
    std::size_t end = at + 1;
    while (end < text.size() && is_word(text[end])) ++end;
    if (end == at + 1 || end + 2 >= text.size() || text[end] != '.') return false;
    return std::isalpha(text[end + 1]) != 0 && std::isalpha(text[end + 2]) != 0;
}

/// "email", "iban", "card", or "" if none of them is in the text.
inline std::string left_behind(std::string_view text) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (email_at(text, at)) return "email";
        if (iban_at(text, at)) return "iban";
        if (card_at(text, at)) return "card";
    }
    return "";
}

}  // namespace tallyfs::policy::testing
