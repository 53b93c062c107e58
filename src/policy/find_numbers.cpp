#include "policy/finders.hpp"

#include <algorithm>
#include <array>

namespace tallyfs::policy {

namespace {

constexpr std::size_t card_digits_min = 13;  // ISO/IEC 7812: what is issued has 13 to 19
constexpr std::size_t card_digits_max = 19;
constexpr std::size_t group_digits_min = 3;  // 4-4-4-4-3 is the smallest group on a card
constexpr std::size_t iban_bytes_max = 34;
constexpr std::size_t iban_digits_min = 6;  // two check digits and four of an account: no prose

struct country {
    std::string_view code;
    std::size_t bytes;
};
/// The lengths of the IBAN registry of SWIFT, and of countries that use the form without it.
constexpr std::array countries{
    country{"AD", 24}, country{"AE", 23}, country{"AL", 28}, country{"AO", 25}, country{"AT", 20},
    country{"AZ", 28}, country{"BA", 20}, country{"BE", 16}, country{"BF", 28}, country{"BG", 22},
    country{"BH", 22}, country{"BI", 27}, country{"BJ", 28}, country{"BR", 29}, country{"BY", 28},
    country{"CF", 27}, country{"CG", 27}, country{"CH", 21}, country{"CI", 28}, country{"CM", 27},
    country{"CR", 22}, country{"CV", 25}, country{"CY", 28}, country{"CZ", 24}, country{"DE", 22},
    country{"DJ", 27}, country{"DK", 18}, country{"DO", 28}, country{"DZ", 26}, country{"EE", 20},
    country{"EG", 29}, country{"ES", 24}, country{"FI", 18}, country{"FK", 18}, country{"FO", 18},
    country{"FR", 27}, country{"GA", 27}, country{"GB", 22}, country{"GE", 22}, country{"GI", 23},
    country{"GL", 18}, country{"GQ", 27}, country{"GR", 27}, country{"GT", 28}, country{"GW", 25},
    country{"HN", 28}, country{"HR", 21}, country{"HU", 28}, country{"IE", 22}, country{"IL", 23},
    country{"IQ", 23}, country{"IR", 26}, country{"IS", 26}, country{"IT", 27}, country{"JO", 30},
    country{"KM", 27}, country{"KW", 30}, country{"KZ", 20}, country{"LB", 28}, country{"LC", 32},
    country{"LI", 21}, country{"LT", 20}, country{"LU", 20}, country{"LV", 21}, country{"LY", 25},
    country{"MA", 28}, country{"MC", 27}, country{"MD", 24}, country{"ME", 22}, country{"MG", 27},
    country{"MK", 19}, country{"ML", 28}, country{"MN", 20}, country{"MR", 27}, country{"MT", 31},
    country{"MU", 30}, country{"MZ", 25}, country{"NE", 28}, country{"NI", 28}, country{"NL", 18},
    country{"NO", 15}, country{"OM", 23}, country{"PK", 24}, country{"PL", 28}, country{"PS", 29},
    country{"PT", 25}, country{"QA", 29}, country{"RO", 24}, country{"RS", 22}, country{"RU", 33},
    country{"SA", 24}, country{"SC", 31}, country{"SD", 18}, country{"SE", 24}, country{"SI", 19},
    country{"SK", 24}, country{"SM", 27}, country{"SN", 28}, country{"SO", 23}, country{"ST", 25},
    country{"SV", 28}, country{"TD", 27}, country{"TG", 28}, country{"TL", 23}, country{"TN", 24},
    country{"TR", 26}, country{"UA", 29}, country{"VA", 22}, country{"VG", 24}, country{"XK", 20},
    country{"YE", 30}};
static_assert(std::ranges::is_sorted(countries, {}, &country::code));

char upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

std::size_t iban_bytes(char first, char second) {
    const std::array<char, 2> code{upper(first), upper(second)};
    const std::string_view wanted(code.data(), code.size());
    const auto* const found = std::ranges::lower_bound(countries, wanted, {}, &country::code);
    return found != countries.end() && found->code == wanted ? found->bytes : 0;
}

/// ISO 13616: the first four characters behind the rest, letters as 10 to 35; 1 modulo 97.
bool check_digits_hold(std::string_view iban) {
    unsigned remainder = 0;
    for (std::size_t i = 0; i < iban.size(); ++i) {
        const char c = iban[(i + 4) % iban.size()];
        remainder = is_digit(c) ? remainder * 10 + static_cast<unsigned>(c - '0')
                                : remainder * 100 + static_cast<unsigned>(upper(c) - 'A') + 10;
        remainder %= 97;
    }
    return remainder == 1;
}

/// A word begins here; "IBAN" may stand before the number without a blank.
bool iban_may_begin(std::string_view text, std::size_t at) {
    if (at == 0 || !is_alphanumeric(text[at - 1])) return true;
    if (at < 4) return false;
    const auto before = text.substr(at - 4, 4);
    return std::ranges::equal(before, std::string_view("IBAN"), {}, upper);
}

/// Where the IBAN at `at` ends; `at` if there is none.
std::size_t iban_end(std::string_view text, std::size_t at) {
    const std::size_t bytes = iban_bytes(text[at], text[at + 1]);
    if (bytes == 0) return at;
    std::array<char, iban_bytes_max> number{};
    std::size_t size = 0;
    std::size_t digits = 0;
    std::size_t end = at;
    while (size < bytes) {
        if (end < text.size() && is_alphanumeric(text[end])) {
            digits += is_digit(text[end]) ? 1U : 0U;
            number[size++] = text[end++];
            continue;
        }
        const auto separator = group_separator(text, end);
        if (separator == 0) return at;
        end += separator;
    }
    const bool holds = digits >= iban_digits_min && check_digits_hold({number.data(), size});
    return holds ? end : at;
}

struct digit_group {
    std::size_t begin = 0;
    std::size_t end = 0;
    [[nodiscard]] std::size_t digits() const noexcept { return end - begin; }
};

/// Groups of digits with nothing but separators between them.
class digit_run {
  public:
    explicit digit_run(std::vector<found_span>& out) : out_(out) {}

    /// Reads the run at `at`, where a digit is, finds the cards in it and says where it ends.
    std::size_t read(std::string_view text, std::size_t at) {
        groups_.clear();
        std::size_t total = 0;
        for (;;) {
            const std::size_t begin = at;
            while (at < text.size() && is_digit(text[at])) ++at;
            // Behind a decimal point: every tenth number of an embedding would be a card.
            const bool fraction = begin >= 2 && text[begin - 1] == '.' && is_digit(text[begin - 2]);
            if (!fraction) {
                groups_.push_back({begin, at});
                total += at - begin;
            }
            if (groups_.size() == groups_max) find_windows(text, groups_max - groups_of_card_max);
            const auto next = at + group_separator(text, at);
            if (next == at || next >= text.size() || !is_digit(text[next])) break;
            at = next;
        }
        // Digits one by one are a card only if the run is nothing else: a table of numbers is not.
        if (is_card(text, 0, groups_.size(), total)) {
            add(groups_.front().begin, groups_.back().end);
        } else {
            find_windows(text, groups_.size());
        }
        return at;
    }

  private:
    static constexpr std::size_t groups_max = 1024;  // kept at once, however long the run is
    static constexpr std::size_t groups_of_card_max = card_digits_max / group_digits_min + 1;

    void add(std::size_t begin, std::size_t end) {
        out_.push_back({begin, end, static_cast<std::size_t>(builtin_pattern::card)});
    }

    /// The cards that begin in the first `behind` groups; forgets the groups.
    void find_windows(std::string_view text, std::size_t behind) {
        std::size_t first = 0;
        while (first < behind) {
            const std::size_t card_behind = longest_card(text, first);
            if (card_behind > first) add(groups_[first].begin, groups_[card_behind - 1].end);
            first = std::max(card_behind, first + 1);
        }
        groups_.erase(groups_.begin(), groups_.begin() + static_cast<std::ptrdiff_t>(first));
    }

    /// Behind the last group of the card that begins with `first`; `first` if none does.
    [[nodiscard]] std::size_t longest_card(std::string_view text, std::size_t first) const {
        std::size_t digits = 0;
        std::size_t behind = first;
        for (std::size_t last = first; last < groups_.size(); ++last) {
            digits += groups_[last].digits();
            if (groups_[last].digits() < group_digits_min || digits > card_digits_max) break;
            if (is_card(text, first, last + 1, digits)) behind = last + 1;
        }
        return behind;
    }

    [[nodiscard]] bool is_card(std::string_view text, std::size_t first, std::size_t behind,
                               std::size_t digits) const {
        if (digits < card_digits_min || digits > card_digits_max) return false;
        std::array<int, card_digits_max> number{};
        std::size_t size = 0;
        for (std::size_t group = first; group < behind; ++group) {
            for (std::size_t at = groups_[group].begin; at < groups_[group].end; ++at) {
                number[size++] = text[at] - '0';
            }
        }
        int sum = 0;
        for (std::size_t i = 0; i < size; ++i) {
            const int digit = number[size - 1 - i];
            sum += i % 2 == 0 ? digit : digit > 4 ? 2 * digit - 9 : 2 * digit;
        }
        return sum % 10 == 0 && is_issued(number);
    }

    /// Issuers of payment cards: 3 to 6, the ranges of Mir and Mastercard in 2, Troy. Times in
    /// milliseconds begin with 1, dates with 20.
    static bool is_issued(const std::array<int, card_digits_max>& number) {
        const int begins = number[0] * 1000 + number[1] * 100 + number[2] * 10 + number[3];
        return (begins >= 3000 && begins < 7000) || (begins >= 2200 && begins <= 2205) ||
               (begins >= 2221 && begins <= 2720) || begins == 9792;
    }

    std::vector<found_span>& out_;
    std::vector<digit_group> groups_;
};

}  // namespace

std::size_t group_separator(std::string_view text, std::size_t at) noexcept {
    constexpr std::array<std::string_view, 12> separators{" ",
                                                          "-",
                                                          "\xc2\xa0",
                                                          "\xe2\x80\x87",
                                                          "\xe2\x80\x89",
                                                          "\xe2\x80\x8b",
                                                          "\xe2\x80\xaf",
                                                          "\xe2\x80\x90",
                                                          "\xe2\x80\x91",
                                                          "\xe2\x80\x92",
                                                          "\xe2\x80\x93",
                                                          "\xe2\x80\x94"};
    std::size_t end = at;
    for (int count = 0; count < 3 && end < text.size(); ++count) {
        if (is_alphanumeric(text[end])) break;
        const auto* const found = std::ranges::find_if(
            separators, [&](std::string_view s) { return text.substr(end, s.size()) == s; });
        if (found == separators.end()) break;
        end += found->size();
    }
    return end - at;
}

void find_ibans(std::string_view text, std::vector<found_span>& out) {
    for (std::size_t at = 0; at + 4 < text.size();) {
        const bool begins = is_letter(text[at]) && is_letter(text[at + 1]) &&
                            is_digit(text[at + 2]) && is_digit(text[at + 3]);
        const std::size_t end = begins && iban_may_begin(text, at) ? iban_end(text, at) : at;
        if (end > at) out.push_back({at, end, static_cast<std::size_t>(builtin_pattern::iban)});
        at = std::max(end, at + 1);
    }
}

void find_cards(std::string_view text, std::vector<found_span>& out) {
    digit_run run(out);
    for (std::size_t at = 0; at < text.size();) {
        at = is_digit(text[at]) ? run.read(text, at) : at + 1;
    }
}

}  // namespace tallyfs::policy
