#include <tallyfs/base/text.hpp>
#include <tallyfs/health/sql_script.hpp>

#include <algorithm>
#include <optional>
#include <set>

namespace tallyfs::health {

namespace {

enum class token_kind : std::uint8_t { blank, word, quoted_name, other };
struct token {
    token_kind kind = token_kind::other;
    std::string_view text;
};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}
bool begins_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}
bool in_word(char c) {
    return begins_word(c) || is_digit(c) || c == '$';
}

template <class Accept>
std::size_t length_while(std::string_view text, Accept accept) {
    const auto* const end = std::ranges::find_if_not(text, accept);
    return static_cast<std::size_t>(end - text.begin());
}

/// Of a text that opens with `quote`, with its end; a doubled quote is one of the text.
std::size_t quoted_length(std::string_view text, bool backslash_escapes) {
    const char quote = text.front();
    for (std::size_t at = 1; at < text.size(); ++at) {
        if (backslash_escapes && text[at] == '\\') {
            ++at;
        } else if (text[at] == quote) {
            if (at + 1 == text.size() || text[at + 1] != quote) return at + 1;
            ++at;
        }
    }
    return text.size();
}

/// Of what is quoted as $tag$…$tag$; 0 if a dollar begins something else.
std::size_t dollar_quoted_length(std::string_view text) {
    auto tag_end = std::size_t{1};
    if (tag_end < text.size() && begins_word(text[tag_end])) {
        while (tag_end < text.size() && in_word(text[tag_end]) && text[tag_end] != '$') ++tag_end;
    }
    if (tag_end >= text.size() || text[tag_end] != '$') return 0;
    const auto tag = text.substr(0, tag_end + 1);
    const auto end = text.find(tag, tag.size());
    return end == std::string_view::npos ? text.size() : end + tag.size();
}

/// Comments of this form are nested.
std::size_t block_comment_length(std::string_view text) {
    std::size_t depth = 0;
    for (std::size_t at = 0; at + 1 < text.size(); ++at) {
        const auto two = text.substr(at, 2);
        if (two == "/*") {
            ++depth;
            ++at;
        } else if (two == "*/") {
            ++at;
            if (--depth == 0) return at + 1;
        }
    }
    return text.size();
}

/// The token at the front of `text`, which is not empty.
token first_token(std::string_view text) {
    const auto of = [&](token_kind kind, std::size_t length) {
        return token{kind, text.substr(0, length)};
    };
    const char c = text.front();
    if (is_blank(c)) return of(token_kind::blank, length_while(text, is_blank));
    if (text.starts_with("--")) {
        return of(token_kind::blank, std::min(text.find('\n'), text.size()));
    }
    if (text.starts_with("/*")) return of(token_kind::blank, block_comment_length(text));
    if (c == '"') return of(token_kind::quoted_name, quoted_length(text, false));
    if (c == '\'') return of(token_kind::other, quoted_length(text, false));
    if ((c == 'e' || c == 'E') && text.size() > 1 && text[1] == '\'') {
        return of(token_kind::other, 1 + quoted_length(text.substr(1), true));
    }
    if (begins_word(c)) return of(token_kind::word, length_while(text, in_word));
    // A number is taken whole: what follows a digit never begins a dollar quote or a word.
    if (is_digit(c)) return of(token_kind::other, length_while(text, in_word));
    const auto dollars = c == '$' ? dollar_quoted_length(text) : 0;
    return of(token_kind::other, std::max(dollars, std::size_t{1}));
}

/// What a statement is in the middle of: nothing parts it there.
class nesting {
  public:
    void take(const token& next) {
        if (next.kind == token_kind::word) {
            take_word(to_lower(next.text));
        } else if (next.text == "(") {
            ++brackets_;
        } else if (next.text == ")" && brackets_ > 0) {
            --brackets_;
        }
        if (next.kind != token_kind::blank) ++tokens_;
    }
    [[nodiscard]] bool is_open() const { return brackets_ > 0 || blocks_ > 0; }

  private:
    void take_word(const std::string& word) {
        if (tokens_ == 0) creates_ = word == "create";
        // CREATE [OR REPLACE] FUNCTION: the only statement with a body that is not quoted.
        if (creates_ && tokens_ < 4 && (word == "function" || word == "procedure")) routine_ = true;
        if (!routine_ || brackets_ > 0) return;
        if (word == "begin" || (word == "case" && blocks_ > 0)) {
            ++blocks_;
        } else if (word == "end" && blocks_ > 0) {
            --blocks_;
        }
    }

    std::size_t tokens_ = 0;
    std::size_t brackets_ = 0;
    std::size_t blocks_ = 0;
    bool creates_ = false;
    bool routine_ = false;
};

/// The word as the server knows the name: as it is between quotes, else in lower case.
std::string folded(const token& name) {
    if (name.kind == token_kind::word) return to_lower(name.text);
    auto inner = name.text.substr(1);
    if (inner.ends_with('"')) inner.remove_suffix(1);
    std::string plain;
    for (std::size_t at = 0; at < inner.size(); ++at) {
        plain += inner[at];
        if (inner[at] == '"') ++at;
    }
    return plain;
}

/// Takes the next token that is no blank; nullopt at the end.
std::optional<token> take_token(std::string_view& rest) {
    while (!rest.empty()) {
        const auto next = first_token(rest);
        rest.remove_prefix(next.text.size());
        if (next.kind != token_kind::blank) return next;
    }
    return std::nullopt;
}

}  // namespace

std::vector<sql_statement> statements_of(std::string_view sql) {
    std::vector<sql_statement> found;
    std::size_t line = 1;
    std::size_t begin = std::string_view::npos;
    std::size_t end = 0;
    std::size_t begin_line = 1;
    nesting inside;
    for (std::size_t at = 0; at < sql.size();) {
        const auto next = first_token(sql.substr(at));
        const bool parts = next.text == ";" && !inside.is_open();
        if (!parts && next.kind != token_kind::blank) {
            if (begin == std::string_view::npos) {
                begin = at;
                begin_line = line;
            }
            end = at + next.text.size();
        }
        if (parts && begin != std::string_view::npos) {
            found.push_back({sql.substr(begin, end - begin), begin_line});
            begin = std::string_view::npos;
        }
        if (parts) {
            inside = {};
        } else {
            inside.take(next);
        }
        line += static_cast<std::size_t>(std::ranges::count(next.text, '\n'));
        at += next.text.size();
    }
    if (begin != std::string_view::npos) {
        found.push_back({sql.substr(begin, end - begin), begin_line});
    }
    return found;
}

bool controls_transaction(std::string_view statement) {
    const auto next_word = [&] {
        const auto next = take_token(statement);
        return next && next->kind == token_kind::word ? to_lower(next->text) : std::string();
    };
    const auto head = next_word();
    if (head == "begin" || head == "commit" || head == "end" || head == "abort") return true;
    if (head == "start" || head == "prepare") return next_word() == "transaction";
    if (head != "rollback") return false;
    auto second = next_word();
    if (second == "work" || second == "transaction") second = next_word();
    return second != "to";
}

std::vector<sql_name> names_in(std::string_view sql) {
    std::set<sql_name> found;
    std::string before;  // the name before a dot that was just read
    bool dot = false;
    while (found.size() < sql_names_max) {
        const auto next = take_token(sql);
        if (!next) break;
        if (next->kind == token_kind::word || next->kind == token_kind::quoted_name) {
            auto name = folded(*next);
            found.insert({dot ? before : "", name});
            before = std::move(name);
            dot = false;
        } else {
            dot = next->text == "." && !before.empty();
            if (!dot) before.clear();
        }
    }
    return {found.begin(), found.end()};
}

}  // namespace tallyfs::health
