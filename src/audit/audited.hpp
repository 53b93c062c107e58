// What pgAudit's settings leave unlogged: its lists of classes, and levels that hide its lines.
// Source: pgaudit 1.7, README, "Settings"; PostgreSQL 15, "Message Severity Levels".
#pragma once

#include <tallyfs/audit/self_test.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::audit {

namespace classes {
inline constexpr std::uint8_t function = 1;
inline constexpr std::uint8_t misc = 2;
inline constexpr std::uint8_t misc_set = 4;
inline constexpr std::uint8_t ddl = 8;
inline constexpr std::uint8_t read = 16;
inline constexpr std::uint8_t role = 32;
inline constexpr std::uint8_t write = 64;
inline constexpr std::uint8_t all = 127;
inline constexpr std::uint8_t needed = write | ddl | role;
}  // namespace classes

/// "all, -misc"; nullopt for a list that the server refuses, and passes over.
[[nodiscard]] std::optional<std::uint8_t> parse_classes(std::string_view list);
/// "write, ddl": as pgaudit.log takes it; "none".
[[nodiscard]] std::string classes_text(std::uint8_t of);
/// As PostgreSQL reads a boolean: "on", "tr", "1", …
[[nodiscard]] bool is_on(std::string_view value);
/// Whether messages of `level` get into a log whose log_min_messages is `least`.
[[nodiscard]] bool is_logged(std::string_view level, std::string_view least);

/// What a new session of a role has in force in a database; "" is any that is not in
/// role_settings::in_databases. nullopt: the server's, and that is hidden from us.
[[nodiscard]] std::optional<std::string> in_force(const server_facts& server,
                                                  const role_settings& role,
                                                  const std::string& database,
                                                  const std::string& name);

/// Something that is not logged of a role.
struct audit_gap {
    std::string check;
    audit::verdict verdict = audit::verdict::weak;
    std::string setting;  ///< that is to blame
    std::string what;     ///< " is 'none': …", to go behind "<setting> of <role>"
    std::string value;    ///< that mends it
    auto operator<=>(const audit_gap&) const = default;
};
[[nodiscard]] std::vector<audit_gap> gaps_of(const server_facts& server, const role_settings& role,
                                             const std::string& database);

/// Whether a statement certainly leaves a line with these settings, by its first word; only
/// statements of which that is certain.
[[nodiscard]] bool must_be_logged(const server_facts& server, const role_settings& role,
                                  const std::string& database, std::string_view statement);

}  // namespace tallyfs::audit
