// Writes what has fields() as compact JSON in their order: events, and the text that is hashed.
// Format: RFC 8259; the same value gives the same bytes.
#pragma once

#include "approval/fields.hpp"

#include <tallyfs/base/text.hpp>

namespace tallyfs::approval {

class json_writer {
  public:
    explicit json_writer(std::string& out) : out_(out) {}

    template <class Value>
    void must(std::string_view name, const Value& value) {
        if (!first_) out_ += ',';
        first_ = false;
        append_json_string(out_, name);
        out_ += ':';
        put(value);
    }
    template <class Value>
    void may(std::string_view name, const Value& value) {
        if (value != Value{}) must(name, value);
    }
    template <class Value>
    void object(const Value& value) {
        out_ += '{';
        first_ = true;
        fields(value, *this);
        out_ += '}';
        first_ = false;
    }

  private:
    void put(const std::string& value) { append_json_string(out_, value); }
    void put(bool value) { out_ += value ? "true" : "false"; }
    void put(std::uint32_t value) { out_ += std::to_string(value); }
    void put(std::chrono::seconds value) { out_ += std::to_string(value.count()); }
    void put(wall_time value) { append_json_string(out_, to_rfc3339(value)); }
    void put(const std::optional<std::uint32_t>& value) { put(value.value_or(0)); }
    void put(const parameters& value) {
        out_ += '{';
        for (bool first = true; const auto& [name, text] : value) {
            if (!first) out_ += ',';
            first = false;
            append_json_string(out_, name);
            out_ += ':';
            append_json_string(out_, text);
        }
        out_ += '}';
    }
    template <class Item>
    void put(const std::vector<Item>& items) {
        out_ += '[';
        for (bool first = true; const auto& item : items) {
            if (!first) out_ += ',';
            first = false;
            put(item);
        }
        out_ += ']';
    }
    template <class Value>
    void put(const Value& value) {
        if constexpr (std::is_enum_v<Value>) {
            append_json_string(out_, word(value));
        } else {
            object(value);
        }
    }

    std::string& out_;
    bool first_ = true;
};

}  // namespace tallyfs::approval
