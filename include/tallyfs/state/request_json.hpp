// A request for approval as JSON, for the program that asked: when it waits, and when it is told.
// Format: docs/approvals.md, "For programs".
#pragma once

#include <tallyfs/approval/book.hpp>

#include <boost/json/object.hpp>

namespace tallyfs::state {

[[nodiscard]] boost::json::object described(const approval::entry& e);

}  // namespace tallyfs::state
