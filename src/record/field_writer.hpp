// Appends a line's fields to a text. What has kinds of fields of its own derives from it.
// A call's line, which is written in a hurry, has a writer of its own.
#pragma once

#include "record/field_types.hpp"

#include <tallyfs/base/clock.hpp>
#include <tallyfs/base/uuid.hpp>

#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::record {

class field_writer {
  public:
    explicit field_writer(std::string& out) : out_(out) {}

  protected:
    void begin(std::string_view name) {
        out_ += ",\"";
        out_ += name;
        out_ += "\":";
    }
    void put(wall_time time) {
        const auto text = rfc3339_text(time);
        out_ += '"';
        out_.append(text.data(), text.size());
        out_ += '"';
    }
    void put(const uuid& id) { out_ += '"' + id.to_string() + '"'; }
    /// The shortest digits that mean the same number.
    template <class Number>
    requires std::is_arithmetic_v<Number>
    void put(Number value) {
        std::array<char, 32> digits{};
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
        out_.append(digits.data(), end.ptr);
    }
    template <class Value>
    void put(const std::optional<Value>& value) {
        if (value) {
            put(*value);
        } else {
            out_ += "null";
        }
    }
    void put(const bounded<const std::string>& field) {
        append_bounded_string(out_, field.text, field.bytes_max);
    }
    void put(const bounded_or_null<const std::string>& field) {
        if (field.text.empty()) {
            out_ += "null";
        } else {
            append_bounded_string(out_, field.text, field.bytes_max);
        }
    }

    std::string& out_;
};

}  // namespace tallyfs::record
