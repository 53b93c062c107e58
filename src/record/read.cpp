#include "record/fields.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>

namespace tallyfs::record {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Reads the fields of a line that append_line() wrote: each where it must be, or not at all.
class line_scanner {
  public:
    explicit line_scanner(std::string_view line) : rest_(line) {}

    [[nodiscard]] bool good() const { return good_; }
    bool skip(std::string_view literal) {
        good_ = good_ && rest_.starts_with(literal);
        if (good_) rest_.remove_prefix(literal.size());
        return good_;
    }
    [[nodiscard]] bool at_end() const { return rest_.empty() || rest_ == "\n"; }

    template <class Field>
    void operator()(std::string_view name, Field&& field) {
        if (skip_name(name)) take(field);
    }

  private:
    /// `,"name":` in one comparison: a line has forty of them.
    bool skip_name(std::string_view name) {
        const char* const at = rest_.data();
        const std::size_t size = name.size() + 4;
        good_ = good_ && rest_.size() > size && at[0] == ',' && at[1] == '"' &&
                at[size - 2] == '"' && at[size - 1] == ':' &&
                std::char_traits<char>::compare(at + 2, name.data(), name.size()) == 0;
        if (good_) rest_.remove_prefix(size);
        return good_;
    }
    template <class Value>
    void take(std::optional<Value>& value) {
        if (take_null()) {
            value.reset();
        } else {
            take(value.emplace());
        }
    }
    bool take_null() {
        const bool null = rest_.starts_with("null");
        if (null) rest_.remove_prefix(4);
        return null;
    }
    /// A string without escapes; our own lines hold few that have any.
    std::string_view take_plain_string() {
        if (!skip("\"")) return {};
        // Two searches for one character each are several times faster than one for either.
        const auto end = rest_.find('"');
        const auto text = rest_.substr(0, end);
        good_ = end != std::string_view::npos && text.find('\\') == std::string_view::npos;
        if (!good_) return {};
        rest_.remove_prefix(end + 1);
        return text;
    }
    void take(wall_time& value) { take_parsed(value, parse_rfc3339(take_plain_string())); }
    void take(uuid& value) { take_parsed(value, uuid::parse(take_plain_string())); }
    void take(outcome& value) { take_parsed(value, parse_outcome(take_plain_string())); }
    void take(tokens_from& value) { take_parsed(value, parse_tokens_from(take_plain_string())); }
    void take(service_source& value) {
        take_parsed(value, parse_service_source(take_plain_string()));
    }
    template <class Value>
    void take_parsed(Value& value, const std::optional<Value>& parsed) {
        good_ = good_ && parsed.has_value();
        if (good_) value = *parsed;
    }
    void take(bool& value) {
        value = rest_.starts_with("true");
        skip(value ? "true" : "false");
    }
    /// As JSON has it: from_chars() also takes words, and zeros in front.
    [[nodiscard]] bool begins_number() const {
        const auto digits = rest_.substr(rest_.starts_with('-') ? 1 : 0);
        if (digits.empty() || !is_digit(digits[0])) return false;
        return digits[0] != '0' || digits.size() == 1 || !is_digit(digits[1]);
    }
    template <class Integer>
    requires(std::is_integral_v<Integer> &&
             !std::is_same_v<Integer, bool>) void take(Integer& value) {
        // Small whole numbers, which is most of them, without a call.
        Integer small = 0;
        std::size_t digits = 0;
        const auto digits_max = std::min<std::size_t>(rest_.size(), 9);
        for (; digits < digits_max && is_digit(rest_[digits]); ++digits) {
            small = small * 10 + static_cast<Integer>(rest_[digits] - '0');
        }
        if (digits > 0 && digits < digits_max && (digits == 1 || rest_[0] != '0')) {
            value = small;
            rest_.remove_prefix(digits);
            return;
        }
        const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
        good_ = good_ && error == std::errc() && begins_number();
        if (good_) rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    }
    void take(double& value) {
        const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value,
                                                  std::chars_format::fixed);
        good_ = good_ && error == std::errc() && begins_number() && end[-1] != '.';
        if (good_) rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    }
    void take(duration& value) {
        const bool negative = rest_.starts_with('-');
        if (negative) rest_.remove_prefix(1);
        std::int64_t milliseconds = 0;
        take(milliseconds);
        if (!good_ || milliseconds < 0 || milliseconds > milliseconds_max || rest_.size() < 4 ||
            rest_[0] != '.') {
            good_ = false;
            return;
        }
        std::int64_t part = 0;
        for (std::size_t i = 1; i <= 3; ++i) {
            good_ = good_ && is_digit(rest_[i]);
            part = part * 10 + (rest_[i] - '0');
        }
        rest_.remove_prefix(4);
        const auto count = milliseconds * 1000 + part;
        value = duration(negative ? -count : count);
    }
    void take(const bounded<std::string>& value) { value.text = take_plain_string(); }
    void take(const bounded<std::optional<std::string>>& value) {
        if (take_null()) {
            value.text.reset();
        } else {
            value.text = take_plain_string();
        }
    }
    void take(const raw_json<std::optional<std::string>>& value) {
        if (take_null()) {
            value.text.reset();
            return;
        }
        // Only a flat object of scalars without escapes is taken here.
        const auto object = rest_;
        for (skip("{"); good_; skip(",")) {
            take_plain_string();
            skip(":");
            skip_scalar();
            if (rest_.starts_with('}')) break;
        }
        if (!skip("}")) return;
        value.text = object.substr(0, object.size() - rest_.size());
        // It is written again as it stands here.
        good_ = std::all_of(value.text->begin(), value.text->end(),
                            [](char c) { return c >= 0x20 && c < 0x7f; });
    }
    void skip_scalar() {
        if (rest_.starts_with('"')) {
            take_plain_string();
        } else if (rest_.starts_with('t') || rest_.starts_with('f')) {
            bool ignored = false;
            take(ignored);
        } else if (!take_null()) {
            double ignored = 0;
            take(ignored);
        }
    }

    std::string_view rest_;
    bool good_ = true;
};

/// ASCII without control characters. Eight bytes at a time: it is asked of every line.
bool is_plain(std::string_view text) {
    constexpr std::uint64_t high_bits = 0x8080808080808080U;
    constexpr std::uint64_t blanks = 0x2020202020202020U;
    std::uint64_t seen = 0;  // of a byte below a blank the difference has the high bit
    while (text.size() >= sizeof(seen)) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data(), sizeof(word));
        seen |= word | (word - blanks);
        text.remove_prefix(sizeof(word));
    }
    const bool rest = std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7f; });
    return rest && (seen & high_bits) == 0;
}

}  // namespace

result<void> parse_call(std::string_view line, call& into) {
    line_scanner scanner(line);
    scanner.skip("{\"v\":1");
    visit_fields(into, scanner);
    // What other bytes mean only the parser below looks at: a damaged one in a name must not
    // become a name that no file can show.
    const auto text = line.ends_with('\n') ? line.substr(0, line.size() - 1) : line;
    if (scanner.skip("}") && scanner.at_end() && is_plain(text)) return {};
    auto parsed = parse_any_order(line);
    if (!parsed) return parsed.error();
    into = std::move(*parsed);
    return {};
}

result<call> parse_call(std::string_view line) {
    call parsed;
    if (auto read = parse_call(line, parsed); !read) return read.error();
    return parsed;
}

}  // namespace tallyfs::record
