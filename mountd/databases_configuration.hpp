// Which databases are watched, and as whom: [[credentials]], [[databases]], registry_file and
// [inventory]. Format: docs/configuration.md, "Databases".
#pragma once

#include "mountd/options.hpp"

namespace tallyfs::mountd {

class table_reader;

/// Throws startup_error (exit code 2) with the place of what is wrong. Reads no password.
void read_databases(table_reader& reader, options& into);

}  // namespace tallyfs::mountd
