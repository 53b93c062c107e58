// Reads requests from a connection and has them answered, one after the other.
// Source: RFC 9112; net/http's limits, measured.
#pragma once

#include "connection.hpp"

#include <memory>

namespace tallyfs::standin {

[[nodiscard]] task<> run_session(std::shared_ptr<connection> client, world& shared);

}  // namespace tallyfs::standin
