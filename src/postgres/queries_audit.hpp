// The questions of the audit of the audit, as SQL: for PostgreSQL 12 to 18 and roles without rights
// of their own. Source: PostgreSQL 15, "System Catalogs"; pgaudit 1.7, README.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

/// Of the columns, those that a version lacks are NULL; times are microseconds since 1970.
namespace tallyfs::postgres::queries {

inline constexpr std::size_t audit_roles_max = 10'000;
inline constexpr std::size_t audit_settings_max = 20'000;

/// Now, version, whether pgAudit is loaded, when the configuration was read, transactions, the
/// provider's role, the database, whether statements and whether settings of others are shown.
[[nodiscard]] std::string audit_server();
/// Name and value of what the server has, where our own role has nothing else.
[[nodiscard]] std::string audit_server_settings();
/// Database, role, "name=value"; "" for all of them.
[[nodiscard]] std::string audit_role_settings();
/// Name, superuser, a superuser that it can become, a provider's role that it is in, whether it may
/// set what is logged.
[[nodiscard]] std::string audit_roles(std::int32_t version);
/// Role, role that it is in, name of a setting there.
[[nodiscard]] std::string audit_group_settings();
/// Pid, role, database, began, statement began, statement ended, in transaction, hidden,
/// statement.
[[nodiscard]] std::string audit_sessions();
/// Name, whether we may connect.
[[nodiscard]] std::string audit_databases();
/// Whether the extension is in the database that we are connected to.
[[nodiscard]] std::string audit_extension();

}  // namespace tallyfs::postgres::queries
