// JSON read and written as Go's encoding/json does it, as far as clients of Ollama can see.
// Source: https://pkg.go.dev/encoding/json.
#pragma once

#include <boost/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::standin {

namespace json = boost::json;

struct parsed {
    json::value value;
    std::string error;  ///< Go's words; empty if `value` was read
};
/// The first JSON value of `text`; what follows it is ignored, as a Go decoder does.
[[nodiscard]] parsed parse(std::string_view text);

/// The member that Go would store: key without regard to case, the last one wins. nullptr if
/// there is none or it is null.
[[nodiscard]] const json::value* member(const json::object& object, std::string_view key);

/// Members by type; the default if absent or of another type.
[[nodiscard]] std::string text_member(const json::object& object, std::string_view key);
[[nodiscard]] std::optional<std::int64_t> integer_member(const json::object& object,
                                                         std::string_view key);
[[nodiscard]] std::optional<bool> boolean_member(const json::object& object, std::string_view key);

/// The name Go's errors have for the type of a JSON value: "string", "number", …
[[nodiscard]] std::string_view go_type(const json::value& value);

/// A quoted string; '<', '>' and '&' are escaped as Go escapes them.
[[nodiscard]] std::string quote(std::string_view text);

/// A value with its keys sorted, as Go writes a map.
[[nodiscard]] std::string write_sorted(const json::value& value);

}  // namespace tallyfs::standin
