#include <tallyfs/base/word_scanner.hpp>
#include <tallyfs/health/registration_text.hpp>

#include <algorithm>

namespace tallyfs::health {

namespace {

constexpr std::size_t name_bytes_max = 63;   // of a DNS label
constexpr std::size_t host_bytes_max = 253;  // of DNS
/// sockaddr_un takes 107 bytes, and libpq adds "/.s.PGSQL.65535".
constexpr std::size_t socket_directory_bytes_max = 92;

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool all_of_or(std::string_view text, std::string_view others) {
    return std::ranges::all_of(text, [&](char c) {
        return is_letter_or_digit(c) || others.find(c) != std::string_view::npos;
    });
}

}  // namespace

registration_outcome<registration> parse_registration(std::string_view text) {
    if (text.size() > registration_bytes_max) {
        return registration_problem{"a registration has at most 4096 bytes"};
    }
    std::vector<registration_field> fields;
    word_scanner words(text);
    for (words.skip_blanks(); !words.at_end(); words.skip_blanks()) {
        registration_field field;
        field.name = words.key();
        if (field.name.empty()) {
            // A URL is the likely one; it is told where passwords belong.
            if (text.find("://") != std::string_view::npos) field.name = "url";
            if (field.name.empty()) {
                return registration_problem{
                    "write words of key=value: env=prod cluster=orders-cl database=app "
                    "host=10.2.4.10 credential=monitor"};
            }
        } else if (!words.value(field.value)) {
            return registration_problem{
                "quotes go around a whole value, and \\ before a quote in it: owner=\"A team\""};
        }
        fields.push_back(std::move(field));
        if (fields.back().name == "url") break;
    }
    return registration_of(fields);
}

bool is_plain_name(std::string_view name) noexcept {
    return !name.empty() && name.size() <= name_bytes_max && is_letter_or_digit(name.front()) &&
           all_of_or(name, "._-");
}

bool is_tls_mode(std::string_view value) noexcept {
    constexpr std::array<std::string_view, 6> modes{"disable", "allow",     "prefer",
                                                    "require", "verify-ca", "verify-full"};
    return std::ranges::find(modes, value) != modes.end();
}

std::string problem_of_host(std::string_view host) {
    if (host.starts_with('/')) {
        const bool fits = host.size() <= socket_directory_bytes_max && all_of_or(host, "/._-");
        return fits ? "" : "is no directory of a Unix socket: at most 92 letters, digits, / . _ -";
    }
    const auto colons = std::ranges::count(host, ':');
    if (colons == 1) return "has a port: give it as port";
    const bool address =
        colons > 1 && host.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
    const bool name = colons == 0 && all_of_or(host, "._-") && is_letter_or_digit(host.front()) &&
                      !host.ends_with('.');
    if (host.size() <= host_bytes_max && (address || name)) return "";
    return "is no name, address, or directory of a Unix socket (one, not a list)";
}

}  // namespace tallyfs::health
