// What libpq and servers say, in one line that says what to do and holds no value of a statement.
// Source: PostgreSQL, "PostgreSQL Error Codes" and "Error Message Style Guide".
#pragma once

#include "postgres/connection.hpp"

#include <libpq-fe.h>

namespace tallyfs::postgres {

/// Of a statement that the server refused.
[[nodiscard]] failure failure_of(const PGresult* answer);
/// Of a session that did not begin; `said` is libpq's message with SQLSTATEs in it.
[[nodiscard]] failure failure_to_connect(const endpoint& where, std::string_view said);
/// Of a session that broke off; `said` as above.
[[nodiscard]] failure failure_of_break(std::string_view said);
/// "db.example:5432", or the directory of a Unix socket.
[[nodiscard]] std::string place_of(const endpoint& where);
/// Its lines joined, without control characters, at most 300 bytes.
[[nodiscard]] std::string one_line(std::string_view text);

}  // namespace tallyfs::postgres
