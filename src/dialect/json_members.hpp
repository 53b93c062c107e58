// Members of a JSON object as Go finds them: without case, the last one wins.
// Source: encoding/json of Go; RFC 8259.
#pragma once

#include <tallyfs/base/text.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace tallyfs::dialect {

[[nodiscard]] inline const boost::json::value* member(const boost::json::object& object,
                                                      std::string_view name) {
    const boost::json::value* found = nullptr;
    for (const auto& entry : object) {
        const std::string_view key(entry.key().data(), entry.key().size());
        if (key.size() == name.size() && equal_ignoring_case(key, name)) found = &entry.value();
    }
    return found;
}

[[nodiscard]] inline const boost::json::object* object_member(const boost::json::object& object,
                                                              std::string_view name) {
    const auto* value = member(object, name);
    return value != nullptr ? value->if_object() : nullptr;
}

[[nodiscard]] inline const boost::json::array* array_member(const boost::json::object& object,
                                                            std::string_view name) {
    const auto* value = member(object, name);
    return value != nullptr ? value->if_array() : nullptr;
}

/// "" if there is none, or it is no text.
[[nodiscard]] inline std::string_view text_member(const boost::json::object& object,
                                                  std::string_view name) {
    const auto* value = member(object, name);
    if (value == nullptr || !value->is_string()) return {};
    const auto& text = value->get_string();
    return {text.data(), text.size()};
}

[[nodiscard]] inline std::int64_t number_member(const boost::json::object& object,
                                                std::string_view name) {
    const auto* value = member(object, name);
    return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

/// Arguments of a tool come as an object, or as the text of one.
[[nodiscard]] inline std::string as_text(const boost::json::value* value) {
    if (value == nullptr || value->is_null()) return {};
    if (const auto* text = value->if_string()) return {text->data(), text->size()};
    return boost::json::serialize(*value);
}

}  // namespace tallyfs::dialect
