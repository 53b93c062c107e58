#include "record/fields.hpp"

#include <tallyfs/base/text.hpp>

#include <array>
#include <charconv>
#include <cmath>

namespace tallyfs::record {

namespace {

/// A JSON string whose escaped form is at most `bytes_max` long: control characters take six
/// bytes each, so what was clipped once may have to be clipped again.
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

class line_writer {
  public:
    explicit line_writer(std::string& out) : out_(out) {}

    template <class Field>
    void operator()(std::string_view name, const Field& field) {
        out_ += ",\"";
        out_ += name;
        out_ += "\":";
        put(field);
    }

  private:
    template <class Value>
    void put(const std::optional<Value>& value) {
        if (value) {
            put(*value);
        } else {
            out_ += "null";
        }
    }
    void put(wall_time value) {
        out_ += '"';
        append_rfc3339(out_, value);
        out_ += '"';
    }
    void put(const uuid& value) {
        out_ += '"';
        out_ += value.to_string();
        out_ += '"';
    }
    template <class Enum>
    requires std::is_enum_v<Enum>
    void put(Enum value) {
        out_ += '"';
        out_ += to_string(value);
        out_ += '"';
    }
    void put(bool value) { out_ += value ? "true" : "false"; }
    template <class Integer>
    requires(std::is_integral_v<Integer> &&
             !std::is_same_v<Integer, bool>) void put(Integer value) {
        std::array<char, 24> digits{};
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
        out_.append(digits.data(), end);
    }
    /// Milliseconds with three decimals: the same number in every reader, exact in microseconds.
    void put(duration value) {
        std::int64_t microseconds = value.count();
        if (microseconds < 0) {
            out_ += '-';
            microseconds = -microseconds;
        }
        put(microseconds / 1000);
        const auto part = static_cast<int>(microseconds % 1000);
        out_ += '.';
        out_ += static_cast<char>('0' + part / 100);
        out_ += static_cast<char>('0' + part / 10 % 10);
        out_ += static_cast<char>('0' + part % 10);
    }
    /// One decimal: a rate is no more exact than that.
    void put(double value) {
        if (!std::isfinite(value) || std::abs(value) > 1e12) {
            out_ += "null";
            return;
        }
        std::array<char, 32> digits{};
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                       std::chars_format::fixed, 1)
                             .ptr;
        out_.append(digits.data(), end);
    }
    void put(const bounded<const std::string>& value) {
        append_bounded_string(out_, value.text, value.bytes_max);
    }
    void put(const bounded<const std::optional<std::string>>& value) {
        if (value.text) {
            append_bounded_string(out_, *value.text, value.bytes_max);
        } else {
            out_ += "null";
        }
    }
    void put(const raw_json<const std::optional<std::string>>& value) {
        const bool object = value.text && value.text->size() <= value.bytes_max &&
                            value.text->starts_with('{') && value.text->ends_with('}');
        out_ += object ? *value.text : "null";
    }

    std::string& out_;
};

}  // namespace

void append_line(std::string& out, const call& c) {
    out += "{\"v\":1";
    static_assert(line_version == 1);
    visit_fields(c, line_writer(out));
    out += "}\n";
}

}  // namespace tallyfs::record
