#include "mountd/audit_configuration.hpp"

#include "mountd/table_reader.hpp"

#include <tallyfs/audit/accounts.hpp>
#include <tallyfs/audit/log_reader.hpp>
#include <tallyfs/health/registration.hpp>

#include <algorithm>
#include <array>
#include <filesystem>

namespace tallyfs::mountd {

namespace {

constexpr std::int64_t every_seconds_min = 5;
constexpr std::int64_t every_seconds_max = 86'400;
constexpr std::size_t token_bytes_min = 16;
constexpr std::size_t servers_max = 300;

/// "prod/orders-cl", as a server stands in databases/.
void check_cluster(table_reader& table, const std::string& cluster) {
    const auto slash = cluster.find('/');
    const auto environment = cluster.substr(0, slash);
    const bool known =
        std::ranges::find(health::environments, environment) != std::end(health::environments);
    const bool fits =
        slash != std::string::npos && known && health::is_plain_name(cluster.substr(slash + 1));
    if (!fits)
        table.wrong("cluster",
                    "must be an environment and a name, such as \"prod/orders-cl\": the "
                    "environment is prod, uat, qa or dev");
}

void read_format(table_reader& table, trail::audited_server& into) {
    std::string format;
    table.take("format", format);
    table.take("log_line_prefix", into.log_line_prefix);
    try {
        static_cast<void>(audit::text_prefix(into.log_line_prefix));
    } catch (const std::invalid_argument& problem) {
        table.wrong("log_line_prefix", problem.what());
    }
    if (format.empty()) return;
    constexpr std::array formats{audit::log_format::text, audit::log_format::csv,
                                 audit::log_format::json};
    for (const auto one : formats) {
        if (format == to_string(one)) into.format = one;
    }
    if (!into.format) table.wrong("format", "must be text, csv or json; without it, it is seen");
}

trail::audited_server read_server(table_reader& table) {
    trail::audited_server made;
    std::string log;
    std::string archives;
    std::int64_t every = made.command_every.count();
    table.take("cluster", made.cluster);
    table.take("log", log);
    table.take("archives", archives);
    table.take("command", made.command);
    table.take("command_every_seconds", every);
    table.take("from_oldest", made.from_oldest);
    made.post_token = read_secret(table, "post_token");
    table.require(made.cluster, "cluster");
    check_cluster(table, made.cluster);
    read_format(table, made);
    for (const auto& [key, path] : {std::pair("log", &log), std::pair("archives", &archives)}) {
        if (!path->empty() && path->front() != '/')
            table.wrong(key, "must be a whole path, from / on");
    }
    made.log = log;
    made.archives = archives;
    if (made.command.find('\0') != std::string::npos)
        table.wrong("command", "must be a command of a shell");
    if (every < every_seconds_min || every > every_seconds_max)
        table.wrong("command_every_seconds", "must be 5 to 86400");
    made.command_every = std::chrono::seconds(every);
    if (!made.post_token.empty() && made.post_token.size() < token_bytes_min)
        table.wrong("post_token_file",
                    "holds a token of fewer than 16 characters, which can be guessed: "
                    "openssl rand -hex 16 > FILE");
    if (log.empty() && archives.empty() && made.command.empty() && made.post_token.empty())
        table.wrong("cluster", "has no log: give log, archives, command or post_token_file");
    return made;
}

}  // namespace

void read_audit(table_reader& reader, options& into) {
    auto& audit = into.audit;
    reader.take_tables("audit", [&](table_reader& table) {
        table.take_names("people", audit.people);
        table.take_names("services", audit.services);
        table.take("expected_needs_approval", audit.expected_needs_approval);
        for (const auto& [key, names] :
             {std::pair("people", &audit.people), std::pair("services", &audit.services)}) {
            if (const auto problem = audit::problem_of_accounts(*names); !problem.empty())
                table.wrong(key, problem);
        }
    });
    reader.take_tables("audit_servers", [&](table_reader& table) {
        auto made = read_server(table);
        if (std::ranges::find(audit.servers, made.cluster, &trail::audited_server::cluster) !=
            audit.servers.end())
            table.wrong("cluster", "\"" + made.cluster + "\" is there twice");
        if (audit.servers.size() == servers_max) table.wrong("cluster", "is one more than 300");
        audit.servers.push_back(std::move(made));
    });
}

std::vector<std::string> check_audit(const options& given) {
    std::vector<std::string> problems;
    const auto& audit = given.audit;
    for (const auto& one : audit.servers) {
        for (const auto& path : {one.log, one.archives}) {
            if (path.empty()) continue;
            std::error_code failure;
            const auto directory = path.parent_path();
            static_cast<void>(std::filesystem::directory_iterator(directory, failure));
            if (failure) {
                problems.push_back(
                    "the logs of " + one.cluster + " cannot be read: " + directory.string() + ": " +
                    failure.message() + " (the daemon's user has to be in the group that may)");
            }
        }
    }
    if (audit.servers.empty() && (!audit.people.empty() || !audit.services.empty())) {
        problems.push_back("[audit] has no effect without an [[audit_servers]]");
    }
    return problems;
}

}  // namespace tallyfs::mountd
