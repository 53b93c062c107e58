// The kinds of fields that lines have besides numbers and times.
// Format: docs/formats.md, "Journal".
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tallyfs::record {

/// Version of the line's format, its field "v".
inline constexpr std::int64_t line_version = 1;

/// A string of the line and how long it may get, escaped.
template <class String>
struct bounded {
    String& text;
    std::size_t bytes_max;
};
/// Likewise, and null where it is "".
template <class String>
struct bounded_or_null {
    String& text;
    std::size_t bytes_max;
};
/// Likewise, and it ends in "..." where it is too long: of several that share their room, the first
/// one takes what it needs.
template <class String>
struct cut_text {
    String& text;
    std::size_t bytes_max;
};
/// `options` is written as the JSON object that it is, not as a string that holds one.
template <class String>
struct raw_json {
    String& text;
    std::size_t bytes_max;
};
template <class String>
bounded(String&, std::size_t) -> bounded<String>;
template <class String>
bounded_or_null(String&, std::size_t) -> bounded_or_null<String>;
template <class String>
cut_text(String&, std::size_t) -> cut_text<String>;
template <class String>
raw_json(String&, std::size_t) -> raw_json<String>;

/// Appends a JSON string whose escaped form is at most `bytes_max` long without its quotes: control
/// characters take six bytes each, so what was clipped once may have to be clipped again.
void append_bounded_string(std::string& out, std::string_view text, std::size_t bytes_max);

}  // namespace tallyfs::record
