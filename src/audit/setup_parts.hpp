// The parts of setup.sql: what people's roles need, and what a provider's console has to be told.
// Source: pgaudit 1.7, README; the manuals of Amazon RDS, Cloud SQL and Azure Database.
#pragma once

#include <tallyfs/audit/self_test.hpp>

#include <string>

namespace tallyfs::audit {

/// The server as it will be once what is said of its files is done: its pgAudit preloaded, its log
/// without a level that hides lines. What is missing then, roles lack.
[[nodiscard]] server_facts as_if_mended(const server_facts& server);
/// ALTER ROLE … SET for each person of whom something is not logged; "" if there is none.
[[nodiscard]] std::string roles_script(const setup_input& of, const server_facts& server);
/// ALTER SYSTEM SET … for what a server of one's own lacks; `restart`: whether it takes one.
[[nodiscard]] std::string system_script(const server_facts& server, bool& restart);
/// The provider's command lines for the same, as comments; "" if nothing is missing.
[[nodiscard]] std::string provider_script(const server_facts& server);

/// The elements of a list as the server shows it: `a, "b,c"`.
[[nodiscard]] std::vector<std::string> elements_of(std::string_view list);
/// log_destination with a format in which nothing can be forged; "" if there is one already.
[[nodiscard]] std::string mended_destination(const server_facts& server);
/// Whether log_min_messages of the server hides pgAudit's lines, or errors.
[[nodiscard]] bool hides_lines(const server_facts& server);

}  // namespace tallyfs::audit
