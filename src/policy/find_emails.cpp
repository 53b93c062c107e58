#include "policy/finders.hpp"

#include <array>

namespace tallyfs::policy {

namespace {

/// As an address is written in text, in a URL and in source code.
constexpr std::array<std::string_view, 4> at_signs{"@", "%40", "\\u0040", "\xef\xbc\xa0"};

/// A Latin, Greek or Cyrillic letter (or a mark) of two bytes: addresses may have them. Letters
/// of more bytes may not here: in Chinese no blank divides an address from the words around it.
bool is_wide_letter(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    return at + 1 < text.size() && byte(at) >= 0xc3 && byte(at) <= 0xdf &&
           (byte(at + 1) & 0xc0) == 0x80;
}

/// Without what divides the fields of a URL: of such addresses the part behind it is found.
bool is_local(char c) {
    constexpr std::string_view others = "!#$%'*+-.^_~";
    return is_alphanumeric(c) || others.find(c) != std::string_view::npos;
}

/// Where the local part that ends at `end` begins, not before `floor`; `end` if there is none.
std::size_t local_begin(std::string_view text, std::size_t floor, std::size_t end) {
    std::size_t begin = end;
    while (begin > floor) {
        if (is_local(text[begin - 1])) {
            --begin;
        } else if (begin - floor >= 2 && is_wide_letter(text, begin - 2)) {
            begin -= 2;
        } else {
            break;
        }
    }
    // A quotation mark or an ellipsis in front belongs to the text.
    while (begin < end && (text[begin] == '\'' || text[begin] == '.')) ++begin;
    return begin;
}

/// Where the domain that begins at `begin` ends; `begin` if it is none.
std::size_t domain_end(std::string_view text, std::size_t begin) {
    std::size_t end = begin;
    std::size_t at = begin;
    for (int labels = 0;; ++labels) {
        const std::size_t label = at;
        std::size_t letters = 0;
        while (at < text.size()) {
            if (is_alphanumeric(text[at]) || (text[at] == '-' && at > label)) {
                letters += is_letter(text[at]) ? 1U : 0U;
                ++at;
            } else if (is_wide_letter(text, at)) {
                letters += 1;
                at += 2;
            } else {
                break;
            }
        }
        const bool dashed = at > label && text[at - 1] == '-';
        std::size_t label_end = at;
        while (label_end > label && text[label_end - 1] == '-') --label_end;
        if (label_end == label) return end;
        // A version such as pkg@1.2.3 ends in digits; a top-level domain begins with a letter.
        if (labels > 0 && letters >= 2 && !is_digit(text[label])) end = label_end;
        if (dashed || at >= text.size() || text[at] != '.') return end;
        ++at;
    }
}

std::size_t sign_length(std::string_view text, std::size_t at) {
    for (const std::string_view sign : at_signs) {
        if (text.substr(at).starts_with(sign)) return sign.size();
    }
    return 0;
}

}  // namespace

void find_emails(std::string_view text, std::vector<found_span>& out) {
    // Behind the last sign: no local part reaches over it, so no byte is looked at twice.
    std::size_t floor = 0;
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at];
        if (c != '@' && c != '%' && c != '\\' && c != '\xef') {
            ++at;
            continue;
        }
        const std::size_t sign = sign_length(text, at);
        if (sign == 0) {
            ++at;
            continue;
        }
        const std::size_t begin = local_begin(text, floor, at);
        const std::size_t end = domain_end(text, at + sign);
        floor = at + sign;
        if (begin < at && end > at + sign) {
            out.push_back({begin, end, static_cast<std::size_t>(builtin_pattern::email)});
            floor = end;
        }
        at = floor;
    }
}

}  // namespace tallyfs::policy
