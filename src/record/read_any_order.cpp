#include "record/fields.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <cmath>

namespace tallyfs::record {

namespace {

namespace json = boost::json;

/// Reads each field by its name. The first failure is kept.
class object_reader {
  public:
    explicit object_reader(const json::object& object) : object_(object) {}

    [[nodiscard]] error_code failure() const { return failure_; }

    template <class Field>
    void operator()(std::string_view name, Field&& field) {
        const json::value* const value = object_.if_contains(name);
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
    static bool take(const json::value& from, std::optional<Value>& value) {
        return from.is_null() || take(from, value.emplace());
    }
    static std::string_view text_of(const json::value& from) {
        return from.is_string() ? std::string_view(from.get_string()) : std::string_view();
    }
    template <class Value>
    static bool take_parsed(Value& value, const std::optional<Value>& parsed) {
        if (parsed) value = *parsed;
        return parsed.has_value();
    }
    static bool take(const json::value& from, wall_time& value) {
        return take_parsed(value, parse_rfc3339(text_of(from)));
    }
    static bool take(const json::value& from, uuid& value) {
        return take_parsed(value, uuid::parse(text_of(from)));
    }
    static bool take(const json::value& from, outcome& value) {
        return take_parsed(value, parse_outcome(text_of(from)));
    }
    static bool take(const json::value& from, tokens_from& value) {
        return take_parsed(value, parse_tokens_from(text_of(from)));
    }
    static bool take(const json::value& from, service_source& value) {
        return take_parsed(value, parse_service_source(text_of(from)));
    }
    static bool take(const json::value& from, bool& value) {
        if (from.is_bool()) value = from.get_bool();
        return from.is_bool();
    }
    template <class Integer>
    requires(std::is_integral_v<Integer> &&
             !std::is_same_v<Integer, bool>) static bool take(const json::value& from,
                                                              Integer& value) {
        error_code inexact;
        value = from.to_number<Integer>(inexact);
        return !inexact;
    }
    static bool take(const json::value& from, double& value) {
        error_code not_a_number;
        value = from.to_number<double>(not_a_number);
        return !not_a_number;
    }
    static bool take(const json::value& from, duration& value) {
        double milliseconds = 0;
        if (!take(from, milliseconds)) return false;
        if (std::abs(milliseconds) > static_cast<double>(milliseconds_max)) return false;
        value = duration(std::llround(milliseconds * 1000));
        return true;
    }
    static bool take(const json::value& from, const bounded<std::string>& value) {
        value.text = text_of(from);
        return from.is_string();
    }
    static bool take(const json::value& from, const bounded<std::optional<std::string>>& value) {
        if (from.is_string()) value.text = text_of(from);
        return from.is_string() || from.is_null();
    }
    static bool take(const json::value& from, const raw_json<std::optional<std::string>>& value) {
        if (from.is_object()) value.text = json::serialize(from);
        return from.is_object() || from.is_null();
    }

    const json::object& object_;
    error_code failure_;
};

}  // namespace

result<call> parse_any_order(std::string_view line) {
    while (line.ends_with('\n')) line.remove_suffix(1);
    error_code unreadable;
    const json::value value = json::parse(line, unreadable);
    if (unreadable || !value.is_object()) return make_error_code(record_errc::not_json);
    call parsed;
    object_reader reader(value.get_object());
    visit_fields(parsed, reader);
    if (reader.failure()) return reader.failure();
    return parsed;
}

}  // namespace tallyfs::record
