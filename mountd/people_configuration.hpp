// People, their roles, and the chains by which they approve: [[people]] and [[chains]].
// Format: docs/configuration.md, "People and chains".
#pragma once

#include "mountd/options.hpp"

namespace tallyfs::mountd {

class table_reader;

/// Throws startup_error (exit code 2) with the place of what is wrong.
void read_people(table_reader& reader, options& into);

/// What is wrong between people and chains, a sentence each; after the whole configuration.
[[nodiscard]] std::vector<std::string> check_people(const options& given);

}  // namespace tallyfs::mountd
