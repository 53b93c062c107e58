// The ledger's file: its tables, how it is opened, and when it is of no use.
// Format: docs/formats.md, "Ledger".
#pragma once

#include "ledger/sqlite.hpp"

#include <filesystem>
#include <string>

namespace tallyfs::ledger {

/// PRAGMA user_version. Grows with every change of the tables or of what stands in them.
inline constexpr int schema_version = 6;
/// PRAGMA application_id: "taly" in ASCII.
inline constexpr int application_id = 0x74616c79;

/// Makes room for the checksums in the pages of a new file, before configure() writes the first.
/// Errors stay in `owner`.
void reserve_checksums(database& owner);
/// Sets up a connection that was just opened. Errors stay in `owner`.
void configure(database& owner);
/// Why the file cannot be used although SQLite can read it; "" if it can.
[[nodiscard]] std::string find_mismatch(database& owner);
/// Makes the tables of an empty file.
[[nodiscard]] result<void> create_tables(database& owner);
/// Deletes the file and what SQLite keeps beside it. What cannot be deleted is renamed to
/// `<name>.aside`.
[[nodiscard]] result<void> remove_files(const std::filesystem::path& file);

}  // namespace tallyfs::ledger
