#include <tallyfs/base/masked_sql.hpp>
#include <tallyfs/base/text.hpp>

#include <algorithm>
#include <vector>

namespace tallyfs {

namespace {

bool is_blank(char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f;
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool begins_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}
bool continues_word(char c) {
    return begins_word(c) || is_digit(c) || c == '$';
}

/// Longer tags of dollar quotes nobody writes; the search for their end is bounded by it.
constexpr std::size_t tag_bytes_max = 63;
/// $65535 is the last parameter that the protocol can carry.
constexpr std::size_t parameter_digits_max = 5;

class masker {
  public:
    masker(std::string_view sql, std::size_t bytes_max) : sql_(sql), bytes_max_(bytes_max) {}

    std::string run() {
        while (at_ < sql_.size() && out_.size() <= bytes_max_) step();
        if (out_.size() > bytes_max_) {
            constexpr std::string_view cut = "...";
            const auto kept = bytes_max_ - std::min(bytes_max_, cut.size());
            out_.resize(clip_utf8(out_, kept).size());
            out_ += cut.substr(0, bytes_max_);
        }
        return std::move(out_);
    }

  private:
    void step() {
        const char c = sql_[at_];
        if (is_blank(c)) {
            ++at_;
            blank_ = true;
        } else if (c == '-' && peek(1) == '-') {
            line_comment();
        } else if (c == '/' && peek(1) == '*') {
            block_comment();
        } else if (c == '\'') {
            string(false);
        } else if (c == '"') {
            quoted_identifier();
        } else if (c == '$') {
            dollar();
        } else if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
            number();
        } else if (begins_word(c)) {
            word();
        } else {
            symbol(c);
        }
    }

    [[nodiscard]] char peek(std::size_t ahead) const {
        return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0';
    }

    void emit(std::string_view text) {
        if (blank_ && !out_.empty()) out_ += ' ';
        blank_ = false;
        out_ += text;
        before_.clear();
    }

    /// Shows nothing of what is left.
    void give_up() {
        emit("? ...");
        at_ = sql_.size();
    }

    void literal() {
        if (!lists_.empty() && lists_.back() && fold_into_one()) return;
        emit("?");
    }

    /// In a list: takes ", " or ", -" off again if a literal stands before it.
    bool fold_into_one() {
        std::string_view rest = out_;
        const auto take = [&](std::string_view any_of) {
            if (rest.empty() || any_of.find(rest.back()) == any_of.npos) return false;
            rest.remove_suffix(1);
            return true;
        };
        take(" ");
        if (take("+-")) take(" ");
        if (!take(",")) return false;
        take(" ");
        if (!rest.ends_with('?')) return false;
        out_.resize(rest.size());
        blank_ = false;
        return true;
    }

    void line_comment() {
        at_ = std::min(sql_.find_first_of("\r\n", at_), sql_.size());
        blank_ = true;
    }

    void block_comment() {
        std::size_t depth = 1;
        for (at_ += 2; at_ < sql_.size() && depth > 0;) {
            const bool opens = sql_[at_] == '/' && peek(1) == '*';
            const bool closes = sql_[at_] == '*' && peek(1) == '/';
            if (opens) ++depth;
            if (closes) --depth;
            at_ += opens || closes ? 2 : 1;
        }
        blank_ = true;
    }

    /// At its first quote. A plain one in which a backslash stands before a quote ends there or
    /// not, as the session has set it: then all of the rest may be the literal.
    void string(bool with_escapes) {
        bool escaped = false;
        for (++at_; at_ < sql_.size(); ++at_) {
            const char c = sql_[at_];
            if (c == '\\') {
                escaped = !escaped;
                continue;
            }
            if (c == '\'' && escaped && !with_escapes) break;
            if (c == '\'' && !escaped) {
                if (peek(1) != '\'') {
                    ++at_;
                    return literal();
                }
                ++at_;
            }
            escaped = false;
        }
        give_up();
    }

    void quoted_identifier() {
        std::size_t end = at_ + 1;
        while (end < sql_.size()) {
            if (sql_[end] == '"') {
                if (end + 1 >= sql_.size() || sql_[end + 1] != '"') break;
                ++end;
            }
            ++end;
        }
        if (end >= sql_.size()) return give_up();
        std::string name(sql_.substr(at_, end + 1 - at_));
        std::ranges::replace_if(name, is_blank, ' ');
        at_ = end + 1;
        emit(name);
    }

    void dollar() {
        std::size_t end = at_ + 1;
        if (is_digit(peek(1))) {
            while (end < sql_.size() && is_digit(sql_[end])) ++end;
            const auto parameter = sql_.substr(at_, end - at_);
            at_ = end;
            return parameter.size() <= parameter_digits_max + 1 ? emit(parameter) : literal();
        }
        if (begins_word(peek(1))) {
            while (end < sql_.size() && sql_[end] != '$' && continues_word(sql_[end])) ++end;
        }
        if (end >= sql_.size() || sql_[end] != '$') return symbol('$');
        const auto tag = sql_.substr(at_, end + 1 - at_);
        if (tag.size() > tag_bytes_max) return give_up();
        const auto close = sql_.find(tag, end + 1);
        if (close == sql_.npos) return give_up();
        at_ = close + tag.size();
        literal();
    }

    /// With whatever is stuck to it: 1_000, 0x1F, 1.5e-3, 12abc. Where letters end and a dollar
    /// follows, versions differ on what that begins.
    void number() {
        bool has_letters = false;
        for (; at_ < sql_.size(); ++at_) {
            const char c = sql_[at_];
            const bool sign = (c == '+' || c == '-') && (sql_[at_ - 1] | 0x20) == 'e';
            if (begins_word(c)) {
                has_letters = true;
            } else if (!is_digit(c) && c != '.' && !(sign && is_digit(peek(1)))) {
                break;
            }
        }
        if (has_letters && peek(0) == '$') return give_up();
        literal();
    }

    void word() {
        std::size_t end = at_ + 1;
        while (end < sql_.size() && continues_word(sql_[end])) ++end;
        const auto text = sql_.substr(at_, end - at_);
        const char next = end < sql_.size() ? sql_[end] : '\0';
        if (text.size() == 1 && next == '\'' && text.find_first_of("eEbBxXnN") == 0) {
            at_ = end;
            return string((text[0] | 0x20) == 'e');
        }
        if (text.size() == 1 && (text[0] | 0x20) == 'u' && next == '&' && end + 1 < sql_.size() &&
            sql_[end + 1] == '\'') {
            at_ = end + 1;
            return string(false);
        }
        const auto before = before_;
        at_ = end;
        emit(text);
        before_ = to_lower(text.substr(0, keyword_bytes_max));
        const bool is_role = before_ == "role" || before_ == "user" || before_ == "group";
        if (is_role && (before == "alter" || before == "create")) of_role_ = true;
        if (of_role_ && before_ == "password") {
            blank_ = true;
            give_up();
        }
    }

    void symbol(char c) {
        if (c == '(' || c == '[') {
            lists_.push_back(before_ == "in" || before_ == "array");
        } else if ((c == ')' || c == ']') && !lists_.empty()) {
            lists_.pop_back();
        } else if (c == ';') {
            of_role_ = false;
        }
        ++at_;
        emit(std::string_view(&c, 1));
    }

    static constexpr std::size_t keyword_bytes_max = 16;

    std::string_view sql_;
    std::size_t bytes_max_;
    std::size_t at_ = 0;
    std::string out_;
    bool blank_ = false;       ///< there was a blank or a comment since the last of `out_`
    std::string before_;       ///< the word that was just written, in lower case; else ""
    bool of_role_ = false;     ///< within ALTER ROLE, CREATE USER and the like
    std::vector<bool> lists_;  ///< of each open bracket: whether it lists values
};

}  // namespace

std::string masked(std::string_view sql, std::size_t bytes_max) {
    return masker(sql, bytes_max).run();
}

}  // namespace tallyfs
