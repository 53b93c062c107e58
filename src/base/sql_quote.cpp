#include <tallyfs/base/sql_quote.hpp>

namespace tallyfs {

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

}  // namespace tallyfs
