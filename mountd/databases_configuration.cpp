#include "mountd/databases_configuration.hpp"

#include "mountd/table_reader.hpp"

#include <tallyfs/health/registration_text.hpp>

#include <algorithm>

namespace tallyfs::mountd {

namespace {

constexpr std::string_view source_name = "tallyfs.toml";
constexpr std::size_t credentials_max = 64;
constexpr std::size_t hosts_max = 1'000;
constexpr std::size_t role_bytes_max = 63;  // of PostgreSQL (NAMEDATALEN)
constexpr std::size_t query_bytes_max = 16 * 1024;
constexpr std::int64_t valid_seconds_max = 86'400;
constexpr std::int64_t every_seconds_min = 60;
constexpr std::int64_t every_seconds_max = 86'400;

/// `fields` are given already; the others are taken from the table.
health::registration read_registration(table_reader& table,
                                       std::vector<health::registration_field> fields) {
    for (const auto known : health::registration_field_names()) {
        const std::string name(known);
        if (std::ranges::find(fields, name, &health::registration_field::name) != fields.end())
            continue;
        std::string value;
        if (name == "port") {
            std::int64_t port = 5432;
            table.take(name.c_str(), port);
            value = std::to_string(port);
        } else if (name == "active") {
            bool active = true;
            table.take(name.c_str(), active);
            value = active ? "yes" : "no";
        } else if (name == "tags") {
            std::vector<std::string> tags;
            table.take_names(name.c_str(), tags);
            for (const auto& tag : tags) value += (value.empty() ? "" : ",") + tag;
        } else {
            table.take(name.c_str(), value);
        }
        fields.push_back({name, value});
    }
    auto made = health::registration_of(fields);
    if (!made) {
        table.finish();  // what is missing may be there, mistyped
        const auto& problem = made.error().sentence;
        const auto end = std::min(problem.find(' '), problem.size());
        table.wrong(problem.substr(0, end).c_str(),
                    problem.substr(std::min(end + 1, problem.size())));
    }
    made->source = source_name;
    return std::move(*made);
}

std::string problem_of_pattern(const std::string& host) {
    if (!host.starts_with("*")) return health::problem_of_host(host);
    const auto domain = std::string_view(host).substr(1);
    const bool fits = domain.starts_with('.') && domain.size() > 1 &&
                      domain.find('*') == std::string_view::npos &&
                      health::problem_of_host(domain.substr(1)).empty();
    return fits ? "" : "is no name such as \"*.db.example\"";
}

postgres::credential read_credential(table_reader& table) {
    postgres::credential made;
    std::int64_t valid = 0;
    table.take("name", made.name);
    table.take("role", made.role);
    table.take("password_file", made.password_file);
    table.take("password_env", made.password_variable);
    table.take("password_command", made.password_command);
    table.take("password_valid_seconds", valid);
    table.take_names("hosts", made.hosts);
    table.require(made.name, "name");
    table.require(made.role, "role");
    if (!health::is_plain_name(made.name))
        table.wrong("name", "must be one word of letters, digits, '.', '_' and '-'");
    if (made.role.size() > role_bytes_max || made.role.find('\0') != std::string::npos)
        table.wrong("role", "must be the name of a role, at most 63 bytes");
    const int ways = static_cast<int>(!made.password_file.empty()) +
                     static_cast<int>(!made.password_variable.empty()) +
                     static_cast<int>(!made.password_command.empty());
    if (ways > 1)
        table.wrong("password_file", "is one of password_file, password_env and password_command");
    if (made.password_command.find('\0') != std::string::npos)
        table.wrong("password_command", "must be a command of a shell");
    if (valid > valid_seconds_max) table.wrong("password_valid_seconds", "must be 0 to 86400");
    if (valid > 0 && made.password_command.empty())
        table.wrong("password_valid_seconds", "is about what a password_command prints");
    made.password_valid = std::chrono::seconds(valid);
    if (made.hosts.size() > hosts_max) table.wrong("hosts", "holds more than 1,000");
    for (const auto& host : made.hosts) {
        if (const auto problem = problem_of_pattern(host); !problem.empty())
            table.wrong("hosts", "holds \"" + host + "\", which " + problem);
    }
    return made;
}

postgres::inventory read_inventory(table_reader& table) {
    postgres::inventory made;
    std::int64_t every = made.every.count();
    table.take("query", made.query);
    table.take("every_seconds", every);
    made.where = read_registration(table, {{"env", "prod"},
                                           {"cluster", "inventory"},
                                           {"remedies_credential", ""},
                                           {"owner", ""},
                                           {"tags", ""},
                                           {"migrations", ""},
                                           {"active", ""}});
    table.require(made.query, "query");
    if (made.query.size() > query_bytes_max || made.query.find('\0') != std::string::npos)
        table.wrong("query", "must be one query of at most 16 KiB");
    if (every < every_seconds_min || every > every_seconds_max)
        table.wrong("every_seconds", "must be 60 to 86400");
    made.every = std::chrono::seconds(every);
    return made;
}

}  // namespace

void read_databases(table_reader& reader, options& into) {
    auto& given = into.databases;
    std::string file;
    reader.take("registry_file", file);
    given.file = file;
    reader.take_tables("credentials", [&](table_reader& table) {
        auto made = read_credential(table);
        if (std::ranges::find(given.credentials, made.name, &postgres::credential::name) !=
            given.credentials.end())
            table.wrong("name", "\"" + made.name + "\" is there twice");
        if (given.credentials.size() == credentials_max)
            table.wrong("name", "is one too many: at most 64");
        given.credentials.push_back(std::move(made));
    });
    reader.take_tables("databases", [&](table_reader& table) {
        if (given.databases.size() == health::registrations_max)
            table.wrong("database", "is one too many: at most 5,000");
        given.databases.push_back(read_registration(table, {}));
    });
    reader.take_tables("inventory",
                       [&](table_reader& table) { given.inventory = read_inventory(table); });
}

}  // namespace tallyfs::mountd
