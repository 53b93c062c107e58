// The CSV with registrations, and what an inventory's query answers. Format: docs/databases.md,
// "Registering".
#pragma once

#include <tallyfs/health/registration_text.hpp>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::postgres {

/// The file's name is the source of its registrations, and stands before its problems.
[[nodiscard]] health::registration_list read_registration_file(const std::filesystem::path& file);
/// One row of an answer, as JSON: columns by name, null for nothing, a list for tags.
[[nodiscard]] health::registration_outcome<health::registration> registration_of_json(
    std::string_view row);

}  // namespace tallyfs::postgres
