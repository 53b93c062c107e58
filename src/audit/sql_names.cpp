#include "audit/sql_names.hpp"

#include <tallyfs/base/readable.hpp>
#include <tallyfs/base/sql_quote.hpp>

#include <algorithm>

namespace tallyfs::audit {

std::optional<std::string> connect_command(std::string_view database) {
    const auto ends_line = [](char c) { return c == '\n' || c == '\r' || c == '\0'; };
    if (std::ranges::any_of(database, ends_line)) return std::nullopt;
    // A value of a connection string: psql would take a plain name that holds "=" for one.
    std::string value;
    for (const char c : database) {
        if (c == '\'' || c == '\\') value += '\\';
        value += c;
    }
    return "\\connect -reuse-previous=on " + quoted_identifier("dbname='" + value + "'");
}

std::string comment(std::string_view text) {
    return wrapped(ascii(text), "-- ");
}

}  // namespace tallyfs::audit
