#include "postgres/audit_facts.hpp"

#include "postgres/answers.hpp"
#include "postgres/queries_audit.hpp"

#include <tallyfs/base/masked_sql.hpp>

#include <algorithm>

namespace tallyfs::postgres {

namespace {

constexpr std::size_t statement_bytes_max = 1'000;

struct role_row {
    std::string name;
    bool superuser = false;
    std::string superuser_to_become;
    std::string provider_role;
    bool may_set = false;
};

std::string provider_of(const std::string& role) {
    if (role == "rds_superuser") return "rds";
    if (role == "cloudsqlsuperuser") return "cloudsql";
    return role == "azure_pg_admin" ? "azure" : "";
}

std::string can_switch_off(const role_row& role) {
    if (role.superuser) return "is a superuser";
    if (!role.superuser_to_become.empty()) {
        return "can become " + role.superuser_to_become + ", a superuser";
    }
    if (!role.provider_role.empty()) {
        return "is in " + role.provider_role + ", which sets what is logged of roles";
    }
    return role.may_set ? "may set pgaudit.log or log_min_messages" : "";
}

/// Everything that a look needs; without it there are no facts.
class looker {
  public:
    looker(connection& on, const audit::accounts& who) : on_(on), who_(who) {}

    outcome<audit_facts> run() {
        const auto version = on_.version();
        std::vector<std::string> refused;
        const std::vector<question> needed{
            {"server", queries::audit_server(), [&](fields& in) { take_server(in); }},
            {"pg_settings", queries::audit_server_settings(),
             [&](fields& in) {
                 auto name = in.text();
                 made_.server.settings.insert_or_assign(std::move(name), in.text());
             }},
            {"pg_db_role_setting", queries::audit_role_settings(),
             [&](fields& in) { take_setting(in); }},
            {"pg_roles", queries::audit_roles(version), [&](fields& in) { take_role(in); }},
            {"pg_database", queries::audit_databases(), [&](fields& in) { take_database(in); }},
        };
        if (auto lost = ask_all(on_, needed, refused)) return *lost;
        if (!refused.empty()) return failure{"", refused.front(), false};
        const std::vector<question> wanted{
            {"pg_auth_members", queries::audit_group_settings(),
             [&](fields& in) {
                 auto name = in.text();
                 auto group = in.text();
                 groups_[std::move(name)].push_back(std::move(group) + ": " + in.text());
             }},
            {"pg_stat_activity", queries::audit_sessions(), [&](fields& in) { take_session(in); }},
        };
        if (auto lost = ask_all(on_, wanted, made_.server.missing)) return *lost;
        make_roles();
        return std::move(made_);
    }

  private:
    void take_server(fields& in) {
        auto& server = made_.server;
        server.looked = in.moment().value_or(wall_time{});
        server.version = in.number<std::int32_t>();
        server.preloaded = in.flag();
        server.settings_read = in.moment().value_or(wall_time{});
        server.transactions = in.number();
        server.provider = provider_of(in.text());
        server.is_managed = !server.provider.empty();
        server.database = in.text();
        const auto grant = "; GRANT pg_monitor TO " + on_.role();
        if (!in.flag()) server.missing.push_back("what sessions of other roles do" + grant);
        if (!in.flag()) {
            server.missing.push_back("settings such as shared_preload_libraries" + grant);
        }
    }

    void take_setting(fields& in) {
        stored_setting one;
        one.database = in.text();
        one.role = in.text();
        const auto text = in.text();
        const auto equals = text.find('=');
        if (equals == std::string::npos) return;  // the server writes none such
        one.name = text.substr(0, equals);
        one.value = text.substr(equals + 1);
        settings_.push_back(std::move(one));
    }

    void take_role(fields& in) {
        role_row one;
        one.name = in.text();
        one.superuser = in.flag();
        one.superuser_to_become = in.text();
        one.provider_role = in.text();
        one.may_set = in.flag();
        rows_.push_back(std::move(one));
    }

    void take_database(fields& in) {
        auto name = in.text();
        made_.server.databases.push_back(name);
        made_.databases.push_back({std::move(name), in.flag()});
    }

    void take_session(fields& in) {
        audit::session_facts one;
        one.pid = in.number<std::int32_t>();
        one.user = in.text();
        one.database = in.text();
        one.began = in.moment().value_or(wall_time{});
        one.statement_began = in.moment().value_or(wall_time{});
        one.statement_ended = in.moment().value_or(wall_time{});
        one.in_transaction = in.flag();
        one.hidden = in.flag();
        one.statement = masked(in.text(), statement_bytes_max);
        one.person = is_person(one.user);
        made_.server.sessions.push_back(std::move(one));
    }

    [[nodiscard]] bool is_person(const std::string& user) const {
        return who_.of(user) != audit::account::service;
    }

    void make_roles() {
        auto& server = made_.server;
        if (rows_.size() > queries::audit_roles_max) {
            rows_.resize(queries::audit_roles_max);
            server.missing.push_back("roles: there are more than are looked at");
        }
        if (settings_.size() > queries::audit_settings_max) {
            server.missing.push_back("settings of roles: there are more than are looked at");
        }
        std::map<std::string, std::vector<stored_setting>> by_role;
        for (auto& one : settings_) by_role[one.role].push_back(std::move(one));
        const auto& of_all = by_role[""];
        for (const auto& row : rows_) {
            audit::role_facts role;
            role.name = row.name;
            role.superuser = row.superuser;
            role.person = is_person(row.name);
            role.can_switch_off = can_switch_off(row);
            auto own = of_all;
            if (const auto found = by_role.find(row.name); found != by_role.end()) {
                own.insert(own.end(), found->second.begin(), found->second.end());
            }
            role.settings = settings_of(own, row.name);
            if (auto groups = groups_.find(row.name); groups != groups_.end()) {
                role.not_inherited = std::move(groups->second);
            }
            server.roles.push_back(std::move(role));
        }
    }

    connection& on_;
    const audit::accounts& who_;
    audit_facts made_;
    std::vector<stored_setting> settings_;
    std::vector<role_row> rows_;
    std::map<std::string, std::vector<std::string>> groups_;
};

}  // namespace

audit::role_settings settings_of(const std::vector<stored_setting>& all, const std::string& role) {
    audit::role_settings made;
    std::map<std::string, std::string> of_role;
    for (const auto& one : all) {
        if (!one.database.empty()) continue;
        if (one.role.empty()) made.everywhere[one.name] = one.value;
        if (!one.role.empty() && one.role == role) of_role[one.name] = one.value;
    }
    // From the weakest on: all roles, the database, the role, the role in the database.
    for (const auto& one : all) {
        if (!one.database.empty() && one.role.empty() && !of_role.contains(one.name)) {
            made.in_databases[one.database][one.name] = one.value;
        }
    }
    for (const auto& [name, value] : of_role) made.everywhere[name] = value;
    for (const auto& one : all) {
        if (!one.database.empty() && !one.role.empty() && one.role == role) {
            made.in_databases[one.database][one.name] = one.value;
        }
    }
    return made;
}

outcome<audit_facts> look_at_audit(connection& on, const audit::accounts& who) {
    return looker(on, who).run();
}

outcome<bool> look_at_extension(connection& on, std::map<std::string, std::string>& settings) {
    const auto answers =
        on.read_each({queries::audit_extension(), queries::audit_server_settings()});
    if (!answers) return answers.error();
    for (const auto& answer : *answers) {
        if (!answer) return answer.error();
    }
    for (const auto& row : *answers->back()) {
        fields in(row);
        auto name = in.text();
        settings.try_emplace(std::move(name), in.text());
    }
    const auto& rows = *answers->front();
    return !rows.empty() && fields(rows.front()).flag();
}

}  // namespace tallyfs::postgres
