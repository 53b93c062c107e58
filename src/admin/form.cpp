#include "admin/form.hpp"

#include <tallyfs/base/hex.hpp>

namespace tallyfs::admin {

namespace {

constexpr std::size_t fields_max = 20;

std::optional<std::string> decoded(std::string_view text) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '+') {
            plain += ' ';
        } else if (text[at] != '%') {
            plain += text[at];
        } else {
            if (at + 2 >= text.size()) return std::nullopt;
            const int value = hex_value(text[at + 1]) * 16 | hex_value(text[at + 2]);
            if (hex_value(text[at + 1]) < 0 || hex_value(text[at + 2]) < 0) return std::nullopt;
            plain += static_cast<char>(value);
            at += 2;
        }
    }
    return plain;
}

}  // namespace

std::optional<form> parse_form(std::string_view text) {
    form fields;
    while (!text.empty()) {
        const auto end = std::min(text.find('&'), text.size());
        const auto pair = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const auto equals = std::min(pair.find('='), pair.size());
        const auto name = decoded(pair.substr(0, equals));
        const auto value = decoded(pair.substr(std::min(equals + 1, pair.size())));
        if (!name || !value || fields.size() >= fields_max) return std::nullopt;
        if (!fields.try_emplace(*name, *value).second) return std::nullopt;
    }
    return fields;
}

std::string decision_of(const form& fields) {
    const auto value = [&](const char* name) {
        const auto place = fields.find(name);
        return place != fields.end() ? place->second : std::string();
    };
    const auto word = value("decision");
    if (word == "reject") return "reject: " + value("reason");
    if (word != "approve") return word;
    return value("code").empty() ? "approve" : "approve " + value("code");
}

std::optional<std::string> query_value(std::string_view target, std::string_view name) {
    const auto mark = target.find('?');
    if (mark == std::string_view::npos) return std::nullopt;
    const auto fields = parse_form(target.substr(mark + 1));
    if (!fields) return std::nullopt;
    const auto place = fields->find(name);
    return place != fields->end() ? std::optional(place->second) : std::nullopt;
}

std::string escape_html(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

}  // namespace tallyfs::admin
