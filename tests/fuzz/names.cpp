// Text from outside where it becomes a file's name, JSON, CSV or a label: always well-formed,
// and different names stay different. Formats: tallyfs/base/text.hpp.
#include "fuzz/fuzz.hpp"
#include "fuzz/targets.hpp"

#include <tallyfs/base/error.hpp>
#include <tallyfs/base/limits.hpp>
#include <tallyfs/base/text.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <proxy/caller_label.hpp>

#include <algorithm>

namespace tallyfs::fuzz {

namespace {

bool is_utf8(std::string_view text) {
    // A strict parser of JSON checks its texts; what JSON escapes is ASCII, and replaced.
    std::string document = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        document += byte < 0x20 || c == '"' || c == '\\' ? '?' : c;
    }
    document += '"';
    error_code error;
    (void)boost::json::parse(document, error);
    return !error;
}

bool has_control(std::string_view text) {
    return std::ranges::any_of(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string decoded(std::string_view name) {
    if (name == "%") return {};
    std::string out;
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (name[i] != '%') {
            out += name[i];
            continue;
        }
        require(i + 2 < name.size(), "an escape has two digits");
        out += static_cast<char>(std::stoi(std::string(name.substr(i + 1, 2)), nullptr, 16));
        i += 2;
    }
    return out;
}

void check_name(std::string_view text) {
    constexpr std::size_t name_bytes_max = 255;
    const auto name = encode_name(text);
    require(!name.empty() && name.size() <= name_bytes_max, "a name has 1 to 255 bytes");
    require(name.find('/') == name.npos && !name.starts_with('.'), "a name is one step of a path");
    require(!has_control(name) && is_utf8(name), "a name can be shown");
    // Cut names end in a hash of the whole.
    const bool cut = name.size() > name_bytes_max - 16;
    if (!cut) require(decoded(name) == text, "a name can be read back");
}

void check_json(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    require(!has_control(out), "a JSON string has no control characters");
    error_code error;
    const auto value = boost::json::parse(out, error);
    require(!error && value.is_string(), "a JSON string is one");
    const std::string_view read(value.get_string().data(), value.get_string().size());
    if (is_utf8(text)) require(read == text, "a JSON string says what it was made of");
    std::string again;
    append_json_string(again, read);
    require(again == out, "what was read is written as it was");
}

/// Reads one field as RFC 4180 describes it.
void check_csv(std::string_view text) {
    std::string field;
    append_csv_field(field, text);
    if (!field.starts_with('"')) {
        require(field == text && field.find_first_of(",\r\n\"") == field.npos,
                "a bare field is its text");
        return;
    }
    require(field.size() >= 2 && field.ends_with('"'), "a quoted field ends with a quote");
    std::string read;
    for (std::size_t i = 1; i + 1 < field.size(); ++i) {
        read += field[i];
        if (field[i] != '"') continue;
        ++i;
        require(i + 1 < field.size() && field[i] == '"', "a quote in a field stands twice");
    }
    require(read == text, "a quoted field says what it was made of");
}

void check_label(std::string_view text) {
    const auto label = proxy::clean_label(text);
    if (!label) return;
    require(!label->empty() && label->size() <= limits::label_bytes_max, "a label is bounded");
    require(!has_control(*label) && is_utf8(*label), "a label can be shown");
    require(!label->starts_with(' ') && !label->ends_with(' '), "a label has no blanks around it");
    require(proxy::clean_label(*label) == label, "a clean label stays as it is");
}

}  // namespace

void names(std::string_view input) {
    check_name(input);
    check_json(input);
    check_csv(input);
    check_label(input);
    for (const std::size_t bytes_max : {std::size_t{1}, std::size_t{3}, input.size() / 2}) {
        const auto clipped = clip_utf8(input, bytes_max);
        require(clipped.size() <= bytes_max && input.starts_with(clipped), "clipping shortens");
        if (is_utf8(input)) require(is_utf8(clipped), "no character is cut in two");
    }
    const auto one = take_until(input, '\n');
    require((one == input) == (encode_name(one) == encode_name(input)),
            "different names stay different");
    require(equal_ignoring_case(one, input) == (to_lower(one) == to_lower(input)),
            "case is ignored in one way");
}

}  // namespace tallyfs::fuzz
