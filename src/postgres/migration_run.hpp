// Runs one migration, up or down, together with its record in schema_migrations.
// Rules: docs/databases.md, "Applying a migration".
#pragma once

#include "postgres/connection.hpp"
#include "postgres/schema_look.hpp"

#include <tallyfs/approval/book.hpp>
#include <tallyfs/health/migrations.hpp>
#include <tallyfs/postgres/schema_changes.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace tallyfs::postgres {

/// The advisory lock of whoever runs migrations with tallyfs: "tallyfs" and a newline as a number.
inline constexpr std::int64_t migration_lock = 0x74616c6c7966730a;

[[nodiscard]] patience patience_of(const migration_limits& limits);

struct migration_step {
    const health::migration& what;
    health::direction way;
    std::string version;
};

/// Waits its turn, and holds it until the connection ends. A failure if somebody else has it.
[[nodiscard]] outcome<void> take_turn(connection& on, const migration_limits& limits);

/// "" or why it cannot run: it is applied already, or is not.
[[nodiscard]] std::string not_due(const migrations_table& table, health::direction way,
                                  std::string_view version);

/// With the turn taken, and a look at the table since. Where it is one transaction a failure has
/// changed nothing; else it says what remains. A lost connection: nobody knows.
[[nodiscard]] outcome<void> run_migration(connection& on, const migrations_table& table,
                                          const migration_step& step,
                                          const migration_limits& limits);

/// Whether a run that nobody saw end had its effect; `atomic`: it was one transaction. Waits for it
/// to end, if it still runs.
[[nodiscard]] approval::probe probe_migration(connection& on, health::direction way,
                                              std::string_view version, bool atomic,
                                              const migration_limits& limits);

}  // namespace tallyfs::postgres
