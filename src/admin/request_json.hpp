// A request for approval as JSON, for the program that waits for it.
// Format: docs/approvals.md, "For programs".
#pragma once

#include <tallyfs/approval/book.hpp>

#include <boost/json/object.hpp>

namespace tallyfs::admin {

[[nodiscard]] boost::json::object described(const approval::entry& e);

}  // namespace tallyfs::admin
