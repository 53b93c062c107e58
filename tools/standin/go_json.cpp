#include "go_json.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace tallyfs::standin {
namespace {

bool equal_fold(std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
               const auto lower = [](char c) {
                   return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
               };
               return lower(x) == lower(y);
           });
}

std::string syntax_error(std::string_view text, std::size_t offset) {
    if (offset >= text.size()) return "unexpected EOF";
    const char c = text[offset];
    std::string_view place = "looking for beginning of value";
    const auto before = text.substr(0, offset).find_last_not_of(" \t\r\n");
    if (before != std::string_view::npos) {
        const char previous = text[before];
        if (previous == '{') place = "looking for beginning of object key string";
        if (previous == '"') place = "after object key";
        if (previous == ',') {
            const bool object = text.substr(0, offset).rfind('{') != std::string_view::npos;
            if (object) place = "looking for beginning of object key string";
        }
    }
    return "invalid character '" + std::string(1, c) + "' " + std::string(place);
}

void append_sorted(std::string& out, const json::value& value);

void append_object(std::string& out, const json::object& object) {
    std::vector<const json::key_value_pair*> members;
    for (const auto& pair : object) members.push_back(&pair);
    std::sort(members.begin(), members.end(),
              [](const auto* a, const auto* b) { return a->key() < b->key(); });
    out += '{';
    bool first = true;
    for (const auto* pair : members) {
        if (!first) out += ',';
        first = false;
        out += quote(pair->key());
        out += ':';
        append_sorted(out, pair->value());
    }
    out += '}';
}

void append_sorted(std::string& out, const json::value& value) {
    if (const auto* object = value.if_object()) {
        append_object(out, *object);
    } else if (const auto* array = value.if_array()) {
        out += '[';
        bool first = true;
        for (const auto& element : *array) {
            if (!first) out += ',';
            first = false;
            append_sorted(out, element);
        }
        out += ']';
    } else if (const auto* text = value.if_string()) {
        out += quote(*text);
    } else {
        out += json::serialize(value);
    }
}

}  // namespace

parsed parse(std::string_view text) {
    json::parse_options options;
    options.allow_invalid_utf8 = true;
    options.max_depth = 10000;
    json::stream_parser parser({}, options);
    boost::system::error_code error;
    const auto used = parser.write_some(text.data(), text.size(), error);
    if (!error && !parser.done()) parser.finish(error);
    if (error) return {nullptr, text.empty() ? "EOF" : syntax_error(text, used)};
    return {parser.release(), {}};
}

const json::value* member(const json::object& object, std::string_view key) {
    const json::value* found = nullptr;
    for (const auto& pair : object) {
        if (equal_fold(pair.key(), key)) found = &pair.value();
    }
    return found != nullptr && found->is_null() ? nullptr : found;
}

std::string text_member(const json::object& object, std::string_view key) {
    const auto* value = member(object, key);
    if (value == nullptr || !value->is_string()) return {};
    return std::string(value->get_string());
}

std::optional<std::int64_t> integer_member(const json::object& object, std::string_view key) {
    const auto* value = member(object, key);
    if (value == nullptr) return std::nullopt;
    if (value->is_int64()) return value->get_int64();
    if (value->is_double() && std::abs(value->get_double()) < 1e15) {
        return static_cast<std::int64_t>(value->get_double());
    }
    return std::nullopt;
}

std::optional<bool> boolean_member(const json::object& object, std::string_view key) {
    const auto* value = member(object, key);
    if (value == nullptr || !value->is_bool()) return std::nullopt;
    return value->get_bool();
}

std::string_view go_type(const json::value& value) {
    switch (value.kind()) {
        case json::kind::object:
            return "object";
        case json::kind::array:
            return "array";
        case json::kind::string:
            return "string";
        case json::kind::bool_:
            return "bool";
        default:
            return "number";
    }
}

std::string quote(std::string_view text) {
    constexpr std::string_view hex = "0123456789abcdef";
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\r') {
            out += "\\r";
        } else if (c == '\t') {
            out += "\\t";
        } else if (byte < 0x20 || c == '<' || c == '>' || c == '&') {
            out += "\\u00";
            out += hex[byte >> 4];
            out += hex[byte & 15];
        } else {
            out += c;
        }
    }
    return out += '"';
}

std::string write_sorted(const json::value& value) {
    std::string out;
    append_sorted(out, value);
    return out;
}

}  // namespace tallyfs::standin
