// The fields of a form, and text that goes into a page. Pure.
// Format: application/x-www-form-urlencoded (WHATWG URL, section 5); HTML 5.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::admin {

using form = std::map<std::string, std::string, std::less<>>;

/// nullopt for a broken escape, a field that is there twice, and more than 20 fields.
[[nodiscard]] std::optional<form> parse_form(std::string_view text);

/// What a form of ours decides, in the words that are written into the file of a step.
[[nodiscard]] std::string decision_of(const form& fields);

/// The value of a query parameter: "300" of "/requests/0042?wait=300".
[[nodiscard]] std::optional<std::string> query_value(std::string_view target,
                                                     std::string_view name);

/// For text and for attributes in double quotes.
[[nodiscard]] std::string escape_html(std::string_view text);

}  // namespace tallyfs::admin
