// What a look at a database that somebody has just registered showed, and what to do.
// Format: docs/databases.md, "Registering".
#pragma once

#include "postgres/connection.hpp"

#include <tallyfs/health/registration.hpp>

#include <string>

namespace tallyfs::postgres {

/// Asks for the version, and what the role may do: at most a second or two. Lines for people.
[[nodiscard]] std::string report_of(const health::registration& what, connection& on);
/// It could not be reached.
[[nodiscard]] std::string report_of(const health::registration& what, const failure& why);
/// Before it was asked, and for one that is not looked at.
[[nodiscard]] std::string report_of(const health::registration& what);

}  // namespace tallyfs::postgres
