// What a server tells about its audit on one connection.
// Questions: queries_audit.hpp; judged by: include/tallyfs/audit/self_test.hpp.
#pragma once

#include "postgres/connection.hpp"

#include <tallyfs/audit/accounts.hpp>
#include <tallyfs/audit/self_test.hpp>

#include <string>
#include <utility>
#include <vector>

namespace tallyfs::postgres {

struct database_to_look_at {
    std::string name;
    bool may_connect = false;
};
struct audit_facts {
    audit::server_facts server;
    std::vector<database_to_look_at> databases;
};

/// All but what only a connection to each database tells.
[[nodiscard]] outcome<audit_facts> look_at_audit(connection& on, const audit::accounts& who);
/// Whether the extension is in the database of `on`; what its role's settings hide elsewhere of the
/// server's goes to `settings`, which keeps what it has.
[[nodiscard]] outcome<bool> look_at_extension(connection& on,
                                              std::map<std::string, std::string>& settings);

/// "name=value" of a database and a role, "" for all of them.
struct stored_setting {
    std::string database;
    std::string role;
    std::string name;
    std::string value;
};
/// What a new session of `role` has of them: that of the role in a database goes before that of the
/// role, of the database, and of all roles.
[[nodiscard]] audit::role_settings settings_of(const std::vector<stored_setting>& all,
                                               const std::string& role);

}  // namespace tallyfs::postgres
