// Whose audit logs are read, and who is who in them: [audit] and [[audit_servers]].
// Format: docs/configuration.md, "Audit".
#pragma once

#include "mountd/options.hpp"

#include <string>
#include <vector>

namespace tallyfs::mountd {

class table_reader;

/// Throws startup_error (exit code 2) with the place of what is wrong.
void read_audit(table_reader& reader, options& into);

/// What would be wrong with it once it runs, a sentence each: logs that are not there.
[[nodiscard]] std::vector<std::string> check_audit(const options& given);

}  // namespace tallyfs::mountd
