#include "policy/json_walk.hpp"

#include <tallyfs/base/hex.hpp>

#include <optional>
#include <vector>

namespace tallyfs::policy {

namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// Behind the string that begins at `at`; the end of the text and false if it does not end.
std::pair<std::size_t, bool> string_end(std::string_view text, std::size_t at) {
    for (++at; at < text.size(); ++at) {
        if (text[at] == '\\') {
            ++at;
        } else if (text[at] == '"') {
            return {at + 1, true};
        }
    }
    return {text.size(), false};
}

/// Four hexadecimal digits at `at`; negative if they are none.
int hex_unit(std::string_view text, std::size_t at) {
    if (at + 4 > text.size()) return -1;
    int value = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        const int digit = hex_value(text[at + i]);
        if (digit < 0) return -1;
        value = value * 16 + digit;
    }
    return value;
}

bool escapes_hold(std::string_view string) {
    for (std::size_t at = string.find('\\'); at != std::string_view::npos;
         at = string.find('\\', at + 2)) {
        const char c = at + 1 < string.size() ? string[at + 1] : '\0';
        if (c == 'u' ? hex_unit(string, at + 2) < 0
                     : std::string_view("\"\\/bfnrt").find(c) == std::string_view::npos) {
            return false;
        }
    }
    for (const char c : string) {
        if (static_cast<unsigned char>(c) < 0x20) return false;
    }
    return true;
}

std::size_t number_end(std::string_view text, std::size_t at) {
    const auto digits = [&] {
        const std::size_t begin = at;
        while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
        return at > begin;
    };
    const std::size_t begin = at;
    if (text[at] == '-') ++at;
    const bool zero = at < text.size() && text[at] == '0';
    const std::size_t whole = at;
    if (!digits() || (zero && at - whole > 1)) return begin;
    if (at < text.size() && text[at] == '.') {
        ++at;
        if (!digits()) return begin;
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
        if (!digits()) return begin;
    }
    return at;
}

/// What may come next.
enum class expected : std::uint8_t { value, value_or_end, key, key_or_end, colon, comma_or_end };

class walker {
  public:
    walker(std::string_view text, const std::function<void(json_piece, std::string_view)>& each)
        : text_(text), each_(each) {}

    bool run() {
        while (at_ < text_.size()) {
            const std::size_t begin = at_;
            if (is_blank(text_[at_])) {
                while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
                each_(json_piece::other, text_.substr(begin, at_ - begin));
                continue;
            }
            const auto piece = step(text_[at_]);
            if (!piece) return false;
            each_(*piece, text_.substr(begin, at_ - begin));
        }
        return objects_.empty() && seen_;
    }

  private:
    /// Moves over one token if it may stand here.
    std::optional<json_piece> step(char c) {
        const bool value = expected_ == expected::value || expected_ == expected::value_or_end;
        const bool key = expected_ == expected::key || expected_ == expected::key_or_end;
        if (c == '"' && (value || key)) return string(key);
        if ((c == '{' || c == '[') && value) return open(c == '{');
        if (c == '}' || c == ']') return close(c == '}');
        if (c == ':' && expected_ == expected::colon) return move(1, expected::value);
        if (c == ',' && expected_ == expected::comma_or_end && !objects_.empty()) {
            return move(1, objects_.back() ? expected::key : expected::value);
        }
        if (!value) return std::nullopt;
        if (c == '-' || (c >= '0' && c <= '9')) {
            const std::size_t end = number_end(text_, at_);
            if (end == at_) return std::nullopt;
            at_ = end;
            value_ended();
            return json_piece::number;
        }
        for (const std::string_view word : {"true", "false", "null"}) {
            if (!text_.substr(at_).starts_with(word)) continue;
            at_ += word.size();
            value_ended();
            return json_piece::other;
        }
        return std::nullopt;
    }

    std::optional<json_piece> string(bool key) {
        const auto [end, ended] = string_end(text_, at_);
        if (!ended || !escapes_hold(text_.substr(at_ + 1, end - at_ - 2))) return std::nullopt;
        at_ = end;
        if (key) {
            expected_ = expected::colon;
            return json_piece::key;
        }
        value_ended();
        return json_piece::text;
    }

    std::optional<json_piece> open(bool object) {
        objects_.push_back(object);
        return move(1, object ? expected::key_or_end : expected::value_or_end);
    }

    std::optional<json_piece> close(bool object) {
        if (objects_.empty() || objects_.back() != object) return std::nullopt;
        const auto empty = object ? expected::key_or_end : expected::value_or_end;
        if (expected_ != expected::comma_or_end && expected_ != empty) return std::nullopt;
        objects_.pop_back();
        ++at_;
        value_ended();
        return json_piece::other;
    }

    std::optional<json_piece> move(std::size_t bytes, expected next) {
        at_ += bytes;
        expected_ = next;
        return json_piece::other;
    }

    void value_ended() {
        seen_ = true;
        // Behind a whole document another one may begin.
        expected_ = objects_.empty() ? expected::value : expected::comma_or_end;
    }

    std::string_view text_;
    const std::function<void(json_piece, std::string_view)>& each_;
    std::size_t at_ = 0;
    expected expected_ = expected::value;
    std::vector<bool> objects_;  ///< what is open: objects, and arrays
    bool seen_ = false;
};

void append_utf8(std::string& out, unsigned value) {
    const auto tail = [&](int shift) {
        out += static_cast<char>(0x80U | (value >> shift & 0x3fU));
    };
    if (value < 0x80) {
        out += static_cast<char>(value);
    } else if (value < 0x800) {
        out += static_cast<char>(0xc0U | value >> 6);
        tail(0);
    } else if (value < 0x10000) {
        out += static_cast<char>(0xe0U | value >> 12);
        tail(6);
        tail(0);
    } else {
        out += static_cast<char>(0xf0U | value >> 18);
        tail(12);
        tail(6);
        tail(0);
    }
}

/// The character of the escape \uXXXX whose digits begin at `at`; moves behind it.
unsigned read_unit(std::string_view text, std::size_t& at) {
    constexpr unsigned replacement = 0xfffd;
    const auto unit = static_cast<unsigned>(hex_unit(text, at));
    at += 4;
    if (unit < 0xd800 || unit > 0xdfff) return unit;
    if (unit > 0xdbff || text.substr(at, 2) != "\\u") return replacement;
    const int low = hex_unit(text, at + 2);
    if (low < 0xdc00 || low > 0xdfff) return replacement;
    at += 6;
    return 0x10000 + ((unit - 0xd800) << 10) + (static_cast<unsigned>(low) - 0xdc00);
}

}  // namespace

bool walk_json(std::string_view text,
               const std::function<void(json_piece, std::string_view)>& each) {
    return walker(text, each).run();
}

void walk_broken_json(std::string_view text,
                      const std::function<void(json_piece, std::string_view)>& each) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t quote = std::min(text.find('"', at), text.size());
        if (quote > at) each(json_piece::other, text.substr(at, quote - at));
        if (quote == text.size()) return;
        const std::size_t end = string_end(text, quote).first;
        each(json_piece::text, text.substr(quote, end - quote));
        at = end;
    }
}

std::string read_json_string(std::string_view quoted) {
    quoted.remove_prefix(1);
    std::string out;
    out.reserve(quoted.size());
    for (std::size_t at = 0; at < quoted.size();) {
        const char c = quoted[at++];
        if (c == '"') break;
        if (c != '\\' || at == quoted.size()) {
            out += c;
            continue;
        }
        const char escape = quoted[at++];
        constexpr std::string_view letters = "\"\\/bfnrt";
        constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
        const auto letter = letters.find(escape);
        if (letter != std::string_view::npos) {
            out += meanings[letter];
        } else if (escape == 'u' && hex_unit(quoted, at) >= 0) {
            append_utf8(out, read_unit(quoted, at));
        } else {
            out += c;
            out += escape;
        }
    }
    return out;
}

}  // namespace tallyfs::policy
