#include "audit/setup_parts.hpp"

#include "audit/audited.hpp"
#include "audit/sql_names.hpp"

#include <tallyfs/base/sql_quote.hpp>

#include <algorithm>
#include <set>

namespace tallyfs::audit {

namespace {

constexpr std::int32_t version_with_jsonlog = 150'000;
/// pgAudit 1.6 is of PostgreSQL 14.
constexpr std::int32_t version_with_log_rows = 140'000;
/// Settings that gaps_of() knows: each is mended once.
constexpr int gaps_max = 7;

std::string value_of(const server_facts& server, const std::string& name) {
    const auto found = server.settings.find(name);
    return found == server.settings.end() ? "" : found->second;
}

/// The statements after which nothing of the role is unlogged. One can bring out the next gap: only
/// who writes lines at all can lack rows in them.
std::string role_script(const server_facts& server, const role_facts& role) {
    auto mended = role.settings;
    std::vector<std::string> places{""};  // what is set everywhere mends most of the rest
    for (const auto& [database, settings] : mended.in_databases) places.push_back(database);
    std::string out;
    for (const auto& place : places) {
        auto& own = place.empty() ? mended.everywhere : mended.in_databases[place];
        const auto begin = "ALTER ROLE " + quoted_identifier(role.name) +
                           (place.empty() ? "" : " IN DATABASE " + quoted_identifier(place)) +
                           " SET ";
        for (int round = 0; round < gaps_max; ++round) {
            const auto gaps = gaps_of(server, mended, place);
            if (gaps.empty()) break;
            const auto& [check, how_bad, setting, what, value] = gaps.front();
            out += begin + setting + " = " + quoted_literal(value) + ";\n";
            own[setting] = value;
        }
    }
    return out;
}

}  // namespace

std::vector<std::string> elements_of(std::string_view list) {
    std::vector<std::string> all;
    std::string one;
    bool quoted = false;
    const auto end = [&] {
        if (!one.empty()) all.push_back(std::move(one));
        one.clear();
    };
    for (const char c : list) {
        if (c == '"') {
            quoted = !quoted;
        } else if (c == ',' && !quoted) {
            end();
        } else if (quoted || (c != ' ' && c != '\t' && c != '\n')) {
            one += c;
        }
    }
    end();
    return all;
}

server_facts as_if_mended(const server_facts& server) {
    auto made = server;
    if (hides_lines(server)) made.settings["log_min_messages"] = "warning";
    if (made.preloaded) return made;
    made.settings["pgaudit.log"] = "none";
    if (made.version >= version_with_log_rows) made.settings["pgaudit.log_rows"] = "off";
    return made;
}

std::string roles_script(const setup_input& of, const server_facts& server) {
    const std::set<std::string> people(of.people.begin(), of.people.end());
    std::string out;
    for (const auto& role : server.roles) {
        if (role.person || people.contains(role.name)) out += role_script(server, role);
    }
    return out;
}

std::string mended_destination(const server_facts& server) {
    const auto now = elements_of(value_of(server, "log_destination"));
    std::string text;
    for (const auto& one : now) {
        if (one == "csvlog" || one == "jsonlog") return "";
        text += one + ",";
    }
    return text + (server.version >= version_with_jsonlog ? "jsonlog" : "csvlog");
}

bool hides_lines(const server_facts& server) {
    const auto least = value_of(server, "log_min_messages");
    return !least.empty() && (!is_logged("log", least) || !is_logged("error", least));
}

std::string system_script(const server_facts& server, bool& restart) {
    std::string out;
    if (!server.preloaded && !server.settings.contains("shared_preload_libraries")) {
        out += comment(
            "pgAudit has to be loaded when the server starts. What is loaded now is hidden from"
            " tallyfs: add pgaudit to shared_preload_libraries by hand, or run what comes last"
            " here, and this file again as it is then.");
    } else if (!server.preloaded) {
        auto libraries = elements_of(value_of(server, "shared_preload_libraries"));
        std::erase(libraries, "pgaudit");
        out += comment("pgAudit has to be loaded when the server starts: restart it afterwards.");
        out += "ALTER SYSTEM SET shared_preload_libraries = ";
        for (const auto& one : libraries) out += quoted_literal(one) + ", ";
        out += "'pgaudit';\n";
        restart = true;
    }
    if (const auto destination = mended_destination(server); !destination.empty()) {
        out += comment("A log in which no client can forge a line.");
        out += "ALTER SYSTEM SET log_destination = " + quoted_literal(destination) + ";\n";
    }
    if (!is_on(value_of(server, "logging_collector"))) {
        out += comment("It writes csvlog and jsonlog: restart the server afterwards.");
        out += "ALTER SYSTEM SET logging_collector = on;\n";
        restart = true;
    }
    if (hides_lines(server)) {
        out +=
            comment("What the server leaves out of its log has pgAudit's lines in it, or errors.");
        out += "ALTER SYSTEM SET log_min_messages = 'warning';\n";
    }
    return out;
}

}  // namespace tallyfs::audit
