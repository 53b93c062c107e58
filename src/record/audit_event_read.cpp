#include "record/audit_fields.hpp"
#include "record/object_reader.hpp"

#include <tallyfs/base/hex.hpp>
#include <tallyfs/base/text.hpp>

#include <boost/json/parse.hpp>

#include <charconv>

namespace tallyfs::record {

namespace {

/// Reads the fields of a line that append_line() wrote: each where it must be, or not at all.
class audit_scanner {
  public:
    explicit audit_scanner(std::string_view rest) : rest_(rest) {}

    [[nodiscard]] bool at_end() const { return good_ && (rest_ == "}\n" || rest_ == "}"); }

    template <class Field>
    void operator()(std::string_view name, Field&& field) {
        const std::size_t size = name.size() + 4;
        good_ = good_ && rest_.size() > size && rest_.starts_with(",\"") &&
                rest_.substr(2, name.size()) == name && rest_.substr(size - 2, 2) == "\":";
        if (!good_) return;
        rest_.remove_prefix(size);
        take(field);
    }

  private:
    bool skip(std::string_view literal) {
        const bool there = rest_.starts_with(literal);
        if (there) rest_.remove_prefix(literal.size());
        return there;
    }
    void take(const bounded_or_null<std::string>& field) { take_optional(field.text); }
    void take(const cut_text<std::string>& field) { take_optional(field.text); }
    void take_optional(std::string& text) {
        if (!skip("null")) take_string(text);
    }
    /// With the escapes that are written: what has others goes to the other reader.
    void take_string(std::string& text) {
        good_ = good_ && skip("\"");
        while (good_) {
            const auto plain = rest_.find_first_of("\"\\");
            if (plain == rest_.npos) break;
            text += rest_.substr(0, plain);
            const bool ends = rest_[plain] == '"';
            rest_.remove_prefix(plain + 1);
            if (ends) return;
            good_ = take_escape(text);
        }
        good_ = false;
    }
    bool take_escape(std::string& text) {
        if (rest_.empty()) return false;
        const char c = rest_[0];
        if (c != 'u') {
            rest_.remove_prefix(1);
            constexpr std::string_view letters = "\"\\nrt";
            constexpr std::string_view meant = "\"\\\n\r\t";
            const auto letter = letters.find(c);
            if (letter != letters.npos) text += meant[letter];
            return letter != letters.npos;
        }
        // Only controls: what is invisible is not ASCII, and seldom.
        if (rest_.size() < 5 || !rest_.starts_with("u00")) return false;
        const int value = hex_value(rest_[3]) << 4 | hex_value(rest_[4]);
        if (value < 0 || value >= 0x80) return false;
        text += static_cast<char>(value);
        rest_.remove_prefix(5);
        return true;
    }
    void take(wall_time& time) {
        std::string text;
        take_string(text);
        const auto read = parse_rfc3339(text);
        good_ = good_ && read.has_value();
        if (good_) time = *read;
    }
    void take(std::optional<std::int64_t>& number) {
        if (skip("null")) return;
        std::int64_t value = 0;
        const auto* const end = rest_.data() + rest_.size();
        const auto [stop, error] = std::from_chars(rest_.data(), end, value);
        const auto digits = rest_.substr(rest_.starts_with('-') ? 1 : 0);
        // As JSON has it: no zeros in front.
        const bool plain =
            !digits.starts_with('0') || digits.size() < 2 || digits[1] < '0' || digits[1] > '9';
        good_ = good_ && error == std::errc() && plain;
        if (!good_) return;
        rest_.remove_prefix(static_cast<std::size_t>(stop - rest_.data()));
        number = value;
    }
    void take(std::vector<std::string>& rules) {
        good_ = good_ && skip("[");
        if (!good_ || skip("]")) return;
        do {
            take_string(rules.emplace_back());
        } while (good_ && skip(","));
        good_ = good_ && skip("]");
    }

    std::string_view rest_;
    bool good_ = true;
};

/// Bytes of the link at the front: it has the form that read_chain_link() takes.
std::size_t link_bytes(std::string_view line, const chain_link& link) {
    return static_cast<std::size_t>(link.previous.data() + link.previous.size() + 1 - line.data());
}

/// What bytes mean that are no ASCII only the encoding tells.
bool is_clean(std::string_view text) {
    const bool plain = std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7f; });
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' '; };
    return plain || (std::ranges::none_of(text, is_control) && is_utf8(text));
}

void take_link(const chain_link& link, audit_event& into) {
    into.time = link.time;
    into.number = link.number;
    into.previous = link.previous;
}

}  // namespace

result<audit_event> parse_audit_event_any_order(std::string_view line) {
    while (line.ends_with('\n')) line.remove_suffix(1);
    const auto link = read_chain_link(line);
    if (!link) return make_error_code(record_errc::not_json);
    error_code failure;
    const boost::json::value value = boost::json::parse(line, failure);
    if (failure || !value.is_object()) return make_error_code(record_errc::not_json);
    audit_event read;
    take_link(*link, read);
    object_reader fields(value.get_object());
    visit_audit_fields(read, fields);
    if (fields.failure()) return fields.failure();
    return read;
}

result<audit_event> parse_audit_event(std::string_view line) {
    const auto link = read_chain_link(line);
    if (!link) return make_error_code(record_errc::not_json);
    audit_event read;
    take_link(*link, read);
    audit_scanner scanner(line.substr(link_bytes(line, *link)));
    visit_audit_fields(read, scanner);
    const auto text = line.ends_with('\n') ? line.substr(0, line.size() - 1) : line;
    if (scanner.at_end() && is_clean(text)) return read;
    return parse_audit_event_any_order(line);
}

}  // namespace tallyfs::record
