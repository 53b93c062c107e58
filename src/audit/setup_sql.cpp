#include "audit/audited.hpp"
#include "audit/setup_parts.hpp"
#include "audit/sql_names.hpp"

#include <tallyfs/base/sql_quote.hpp>

#include <algorithm>

namespace tallyfs::audit {

namespace {

/// What tallyfs comes as has no right but to see, and leaves lines only of its canaries.
std::string look_role_script(const setup_input& of) {
    if (of.look_role.empty()) return "";
    bool has_canary = false;
    if (of.server) {
        const auto role = std::ranges::find(of.server->roles, of.look_role, &role_facts::name);
        if (role != of.server->roles.end()) {
            const auto list =
                in_force(*of.server, role->settings, of.server->database, "pgaudit.log");
            const auto logged = list ? parse_classes(*list) : std::nullopt;
            has_canary = of.server->preloaded && logged && (*logged & classes::function) != 0;
        }
        if (has_canary && of.server->missing.empty()) return "";
    }
    const auto name = quoted_identifier(of.look_role);
    return comment("As whom tallyfs comes: it sees, and changes nothing.") +
           "SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = " +
           quoted_literal(of.look_role) +
           ") AS tallyfs_lacks_role \\gset\n"
           "\\if :tallyfs_lacks_role\n"
           "CREATE ROLE " +
           name +
           " LOGIN;\n"
           "\\echo 'The new role has no password yet: \\\\password gives it one.'\n"
           "\\endif\n"
           "GRANT pg_monitor TO " +
           name + ";\n" +
           comment("Its canary has to turn up in the log, and nothing else that it does.") +
           "ALTER ROLE " + name + " SET pgaudit.log = 'function';\n";
}

std::string extensions_script(const server_facts& server) {
    std::string out;
    for (const auto& database : server.databases_without_extension) {
        const auto connect = connect_command(database);
        if (!connect) {
            out += comment("In the database " + database +
                           ", whose name psql cannot take: CREATE EXTENSION pgaudit;");
            continue;
        }
        out += *connect + "\nCREATE EXTENSION IF NOT EXISTS pgaudit;\n";
    }
    if (out.empty()) return "";
    return comment("Without it, lines of changes of tables do not name what was changed.") + out;
}

/// What works only once the server has loaded pgAudit: before that, a setting is a name without an
/// effect, and the extension is refused.
std::string behind_preload(const setup_input& of, const server_facts& server) {
    std::string inner;
    if (const auto roles = roles_script(of, server); !roles.empty()) {
        inner += comment("What is logged of people. A session that runs keeps what it has.");
        inner += roles;
    }
    inner += extensions_script(server);
    if (inner.empty()) return "";
    return "SELECT EXISTS (SELECT FROM pg_catalog.pg_settings WHERE name = 'pgaudit.log')"
           " AS tallyfs_preloaded \\gset\n"
           "\\if :tallyfs_preloaded\n" +
           inner +
           "\\else\n"
           "\\echo 'Restart the server, then run this file again.'\n"
           "\\endif\n";
}

std::string script_of(const setup_input& of) {
    if (!of.server) {
        auto out = comment(of.server_problem.empty()
                               ? "No connection is configured: what is missing is not known."
                               : "It could not be looked at, so what is missing is not known: " +
                                     of.server_problem + ".");
        return out + look_role_script(of);
    }
    const auto& server = *of.server;
    bool restart = false;
    std::string out = server.is_managed ? provider_script(server) : system_script(server, restart);
    const bool reload = !server.is_managed && !out.empty();
    out += look_role_script(of);
    out += behind_preload(of, as_if_mended(server));
    // What the server's files say is read again; the rest of it takes a restart.
    if (reload) out += "SELECT pg_catalog.pg_reload_conf();\n";
    if (restart) out += "\\echo 'Restart the server for what cannot be changed while it runs.'\n";
    for (const auto& role : server.roles) {
        if (!role.person || (!role.superuser && role.can_switch_off.empty())) continue;
        out +=
            comment("No statement here helps against " + role.name +
                    ", who can switch off what is logged of it: it " +
                    (role.can_switch_off.empty() ? "is a superuser" : role.can_switch_off) + ".");
    }
    return out.empty() ? comment("Nothing is missing.") : out;
}

}  // namespace

std::string setup_sql(const std::vector<setup_input>& all) {
    std::string out =
        comment(
            "What is missing for a complete audit, made from what tallyfs saw of each server."
            " Read it, then run it with psql as a superuser.") +
        "\\set ON_ERROR_STOP on\n";
    const bool several = all.size() > 1;
    if (several) {
        out +=
            "\\if :{?server}\n"
            "\\else\n"
            "\\echo 'Which server is it? psql -v server=NAME -f setup.sql'\n"
            "\\quit\n"
            "\\endif\n";
    }
    for (const auto& one : all) {
        out += "\n" + comment("Server " + one.cluster);
        if (several) {
            out += "SELECT :'server' = " + quoted_literal(one.cluster) +
                   " AS tallyfs_chosen \\gset\n\\if :tallyfs_chosen\n";
        }
        out += script_of(one);
        if (several) out += "\\endif\n";
    }
    return out;
}

}  // namespace tallyfs::audit
