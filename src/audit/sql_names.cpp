#include "audit/sql_names.hpp"

#include <tallyfs/base/readable.hpp>

#include <algorithm>

namespace tallyfs::audit {

namespace {

std::string doubled(std::string_view text, char quote) {
    std::string made(1, quote);
    for (const char c : text) {
        if (c == quote) made += c;
        made += c;
    }
    return made + quote;
}

}  // namespace

std::string quoted_identifier(std::string_view name) {
    return doubled(name, '"');
}

std::string quoted_literal(std::string_view text) {
    if (text.find('\\') == std::string_view::npos) return doubled(text, '\'');
    std::string escaped;
    for (const char c : text) {
        if (c == '\\') escaped += c;
        escaped += c;
    }
    return "E" + doubled(escaped, '\'');
}

std::optional<std::string> connect_command(std::string_view database) {
    const auto ends_line = [](char c) { return c == '\n' || c == '\r' || c == '\0'; };
    if (std::ranges::any_of(database, ends_line)) return std::nullopt;
    // A value of a connection string: psql would take a plain name that holds "=" for one.
    std::string value;
    for (const char c : database) {
        if (c == '\'' || c == '\\') value += '\\';
        value += c;
    }
    return "\\connect -reuse-previous=on " + doubled("dbname='" + value + "'", '"');
}

std::string comment(std::string_view text) {
    return wrapped(ascii(text), "-- ");
}

}  // namespace tallyfs::audit
