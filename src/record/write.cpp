#include "record/fields.hpp"

#include <tallyfs/base/text.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <stdexcept>

namespace tallyfs::record {

void append_bounded_string(std::string& out, std::string_view text, std::size_t bytes_max) {
    const std::size_t start = out.size();
    std::string_view kept = clip_utf8(text, bytes_max);
    append_json_string(out, kept);
    while (out.size() - start > bytes_max + 2) {
        out.resize(start);
        kept = clip_utf8(kept, kept.size() / 2);
        append_json_string(out, kept);
    }
}

namespace {

/// The longest name of a field with its punctuation, and the longest value that is no text.
constexpr std::size_t field_overhead_max = 64;

/// Writes fields into a buffer on the stack: every field is bounded, so that room is looked for
/// once a field and not at every byte.
class line_writer {
  public:
    template <class Field>
    void operator()(std::string_view name, const Field& field) {
        if (at_ + field_overhead_max > end()) throw std::length_error("a call's line is too long");
        literal(",\"");
        literal(name);
        literal("\":");
        put(field);
    }
    void literal(std::string_view text) {
        std::memcpy(at_, text.data(), text.size());
        at_ += text.size();
    }
    [[nodiscard]] std::string_view text() const {
        return {bytes_.data(), static_cast<std::size_t>(at_ - bytes_.data())};
    }

  private:
    [[nodiscard]] const char* end() const { return bytes_.data() + bytes_.size(); }

    void character(char c) { *at_++ = c; }
    template <class Value>
    void put(const std::optional<Value>& value) {
        if (value) {
            put(*value);
        } else {
            literal("null");
        }
    }
    void quoted(std::string_view text) {
        character('"');
        literal(text);
        character('"');
    }
    void put(wall_time value) {
        const auto text = rfc3339_text(value);
        quoted({text.data(), text.size()});
    }
    void put(const uuid& value) {
        const auto text = value.text();
        quoted({text.data(), text.size()});
    }
    template <class Enum>
    requires std::is_enum_v<Enum>
    void put(Enum value) { quoted(to_string(value)); }
    void put(bool value) { literal(value ? "true" : "false"); }
    template <class Integer>
    requires(std::is_integral_v<Integer> &&
             !std::is_same_v<Integer, bool>) void put(Integer value) {
        at_ = std::to_chars(at_, at_ + field_overhead_max / 2, value).ptr;
    }
    /// Milliseconds with three decimals: the same number in every reader, exact in microseconds.
    void put(duration value) {
        std::int64_t microseconds = value.count();
        if (microseconds < 0) {
            character('-');
            microseconds = -microseconds;
        }
        put(microseconds / 1000);
        const auto part = static_cast<int>(microseconds % 1000);
        character('.');
        character(static_cast<char>('0' + part / 100));
        character(static_cast<char>('0' + part / 10 % 10));
        character(static_cast<char>('0' + part % 10));
    }
    /// One decimal: a rate is no more exact than that.
    void put(double value) {
        if (!std::isfinite(value) || std::abs(value) > 1e12) return literal("null");
        at_ = std::to_chars(at_, at_ + field_overhead_max / 2, value, std::chars_format::fixed, 1)
                  .ptr;
    }
    void put_text(std::string_view text, std::size_t bytes_max) {
        if (at_ + bytes_max + field_overhead_max > end()) {
            throw std::length_error("a call's line is too long");
        }
        if (text.size() <= bytes_max && plain_json_bytes(text) == text.size()) return quoted(text);
        std::string escaped;
        append_bounded_string(escaped, text, bytes_max);
        literal(escaped);
    }
    void put(const bounded<const std::string>& value) { put_text(value.text, value.bytes_max); }
    void put(const bounded<const std::optional<std::string>>& value) {
        if (value.text) {
            put_text(*value.text, value.bytes_max);
        } else {
            literal("null");
        }
    }
    void put(const raw_json<const std::optional<std::string>>& value) {
        const bool object = value.text && value.text->size() <= value.bytes_max &&
                            value.text->starts_with('{') && value.text->ends_with('}');
        if (!object || at_ + value.bytes_max + field_overhead_max > end()) return literal("null");
        literal(*value.text);
    }

    std::array<char, limits::line_bytes_max> bytes_;  // not initialised: all of it is written first
    char* at_ = bytes_.data();
};

}  // namespace

void append_line(std::string& out, const call& c) {
    line_writer line;
    static_assert(line_version == 1);
    line.literal("{\"v\":1");
    visit_fields(c, line);
    line.literal("}\n");
    out += line.text();
}

}  // namespace tallyfs::record
