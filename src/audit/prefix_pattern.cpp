#include "audit/prefix_pattern.hpp"

#include <algorithm>

namespace tallyfs::audit {

namespace {

/// The server cuts names there, also those of clients that it does not let in (NAMEDATALEN).
constexpr std::size_t name_bytes_max = 63;
/// Host names and commands: the longest that DNS has.
constexpr std::size_t other_bytes_max = 255;
/// A name of many separators can be parted in many ways: more are not tried.
constexpr int steps_max = 4'000;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_name(char escape) {
    return escape == 'u' || escape == 'd' || escape == 'a';
}
/// What an escape stands for is any text.
bool is_open(char escape) {
    return is_name(escape) || escape == 'i' || escape == 'b' || escape == 'h' || escape == 'r';
}

std::size_t field_bytes_max(char escape) {
    constexpr std::size_t fixed_bytes_max = 32;
    if (is_name(escape)) return name_bytes_max;
    return is_open(escape) ? other_bytes_max : fixed_bytes_max;
}

std::size_t blanks_of(std::string_view text) {
    return std::min(text.find_first_not_of(' '), text.size());
}

std::string_view without_blanks(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

}  // namespace

prefix_pattern::prefix_pattern(std::string_view format) {
    constexpr std::string_view known = "audrhbpPtmnQiecslvxq";
    std::string literal;
    const auto end_literal = [&] {
        if (literal.empty()) return;
        if (has_names_) reach_ += literal.size();
        items_.push_back({0, false, std::move(literal)});
        literal.clear();
    };
    for (std::size_t i = 0; i < format.size(); ++i) {
        if (format[i] != '%') {
            literal += format[i];
            continue;
        }
        const auto padding = i + 1;
        if (padding < format.size() && format[padding] == '-') ++i;
        while (i + 1 < format.size() && is_digit(format[i + 1])) ++i;
        const bool padded = i + 1 > padding;
        if (++i >= format.size()) break;
        if (format[i] == '%') literal += '%';
        // The server leaves out what it does not know.
        if (known.find(format[i]) == known.npos) continue;
        end_literal();
        items_.push_back({format[i], padded, {}});
        kinds_ += format[i];
        has_names_ = has_names_ || is_name(format[i]);
        if (has_names_) reach_ += field_bytes_max(format[i]);
    }
    end_literal();
}

bool prefix_pattern::match_end(std::size_t at) {
    if (at < severity_from_ || at > severity_until_) return false;
    const auto rest = text_.substr(at, 64);
    const auto end = rest.find(severity_end);
    if (end == rest.npos) return false;
    const auto word = rest.substr(0, end);
    if (!is_severity(word) && !(any_severity_ && is_foreign_severity(word))) return false;
    into_->severity = word;
    into_->message = at + end + severity_end.size();
    return true;
}

bool prefix_pattern::match(std::size_t item_index, std::size_t at) {
    if (++steps_ > steps_max) return false;
    if (item_index == items_.size()) return match_end(at);
    const auto& next = items_[item_index];
    if (next.escape == 0) {
        return text_.substr(at).starts_with(next.literal) &&
               match(item_index + 1, at + next.literal.size());
    }
    // Processes that serve no client end their prefix here.
    if (next.escape == 'q') return match_end(at) || match(item_index + 1, at);
    if (is_open(next.escape)) return match_open(item_index, at);
    if (next.padded) at += blanks_of(text_.substr(at));
    const auto bytes = fixed_field_bytes(next.escape, text_.substr(at));
    if (bytes == text_.npos) return false;
    auto end = at + bytes;
    if (next.padded) end += blanks_of(text_.substr(end));
    if (!match(item_index + 1, end)) {
        // What blanks are padding, and what of the literal behind, cannot be told.
        if (end == at + bytes || !match(item_index + 1, at + bytes)) return false;
    }
    set_field(*into_, next.escape, text_.substr(at, bytes));
    return true;
}

bool prefix_pattern::match_open(std::size_t item_index, std::size_t at) {
    const char escape = items_[item_index].escape;
    const bool padded = items_[item_index].padded;
    const auto bytes_max = is_name(escape) ? name_bytes_max : other_bytes_max;
    const auto last = std::min({text_.size(), at + bytes_max, severity_until_});
    const bool has_literal = item_index + 1 < items_.size() && items_[item_index + 1].escape == 0;
    const std::string_view literal =
        has_literal ? std::string_view(items_[item_index + 1].literal) : std::string_view();
    const auto take = [&](std::size_t end) {
        if (!match(item_index + 1, end)) return false;
        const auto text = text_.substr(at, end - at);
        set_field(*into_, escape, padded ? without_blanks(text) : text);
        if (is_name(escape)) into_->names_begin = at;
        return true;
    };
    if (longest_user_ && escape == 'u') {
        for (auto end = last + 1; end-- > at;) {
            if (text_.substr(end).starts_with(literal) && take(end)) return true;
        }
        return false;
    }
    for (auto end = at; end <= last && steps_ <= steps_max; ++end) {
        if (has_literal) end = text_.find(literal, end);
        if (end > last) return false;
        if (take(end)) return true;
    }
    return false;
}

bool prefix_pattern::try_read(std::string_view text, std::size_t severity_from,
                              prefix_fields& into) {
    text_ = text;
    into = {};
    into_ = &into;
    severity_from_ = severity_from;
    steps_ = 0;
    return match(0, 0);
}

/// "john@corp.example@appdb": of the names that can be read in several ways the user's is the
/// longest one, because a database is seldom called like that.
void prefix_pattern::prefer_long_user(prefix_fields& into) {
    const auto severity = static_cast<std::size_t>(into.severity.data() - text_.data());
    prefix_fields longer;
    severity_until_ = severity;
    longest_user_ = true;
    if (try_read(text_, severity, longer)) into = longer;
    longest_user_ = false;
}

bool prefix_pattern::is_ambiguous(const prefix_fields& first) {
    if (!has_names_) return false;
    const auto severity = static_cast<std::size_t>(first.severity.data() - text_.data());
    const auto begin = first.names_begin > 0 ? first.names_begin : severity;
    const auto within = text_.substr(0, begin + reach_ + severity_end.size());
    if (within.find(severity_end, first.message) == within.npos) return false;
    prefix_fields second;
    severity_until_ = begin + reach_;
    return try_read(text_, severity + 1, second);
}

/// Whether what stands before the first name is there.
bool prefix_pattern::begins(prefix_fields& into) {
    into = {};
    into_ = &into;
    std::size_t at = 0;
    for (const auto& next : items_) {
        if (is_open(next.escape)) {
            into.names_begin = at;
            return is_name(next.escape);
        }
        if (next.escape == 'q') continue;
        if (next.escape == 0) {
            if (!text_.substr(at).starts_with(next.literal)) return false;
            at += next.literal.size();
            continue;
        }
        if (next.padded) at += blanks_of(text_.substr(at));
        const auto bytes = fixed_field_bytes(next.escape, text_.substr(at));
        if (bytes == text_.npos) return false;
        set_field(into, next.escape, text_.substr(at, bytes));
        at += bytes;
        if (next.padded) at += blanks_of(text_.substr(at));
    }
    return false;
}

prefix_pattern::line prefix_pattern::read(std::string_view text, prefix_fields& into) {
    severity_until_ = text.size();
    any_severity_ = longest_user_ = false;
    if (try_read(text, 0, into)) {
        if (is_ambiguous(into)) return line::ambiguous;
        const auto names = text.substr(into.names_begin, into.message - into.names_begin);
        if (std::ranges::count(names, '@') > 1) prefer_long_user(into);
        return line::whole;
    }
    any_severity_ = true;
    const bool foreign = try_read(text, 0, into);
    any_severity_ = false;
    if (foreign) return line::foreign;
    return begins(into) ? line::torn : line::other;
}

}  // namespace tallyfs::audit
