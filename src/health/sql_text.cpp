#include <tallyfs/base/sql_quote.hpp>
#include <tallyfs/health/sql_text.hpp>

#include <algorithm>

namespace tallyfs::health {

namespace {

/// NAMEDATALEN - 1 of a server as it is built everywhere.
constexpr std::size_t name_bytes_max = 63;

bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= name_bytes_max && std::ranges::none_of(text, [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    });
}

/// Takes one name off the front of `text`.
std::optional<std::string> take_name(std::string_view& text) {
    std::string name;
    if (!text.starts_with('"')) {
        const auto end = std::min(text.find_first_of(".\""), text.size());
        name = text.substr(0, end);
        text.remove_prefix(end);
        return name;
    }
    for (std::size_t at = 1; at < text.size(); ++at) {
        if (text[at] == '"') {
            const bool is_doubled = at + 1 < text.size() && text[at + 1] == '"';
            if (!is_doubled) {
                text.remove_prefix(at + 1);
                return name;
            }
            ++at;
        }
        name += text[at];
    }
    return std::nullopt;  // the quote is not closed
}

std::string readable(const std::string& name) {
    return name.find_first_of(".\"") == std::string::npos ? name : quoted_identifier(name);
}

}  // namespace

std::string table_name::quoted() const {
    return quoted_identifier(schema) + "." + quoted_identifier(name);
}

std::string table_name::text() const {
    return readable(schema) + "." + readable(name);
}

std::optional<table_name> parse_table_name(std::string_view text) {
    const auto schema = take_name(text);
    if (!schema || !text.starts_with('.')) return std::nullopt;
    text.remove_prefix(1);
    const auto name = take_name(text);
    if (!name || !text.empty() || !is_name(*schema) || !is_name(*name)) return std::nullopt;
    return table_name{*schema, *name};
}

}  // namespace tallyfs::health
