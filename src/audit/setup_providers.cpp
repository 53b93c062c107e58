#include "audit/audited.hpp"
#include "audit/setup_parts.hpp"
#include "audit/sql_names.hpp"

#include <algorithm>
#include <utility>

namespace tallyfs::audit {

namespace {

using parameters = std::vector<std::pair<std::string, std::string>>;

/// A line to be copied: it is not wrapped.
std::string command(const std::string& text) {
    return "--   " + text + "\n";
}

std::string libraries_text(const server_facts& server) {
    const auto found = server.settings.find("shared_preload_libraries");
    std::string text;
    if (found != server.settings.end()) {
        for (const auto& one : elements_of(found->second)) {
            const auto is_plain = [](char c) {
                return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
            };
            // A provider has no library of another name; nothing that a shell would read gets in.
            if (one != "pgaudit" && std::ranges::all_of(one, is_plain)) text += one + ",";
        }
    }
    return text + "pgaudit";
}

std::string rds(const server_facts& server) {
    std::string out;
    const auto parameter = [&](const char* name, const std::string& value, const char* when) {
        out += command(
            "aws rds modify-db-parameter-group --db-parameter-group-name \"$GROUP\" "
            "--parameters \"[{\\\"ParameterName\\\":\\\"" +
            std::string(name) + "\\\",\\\"ParameterValue\\\":\\\"" + value +
            "\\\",\\\"ApplyMethod\\\":\\\"" + when + "\\\"}]\"");
    };
    if (!server.preloaded) {
        parameter("shared_preload_libraries", libraries_text(server), "pending-reboot");
        parameter("pgaudit.role", "rds_pgaudit", "pending-reboot");
        out += command("aws rds reboot-db-instance --db-instance-identifier \"$INSTANCE\"");
    }
    if (!mended_destination(server).empty()) {
        parameter("log_destination", "csvlog", "immediate");
    }
    if (hides_lines(server)) parameter("log_min_messages", "warning", "immediate");
    return out;
}

std::string cloud_sql(const server_facts& server) {
    parameters flags;
    if (!server.preloaded) flags.emplace_back("cloudsql.enable_pgaudit", "on");
    if (hides_lines(server)) flags.emplace_back("log_min_messages", "warning");
    if (flags.empty()) return "";
    std::string text;
    for (const auto& [name, value] : flags) {
        text += (text.empty() ? "" : ",") + name + "=" + value;
    }
    return comment(
               "The command takes all flags that the instance is to have: add those that it has"
               " (gcloud sql instances describe \"$INSTANCE\"). It may restart it.") +
           command("gcloud sql instances patch \"$INSTANCE\" --database-flags=\"" + text + "\"");
}

std::string azure(const server_facts& server) {
    std::string out;
    const auto parameter = [&](const char* name, const std::string& value) {
        out += command(
            "az postgres flexible-server parameter set --resource-group \"$GROUP\" "
            "--server-name \"$SERVER\" --name " +
            std::string(name) + " --value \"" + value + "\"");
    };
    if (!server.preloaded) {
        out += comment("azure.extensions has to allow PGAUDIT beside what it allows already.");
        parameter("azure.extensions", "PGAUDIT");
        parameter("shared_preload_libraries", libraries_text(server));
        out += command(
            "az postgres flexible-server restart --resource-group \"$GROUP\" --name \"$SERVER\"");
    }
    if (hides_lines(server)) parameter("log_min_messages", "WARNING");
    return out;
}

}  // namespace

std::string provider_script(const server_facts& server) {
    std::string lines;
    if (server.provider == "rds") lines = rds(server);
    if (server.provider == "cloudsql") lines = cloud_sql(server);
    if (server.provider == "azure") lines = azure(server);
    if (lines.empty()) return "";
    return comment("The server is a provider's: what its files say is set in a shell.") + lines;
}

}  // namespace tallyfs::audit
