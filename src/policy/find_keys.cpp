#include "policy/finders.hpp"

#include <tallyfs/base/text.hpp>

#include <algorithm>
#include <array>

namespace tallyfs::policy {

namespace {

constexpr std::size_t long_secret_bytes = 20;     // no word is that long: it needs no digit
constexpr std::size_t looked_at_bytes_max = 64;   // where a digit must stand, if one must
constexpr std::size_t blanks_max = 8;             // between a name and its value
constexpr std::size_t pem_bytes_max = 64 * 1024;  // a private key of RSA-16384 is 13 KB

/// Keys that tell by their beginning whose they are; letters, digits, - and _ follow.
struct key_form {
    std::string_view prefix;
    std::size_t bytes_min;  ///< of what follows
    bool needs_digit;       ///< words with dashes could begin like this
};
constexpr std::array key_forms{key_form{"sk-", 16, true},       key_form{"sk_live_", 10, false},
                               key_form{"sk_test_", 10, false}, key_form{"rk_live_", 10, false},
                               key_form{"ghp_", 16, false},     key_form{"gho_", 16, false},
                               key_form{"ghu_", 16, false},     key_form{"ghs_", 16, false},
                               key_form{"ghr_", 16, false},     key_form{"github_pat_", 20, false},
                               key_form{"glpat-", 16, false},   key_form{"hf_", 20, false},
                               key_form{"AKIA", 16, false},     key_form{"ASIA", 16, false},
                               key_form{"AIza", 30, false},     key_form{"npm_", 30, false}};

/// Names under which a secret stands, without _, - and blanks.
constexpr std::array<std::string_view, 10> secret_names{
    "apikey",    "apitoken",     "accesskey", "accesstoken",  "authtoken",
    "secretkey", "clientsecret", "authkey",   "refreshtoken", "secretaccesskey"};
constexpr std::size_t secret_name_bytes_max = 20;

bool is_token(char c) {
    return is_alphanumeric(c) || c == '-' || c == '_';
}
/// RFC 6750 and what people use instead: everything but blanks, quotes, brackets, punctuation.
bool is_value(char c) {
    const auto value = static_cast<unsigned char>(c);
    return value > 0x20 && value < 0x7f &&
           std::string_view("\"'`,;()<>[]{}\\").find(c) == std::string_view::npos;
}

/// The keys of one text. Runs of token characters are measured once: each begins many words.
class key_finder {
  public:
    key_finder(std::string_view text, std::vector<found_span>& out) : text_(text), out_(out) {}

    void run() {
        for (std::size_t at = 0; at < text_.size();) {
            const bool word = is_letter(text_[at]) && (at == 0 || !is_alphanumeric(text_[at - 1]));
            const std::size_t end = word ? find_at(at) : at;
            at = std::max(end, at + 1);
        }
    }

  private:
    /// Behind the key that is found at `at`, else `at`.
    std::size_t find_at(std::size_t at) {
        const auto rest = text_.substr(at);
        // With which of all the forms and names begin: most words of a text begin otherwise.
        constexpr std::string_view begins = "sSrRgGhHaAnNxXeEbBcC";
        if (begins.find(rest.front()) == std::string_view::npos) return at;
        for (const auto& form : key_forms) {
            if (!rest.starts_with(form.prefix)) continue;
            const std::size_t value = at + form.prefix.size();
            const std::size_t end = token_end(value);
            if (end - value < form.bytes_min) continue;
            if (form.needs_digit && !has_digit(value, end)) continue;
            return add(at, end);
        }
        if (rest.starts_with("xox") && rest.size() > 4 && is_letter(rest[3]) && rest[4] == '-') {
            const std::size_t end = token_end(at + 5);
            if (end - at >= 15) return add(at, end);
        }
        if (rest.starts_with("eyJ")) {
            if (const std::size_t end = jwt_end(token_end(at)); end > 0) return add(at, end);
        }
        if (equal_ignoring_case(rest.substr(0, 6), "bearer")) return value_behind(at + 6, true, at);
        return named_secret(at);
    }

    std::size_t add(std::size_t begin, std::size_t end) {
        out_.push_back({begin, end, static_cast<std::size_t>(builtin_pattern::key)});
        return end;
    }

    std::size_t token_end(std::size_t at) {
        if (at < run_begin_ || at >= run_end_) {
            run_begin_ = run_end_ = at;
            while (run_end_ < text_.size() && is_token(text_[run_end_])) ++run_end_;
        }
        return run_end_;
    }

    /// A token whose first part ends at `first_end` (header.payload.signature, which may be
    /// empty): where it ends, 0 if it is none.
    std::size_t jwt_end(std::size_t first_end) {
        if (first_end == jwt_first_end_) return jwt_end_;
        jwt_first_end_ = first_end;
        jwt_end_ = 0;
        std::size_t at = first_end;
        for (int part = 0; part < 2; ++part) {
            if (at >= text_.size() || text_[at] != '.') return 0;
            const std::size_t begin = ++at;
            while (at < text_.size() && is_token(text_[at])) ++at;
            if (part == 0 && at == begin) return 0;
        }
        return jwt_end_ = at;
    }

    [[nodiscard]] bool has_digit(std::size_t begin, std::size_t end) const {
        const auto part = text_.substr(begin, std::min(end - begin, looked_at_bytes_max));
        return std::ranges::any_of(part, is_digit);
    }

    [[nodiscard]] std::size_t skip(std::size_t at, std::string_view characters) const {
        for (std::size_t n = 0; n < blanks_max && at < text_.size(); ++n, ++at) {
            if (characters.find(text_[at]) == std::string_view::npos) break;
        }
        return at;
    }

    /// The value that begins behind blanks at `at`; `otherwise` if there is none.
    std::size_t value_behind(std::size_t at, bool blank_needed, std::size_t otherwise) {
        const std::size_t begin = skip(at, " \t\"'\\");
        if (blank_needed && begin == at) return otherwise;
        std::size_t end = begin;
        const std::size_t decided = std::min(begin + looked_at_bytes_max, text_.size());
        while (end < decided && is_value(text_[end])) ++end;
        if (!can_be_secret(text_.substr(begin, end - begin))) return otherwise;
        while (end < text_.size() && is_value(text_[end])) ++end;
        return add(begin, end);
    }

    /// `api_key = "…"`: the value, without the name.
    std::size_t named_secret(std::size_t at) {
        std::size_t end = at;
        const std::size_t end_max = std::min(at + secret_name_bytes_max, text_.size());
        while (end < end_max && (is_token(text_[end]) || text_[end] == ' ')) ++end;
        while (end > at && !is_alphanumeric(text_[end - 1])) --end;
        if (!is_secret_name(text_.substr(at, end - at))) return at;
        const std::size_t sign = skip(end, " \t\"'\\");
        if (sign >= text_.size() || (text_[sign] != '=' && text_[sign] != ':')) return at;
        return value_behind(sign + 1, false, at);
    }

    std::string_view text_;
    std::vector<found_span>& out_;
    std::size_t run_begin_ = 0;
    std::size_t run_end_ = 0;
    std::size_t jwt_first_end_ = 0;
    std::size_t jwt_end_ = 0;
};

constexpr std::string_view pem_begin = "-----BEGIN ";
constexpr std::string_view pem_end = "-----END ";
constexpr std::string_view pem_kind = "PRIVATE KEY";
constexpr std::size_t pem_label_bytes_max = 40;  // "ENCRYPTED ", "OPENSSH ", "PGP " … " BLOCK"

/// Behind "-----BEGIN … PRIVATE KEY…-----" or the END that fits; npos if it is another thing.
std::size_t behind_label(std::string_view text, std::size_t at, std::string_view begins) {
    const auto label = text.substr(at + begins.size(), pem_label_bytes_max);
    const auto dashes = label.find("-----");
    const auto kind = label.substr(0, dashes).find(pem_kind);
    if (dashes == std::string_view::npos || kind == std::string_view::npos) {
        return std::string_view::npos;
    }
    return at + begins.size() + dashes + 5;
}

/// What can stand in a key: base64, its headers, line ends also as they are written in a string.
bool is_pem(char c) {
    return is_alphanumeric(c) ||
           std::string_view("+/= \t\r\n\\:,-").find(c) != std::string_view::npos;
}

}  // namespace

bool is_secret_name(std::string_view name) {
    std::array<char, secret_name_bytes_max> plain{};
    std::size_t size = 0;
    for (const char c : name) {
        if (c == '_' || c == '-' || c == ' ') continue;
        if (size == plain.size()) return false;
        plain[size++] = c;
    }
    const std::string_view folded(plain.data(), size);
    return std::ranges::any_of(
        secret_names, [&](std::string_view secret) { return equal_ignoring_case(folded, secret); });
}

bool can_be_secret(std::string_view value) {
    if (value.size() < secret_bytes_min) return false;
    return value.size() >= long_secret_bytes || std::ranges::any_of(value, is_digit);
}

void find_keys(std::string_view text, std::vector<found_span>& out) {
    key_finder(text, out).run();
}

void find_private_keys(std::string_view text, std::vector<found_span>& out) {
    std::size_t next_end = 0;  // of all that were looked for; npos once there is none
    for (std::size_t at = text.find(pem_begin); at < text.size(); at = text.find(pem_begin, at)) {
        std::size_t end = behind_label(text, at, pem_begin);
        if (end == std::string_view::npos) {
            at += pem_begin.size();
            continue;
        }
        if (next_end < end) next_end = text.find(pem_end, end);
        if (next_end != std::string_view::npos && next_end - end <= pem_bytes_max) {
            const auto behind = behind_label(text, next_end, pem_end);
            end = behind == std::string_view::npos ? next_end : behind;
        } else {
            // A text that was cut: as far as it can be a key.
            while (end < text.size() && is_pem(text[end])) ++end;
        }
        out.push_back({at, end, static_cast<std::size_t>(builtin_pattern::private_key)});
        at = end;
    }
}

}  // namespace tallyfs::policy
