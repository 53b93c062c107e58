#include <tallyfs/base/nearest.hpp>
#include <tallyfs/base/text.hpp>
#include <tallyfs/health/registration_text.hpp>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace tallyfs::health {

namespace {

constexpr std::size_t database_bytes_max = 63;  // of PostgreSQL (NAMEDATALEN)
constexpr std::size_t path_bytes_max = 512;
constexpr std::size_t owner_bytes_max = 100;
constexpr std::size_t tags_max = 16;
constexpr std::size_t tag_bytes_max = 40;

constexpr std::string_view where_passwords_are =
    "passwords are not written here: credential=NAME names one of [[credentials]] in the "
    "configuration, which says where its password comes from (password_file, password_env or "
    "password_command)";

/// One place of a list on which reading and writing agree. `read` returns what is wrong or "".
struct definition {
    std::string_view name;
    bool required;
    std::string (*read)(std::string_view value, registration& into);
    std::string (*write)(const registration& from);  ///< "" for what holds when nothing is said
};

std::string read_environment(std::string_view value, registration& into) {
    into.cluster.environment = value;
    if (std::ranges::find(environments, value) != environments.end()) return "";
    return "is none of prod, uat, qa, dev" + did_you_mean(value, environments);
}

std::string read_name(std::string_view value, std::string& into) {
    into = value;
    if (is_plain_name(value)) return "";
    return "is not one word of letters, digits, '.', '_' and '-' that begins with a letter or a "
           "digit, at most 63";
}

std::string read_database(std::string_view value, registration& into) {
    into.database = value;
    if (value.size() > database_bytes_max) return "is longer than 63 bytes";
    for (const std::string_view ending : {".txt", ".csv", ".json", ".md"}) {
        if (value.ends_with(ending)) return "ends like a file of the directory it would stand in";
    }
    return "";
}

std::string read_port(std::string_view value, registration& into) {
    const auto* const end = value.data() + value.size();
    const auto read = std::from_chars(value.data(), end, into.port);
    const bool whole = read.ec == std::errc{} && read.ptr == end && into.port != 0;
    return whole ? "" : "is no number from 1 to 65535";
}

std::string read_path(std::string_view value, std::string& into) {
    into = value;
    const bool fits = value.starts_with('/') && value.size() <= path_bytes_max &&
                      value.find_first_of("\"\\") == std::string_view::npos;
    return fits ? "" : "is no absolute path of at most 512 bytes without quotes";
}

std::string read_owner(std::string_view value, registration& into) {
    into.owner = value;
    const bool fits =
        value.size() <= owner_bytes_max && value.find_first_of("\"\\") == std::string_view::npos;
    return fits ? "" : "is longer than 100 bytes, or has quotes";
}

std::string read_tags(std::string_view value, registration& into) {
    into.tags.clear();
    for (bool more = true; more;) {
        const auto end = value.find(',');
        more = end != std::string_view::npos;
        const auto tag = value.substr(0, end);
        if (tag.empty() || tag.size() > tag_bytes_max || into.tags.size() == tags_max ||
            tag.find_first_of(" \"\\") != std::string_view::npos) {
            return "are at most 16 words of at most 40 bytes, with a comma between them and no "
                   "blanks or quotes";
        }
        into.tags.emplace_back(tag);
        value.remove_prefix(more ? end + 1 : value.size());
    }
    return "";
}

std::string write_tags(const registration& from) {
    std::string text;
    for (const auto& tag : from.tags) text += (text.empty() ? "" : ",") + tag;
    return text;
}

/// "t" and "f" are how PostgreSQL writes what is true.
std::string read_active(std::string_view value, registration& into) {
    const auto is_one_of = [&](std::initializer_list<std::string_view> words) {
        return std::ranges::find(words, value) != words.end();
    };
    into.active = is_one_of({"yes", "true", "t"});
    return into.active || is_one_of({"no", "false", "f"}) ? "" : "is neither yes nor no";
}

using text = std::string_view;

constexpr std::array<definition, 13> definitions{{
    {"env", true, read_environment, [](const registration& r) { return r.cluster.environment; }},
    {"cluster", true,
     [](text value, registration& r) { return read_name(value, r.cluster.cluster); },
     [](const registration& r) { return r.cluster.cluster; }},
    {"database", true, read_database, [](const registration& r) { return r.database; }},
    {"host", true,
     [](text value, registration& r) {
         r.host = value;
         return problem_of_host(value);
     },
     [](const registration& r) { return r.host; }},
    {"port", false, read_port, [](const registration& r) { return std::to_string(r.port); }},
    {"credential", true, [](text value, registration& r) { return read_name(value, r.credential); },
     [](const registration& r) { return r.credential; }},
    {"remedies_credential", false,
     [](text value, registration& r) { return read_name(value, r.remedies_credential); },
     [](const registration& r) { return r.remedies_credential; }},
    {"tls", false,
     [](text value, registration& r) -> std::string {
         r.tls = value;
         if (is_tls_mode(value)) return "";
         return "is none of disable, allow, prefer, require, verify-ca, verify-full";
     },
     [](const registration& r) { return r.tls; }},
    {"tls_root_file", false,
     [](text value, registration& r) { return read_path(value, r.tls_root_file); },
     [](const registration& r) { return r.tls_root_file; }},
    {"owner", false, read_owner, [](const registration& r) { return r.owner; }},
    {"tags", false, read_tags, write_tags},
    {"migrations", false,
     [](text value, registration& r) { return read_path(value, r.migrations); },
     [](const registration& r) { return r.migrations; }},
    {"active", false, read_active,
     [](const registration& r) { return std::string(r.active ? "" : "no"); }},
}};

constexpr auto names = [] {
    std::array<std::string_view, definitions.size()> all{};
    std::ranges::transform(definitions, all.begin(), &definition::name);
    return all;
}();

/// A URL, a connection string, or a name under which a password would be given.
bool may_hold_password(const registration_field& field) {
    const auto name = to_lower(field.name);
    const auto value = to_lower(field.value);
    const auto in_name = [&](text word) { return name.find(word) != text::npos; };
    const auto in_value = [&](text word) { return value.find(word) != text::npos; };
    const auto scheme = value.find("://");
    return in_name("pass") || in_name("pwd") || in_name("secret") || in_name("token") ||
           name == "url" || name == "uri" || name == "dsn" || name == "conninfo" ||
           in_name("://") || in_value("postgres://") || in_value("postgresql://") ||
           in_value("password=") || (scheme != text::npos && value.find('@', scheme) != text::npos);
}

/// What would be no text of one line, as it is seen.
bool is_clean(text value) {
    for (std::size_t at = 0; at < value.size();) {
        const auto length = utf8_length(value, at);
        const auto byte = static_cast<unsigned char>(value[at]);
        if (length == 0 || byte < 0x20 || byte == 0x7f) return false;
        if (is_invisible(value.substr(at, length))) return false;
        at += length;
    }
    return !value.starts_with(' ') && !value.ends_with(' ');
}

/// Quotes a name only where it cannot be something that was meant to be secret.
std::string unknown_name(text name) {
    const bool shown = is_plain_name(name);
    const auto subject = shown ? std::string(name) + " is unknown" : "a name is unknown";
    if (const auto near = did_you_mean(name, names); shown && !near.empty()) return subject + near;
    std::string all;
    for (const auto known : names) all += (all.empty() ? "" : ", ") + std::string(known);
    return subject + "; there are " + all;
}

}  // namespace

void throw_exception_from_error(const registration_problem& why, const boost::source_location&) {
    throw std::runtime_error(why.sentence);
}

std::span<const std::string_view> registration_field_names() noexcept {
    return names;
}

std::string problem_of_columns(std::span<const std::string> columns) {
    for (auto name = columns.begin(); name != columns.end(); ++name) {
        if (may_hold_password({*name, ""})) return std::string(where_passwords_are);
        if (std::ranges::find(names, *name) == names.end()) return unknown_name(*name);
        if (std::find(std::next(name), columns.end(), *name) != columns.end())
            return *name + " is there twice";
    }
    for (const auto& one : definitions) {
        if (one.required && std::ranges::find(columns, one.name) == columns.end())
            return "the column " + std::string(one.name) + " is missing";
    }
    return "";
}

registration_outcome<registration> registration_of(std::span<const registration_field> fields) {
    registration made;
    std::array<bool, definitions.size()> given{};
    for (const auto& field : fields) {
        if (may_hold_password(field)) return registration_problem{std::string(where_passwords_are)};
        const auto place = std::ranges::find(definitions, field.name, &definition::name);
        if (place == definitions.end()) return registration_problem{unknown_name(field.name)};
        if (field.value.empty()) continue;
        auto& seen = given[static_cast<std::size_t>(place - definitions.begin())];
        const std::string name(place->name);
        if (seen) return registration_problem{name + " is there twice"};
        seen = true;
        if (!is_clean(field.value)) {
            return registration_problem{name +
                                        " has blanks around it, or characters that cannot "
                                        "be seen"};
        }
        if (auto wrong = place->read(field.value, made); !wrong.empty()) {
            return registration_problem{name + " " + wrong};
        }
    }
    for (std::size_t at = 0; at < definitions.size(); ++at) {
        if (!definitions[at].required || given[at]) continue;
        return registration_problem{std::string(definitions[at].name) + " is missing"};
    }
    return made;
}

std::string canonical_text(const registration& what) {
    std::string line;
    for (const auto& one : definitions) {
        const auto value = one.write(what);
        if (value.empty()) continue;
        line += (line.empty() ? "" : " ") + std::string(one.name) + "=";
        if (value.find_first_of(" \"\\") == std::string::npos) {
            line += value;
            continue;
        }
        line += '"';
        for (const char c : value) {
            if (c == '"' || c == '\\') line += '\\';
            line += c;
        }
        line += '"';
    }
    return line;
}

}  // namespace tallyfs::health
