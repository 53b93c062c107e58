// The ledger's tables.
// Format: docs/formats.md, "Ledger".
#pragma once

#include "ledger/view_file.hpp"

namespace tallyfs::ledger {

/// PRAGMA user_version. Grows with every change of the tables or of what stands in them.
inline constexpr int schema_version = 6;
/// PRAGMA application_id: "taly" in ASCII.
inline constexpr int application_id = 0x74616c79;
inline constexpr view_format ledger_format{application_id, schema_version, "a ledger"};

/// Makes the tables of an empty file.
[[nodiscard]] result<void> create_tables(database& owner);

}  // namespace tallyfs::ledger
