// A layer between SQLite and the ledger's file that gives each page a checksum and verifies it
// when the page is read. Format: docs/formats.md, "Ledger"; interface:
// https://www.sqlite.org/vfs.html
#pragma once

namespace tallyfs::ledger {

/// Bytes at the end of each page that SQLite leaves alone, as the file's header says: the last
/// eight are the checksum, those before them name the WAL, in the first page.
inline constexpr int reserved_bytes = 16;

/// The name under which SQLite knows the layer; it is registered with the first call. A page that
/// does not have its checksum is an error SQLITE_IOERR_DATA; a WAL that is not the one that the
/// file names reads as an empty one. Files whose header reserves no room
/// for checksums are read and written as they are. A connection needs locking_mode EXCLUSIVE.
[[nodiscard]] const char* checked_pages();

}  // namespace tallyfs::ledger
