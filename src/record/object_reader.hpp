// Reads a line's fields from its JSON object, in whatever order they stand there.
// The other way to read a call's or an audit event's line knows their order, and is faster.
#pragma once

#include "record/fields.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tallyfs::record {

/// Reads each field by its name. The first failure is kept.
class object_reader {
  public:
    explicit object_reader(const boost::json::object& object) : object_(object) {}

    [[nodiscard]] error_code failure() const { return failure_; }

    template <class Field>
    void operator()(std::string_view name, Field&& field) {
        const boost::json::value* const value = object_.if_contains(name);
        if (value == nullptr) {
            fail(record_errc::missing_field);
        } else if (!take(*value, field)) {
            fail(record_errc::bad_value);
        }
    }

  private:
    void fail(record_errc reason) {
        if (!failure_) failure_ = make_error_code(reason);
    }
    template <class Value>
    static bool take(const boost::json::value& from, std::optional<Value>& value) {
        return from.is_null() || take(from, value.emplace());
    }
    static std::string_view text_of(const boost::json::value& from) {
        return from.is_string() ? std::string_view(from.get_string()) : std::string_view();
    }
    template <class Value>
    static bool take_parsed(Value& value, const std::optional<Value>& parsed) {
        if (parsed) value = *parsed;
        return parsed.has_value();
    }
    static bool take(const boost::json::value& from, wall_time& value) {
        return take_parsed(value, parse_rfc3339(text_of(from)));
    }
    static bool take(const boost::json::value& from, uuid& value) {
        return take_parsed(value, uuid::parse(text_of(from)));
    }
    static bool take(const boost::json::value& from, outcome& value) {
        return take_parsed(value, parse_outcome(text_of(from)));
    }
    static bool take(const boost::json::value& from, tokens_from& value) {
        return take_parsed(value, parse_tokens_from(text_of(from)));
    }
    static bool take(const boost::json::value& from, service_source& value) {
        return take_parsed(value, parse_service_source(text_of(from)));
    }
    static bool take(const boost::json::value& from, bool& value) {
        if (from.is_bool()) value = from.get_bool();
        return from.is_bool();
    }
    template <class Integer>
    requires(std::is_integral_v<Integer> &&
             !std::is_same_v<Integer, bool>) static bool take(const boost::json::value& from,
                                                              Integer& value) {
        error_code inexact;
        value = from.to_number<Integer>(inexact);
        return !inexact;
    }
    static bool take(const boost::json::value& from, double& value) {
        error_code not_a_number;
        value = from.to_number<double>(not_a_number);
        return !not_a_number;
    }
    static bool take(const boost::json::value& from, duration& value) {
        double milliseconds = 0;
        if (!take(from, milliseconds)) return false;
        if (std::abs(milliseconds) > static_cast<double>(milliseconds_max)) return false;
        value = duration(std::llround(milliseconds * 1000));
        return true;
    }
    static bool take(const boost::json::value& from, const bounded<std::string>& value) {
        value.text = text_of(from);
        return from.is_string();
    }
    static bool take(const boost::json::value& from,
                     const bounded<std::optional<std::string>>& value) {
        if (from.is_string()) value.text = text_of(from);
        return from.is_string() || from.is_null();
    }
    static bool take(const boost::json::value& from,
                     const raw_json<std::optional<std::string>>& value) {
        if (from.is_object()) value.text = boost::json::serialize(from);
        return from.is_object() || from.is_null();
    }

    static bool take(const boost::json::value& from, const bounded_or_null<std::string>& value) {
        if (from.is_string()) value.text = text_of(from);
        return from.is_string() || from.is_null();
    }
    static bool take(const boost::json::value& from, const cut_text<std::string>& value) {
        return take(from, bounded_or_null{value.text, value.bytes_max});
    }
    static bool take(const boost::json::value& from, std::vector<std::string>& values) {
        if (!from.is_array()) return false;
        return std::ranges::all_of(from.get_array(), [&](const auto& one) {
            values.emplace_back(text_of(one));
            return one.is_string();
        });
    }
    static bool take(const boost::json::value& from,
                     std::vector<std::pair<std::string, double>>& figures) {
        if (!from.is_object()) return false;
        return std::ranges::all_of(from.get_object(), [&](const auto& one) {
            return take(one.value(), figures.emplace_back(one.key(), 0).second);
        });
    }

    const boost::json::object& object_;
    error_code failure_;
};

}  // namespace tallyfs::record
