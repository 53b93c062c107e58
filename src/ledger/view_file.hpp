// A view's SQLite file, of the ledger or of the audit's index: how it is opened, what it is marked
// with, and when it is of no use. Format: docs/formats.md, "Ledger".
#pragma once

#include "ledger/sqlite.hpp"

#include <filesystem>
#include <string>

namespace tallyfs::ledger {

/// What tells one view's file from another's.
struct view_format {
    int application_id = 0;  ///< PRAGMA application_id: four letters in ASCII
    int version = 0;         ///< PRAGMA user_version: of its schema
    const char* name = "";   ///< "a ledger"
};

/// Makes room for the checksums in the pages of a new file, before configure() writes the first.
/// Errors stay in `owner`.
void reserve_checksums(database& owner);
/// Sets up a connection that was just opened. Errors stay in `owner`.
void configure(database& owner);
/// Why the file cannot be used although SQLite can read it; "" if it can.
[[nodiscard]] std::string find_mismatch(database& owner, const view_format& wanted);
/// Writes the mark, in the transaction that makes the tables. Errors stay in `owner`.
void mark_file(database& owner, const view_format& as);
/// Deletes the file and what SQLite keeps beside it. What cannot be deleted is renamed to
/// `<name>.aside`.
[[nodiscard]] result<void> remove_files(const std::filesystem::path& file);

/// Another process has the file open.
[[nodiscard]] bool is_locked(const error_code& error);
/// A missing table or column is SQLITE_ERROR, a row that stands where one is to be added
/// SQLITE_CONSTRAINT: with the right version in the header, damage. Trying again helps neither.
[[nodiscard]] bool is_unusable(const error_code& error);
/// For the log: why a file that could not be opened is begun anew.
[[nodiscard]] std::string reason_to_begin_anew(const error_code& failure);

}  // namespace tallyfs::ledger
